"""When a delivery is tried again."""

from typing import assert_never

from hookline.model.retry import AnyRetryPolicy, Exponential, Fixed, Schedule


def delay_before(policy: AnyRetryPolicy, failures: int, draw: float) -> float | None:
    """Seconds to wait before the next attempt after `failures` (≥ 1) failed ones; None: there is no next one.

    `draw`, from 0 up to 1, supplies the jitter. The delay is never shorter than the policy's and at most
    `jitter` times longer.
    """
    delay = _planned(policy, failures)
    return None if delay is None else delay + delay * policy.jitter * draw


def _planned(policy: AnyRetryPolicy, failures: int) -> float | None:
    match policy:
        case Schedule():
            return policy.delays[failures] if failures < len(policy.delays) else None
        case Fixed():
            return policy.delay if failures < policy.attempts else None
        case Exponential():
            grown = policy.first * policy.factor ** (failures - 1)
            return min(policy.cap, grown) if failures < policy.attempts else None
    assert_never(policy)
