"""Numbers in words, the same on every page."""

from hookline.deliver.retry import delay_before
from hookline.model.retry import AnyRetryPolicy

_MINUTE = 60


def attempts(policy: AnyRetryPolicy) -> str:
    """`3: at once, then after 60 s, 60 s`."""
    delays: list[str] = []
    while (delay := delay_before(policy, len(delays) + 1, draw=0)) is not None:
        delays.append(span(delay))
    return f"{len(delays) + 1}: at once" + (f", then after {', '.join(delays)}" if delays else "")


def span(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"{seconds:g} s"
    minutes = seconds / _MINUTE
    return f"{minutes:g} min" if minutes < 2 * _MINUTE else f"{minutes / _MINUTE:g} h"
