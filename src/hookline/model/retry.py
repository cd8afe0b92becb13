"""RetryPolicy: when a delivery is tried again, and when it is given up."""

from typing import Annotated

import msgspec

MAX_ATTEMPTS = 100
Seconds = Annotated[float, msgspec.Meta(ge=0, le=30 * 86_400)]
Attempts = Annotated[int, msgspec.Meta(ge=1, le=MAX_ATTEMPTS)]

STANDARD_DELAYS = (0.0, 5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
"""Standard Webhooks 1.0.0: 0 s, 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h; 75 h 35 m 05 s in all."""


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What all policies share."""

    jitter: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.1
    """Each delay is drawn out by up to this part of it, so that receivers do not meet a herd; never shortened."""
    retry_after: bool = True
    """Honour the receiver's `Retry-After`, up to 24 h."""
    gone: bool = True
    """A 410 ends the delivery and disables the endpoint."""


class Schedule(RetryPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="schedule"):
    """`delays[n]` seconds are waited before attempt n + 1; as many attempts as delays."""

    delays: Annotated[tuple[Seconds, ...], msgspec.Meta(min_length=1, max_length=MAX_ATTEMPTS)] = (
        STANDARD_DELAYS
    )


class Fixed(RetryPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="fixed"):
    """The first attempt at once, each further one `delay` seconds after the last."""

    delay: Seconds
    attempts: Attempts


class Exponential(RetryPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="exponential"):
    """The first attempt at once, then first, first × factor, first × factor² … seconds, at most `cap`."""

    first: Seconds
    factor: Annotated[float, msgspec.Meta(ge=1, le=10)] = 2.0
    cap: Seconds = 86_400.0
    attempts: Attempts


AnyRetryPolicy = Schedule | Fixed | Exponential
DEFAULT_RETRY = Schedule()
