"""Pace: how fast one endpoint may be sent to, decided from what its receiver did before.

    full speed ──3 blamed failures in a row──▶ probing: one request at a time, 1, 2, 4 … 30 s apart
        ▲                                          │ any answer that does not blame the receiver
        └──allowance reaches its concurrency── climbing: each good answer allows one more at once

One more for each answer doubles the allowance each round trip (1, 2, 4 …) and so needs no timer; a blamed failure
halves it. A hold (429 or 503 with Retry-After) lies over all three. The state is small, frozen and storable: it is
kept with the endpoint's lane and goes with it to another node.
"""

import msgspec

from hookline.clock import DAY, HOUR, SECOND, Micros

BLAMED_TO_PROBE = 3
"""Blamed failures in a row that make an endpoint suspect: one may be chance, two a restart."""
FIRST_PROBE = 1 * SECOND
LAST_PROBE = 30 * SECOND
LONGEST_HOLD = DAY
NOTICE_AFTER = (1 * DAY, 3 * DAY)
DISABLE_AFTER = 5 * DAY
UNBROKEN = 36 * HOUR
"""Failures further apart do not make one period of failure: an endpoint that is used once a week and fails twice is
not five days down. More than the longest delay of the default schedule, 24 h and its jitter."""


class FailingFor(msgspec.Struct, frozen=True, kw_only=True, tag="failing_for"):
    """A notice on the way: nothing but failures since then."""

    since: Micros
    after: int
    """Microseconds: which of NOTICE_AFTER has passed."""


class Disable(msgspec.Struct, frozen=True, kw_only=True, tag="disable"):
    """Switch the endpoint off: nothing but failures for DISABLE_AFTER."""

    since: Micros


class Recovered(msgspec.Struct, frozen=True, kw_only=True, tag="recovered"):
    """The first success after a notice."""

    since: Micros


Notice = FailingFor | Disable | Recovered


class Pace(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Starts at full speed. Results that are our own fault are never told to it."""

    blamed: int = 0
    """Blamed failures in a row."""
    allowance: int | None = None
    """Requests at once while probing (1) and climbing; None at full speed."""
    probe_interval: int = 0
    """Microseconds between probes; 0: not probing."""
    probe_at: Micros = Micros(0)
    """No probe before."""
    hold_until: Micros = Micros(0)
    """0, or the end of a hold, which the first result after it clears."""
    failing_since: Micros | None = None
    """The first failure since the last success, of one unbroken period."""
    failed_at: Micros | None = None
    """The latest failure of that period."""
    noticed: int = 0
    """How many notices of this period were told; the last of them disables. An endpoint that is switched on again
    starts with a new Pace."""

    @property
    def suspect(self) -> bool:
        """Failing, or not yet climbed back: such endpoints share a bounded part of a node."""
        return self.blamed > 0 or self.allowance is not None

    def slowed(self, now: Micros) -> bool:
        """Probing, climbing or held: what waits belongs in the database, and one node alone sends."""
        return self.allowance is not None or now < self.hold_until

    def room(self, in_flight: int, concurrency: int, now: Micros) -> int:
        """How many more requests may begin now."""
        if now < self.hold_until or (self.probe_interval and now < self.probe_at):
            return 0
        allowed = concurrency if self.allowance is None else min(self.allowance, concurrency)
        return max(0, allowed - in_flight)

    def wakes_at(self, now: Micros) -> Micros | None:
        """When time alone makes room; None: it is not time that is waited for."""
        at = max(self.hold_until, self.probe_at if self.probe_interval else self.hold_until)
        return at if at > now else None

    def held(self, seconds: float, now: Micros) -> "Pace":
        """Rests for `seconds`, at most a day. A shorter hold never shortens a longer one."""
        until = Micros(now + min(int(seconds * SECOND), LONGEST_HOLD))
        return msgspec.structs.replace(self, hold_until=until) if until > self.hold_until else self

    def on_result(
        self, *, blamed: bool, success: bool, now: Micros, concurrency: int
    ) -> tuple["Pace", tuple[Notice, ...]]:
        """The pace after one exchange, and what must be told. Returns itself when nothing changed."""
        pace = msgspec.structs.replace(self, hold_until=Micros(0)) if 0 < self.hold_until <= now else self
        if success:
            return _succeeded(pace, concurrency)
        return _failed(_slowed(pace, now) if blamed else _answered(pace, concurrency), now)


def _succeeded(pace: Pace, concurrency: int) -> tuple[Pace, tuple[Notice, ...]]:
    notices = (
        (Recovered(since=pace.failing_since),) if pace.noticed and pace.failing_since is not None else ()
    )
    pace = _answered(pace, concurrency)
    if pace.failing_since is not None:
        pace = msgspec.structs.replace(pace, failing_since=None, failed_at=None, noticed=0)
    return pace, notices


def _answered(pace: Pace, concurrency: int) -> Pace:
    """The receiver is up, whatever it said: one more request at once."""
    if not pace.suspect:
        return pace
    more = None if pace.allowance is None or pace.allowance + 1 >= concurrency else pace.allowance + 1
    return msgspec.structs.replace(pace, blamed=0, allowance=more, probe_interval=0, probe_at=Micros(0))


def _slowed(pace: Pace, now: Micros) -> Pace:
    blamed = pace.blamed + 1
    if pace.probe_interval and now < pace.probe_at:
        # A straggler, sent before the last fall: it says nothing new about the receiver.
        return msgspec.structs.replace(pace, blamed=blamed)
    if blamed < BLAMED_TO_PROBE and not pace.probe_interval:
        half = None if pace.allowance is None else max(1, pace.allowance // 2)
        return msgspec.structs.replace(pace, blamed=blamed, allowance=half)
    interval = min(2 * pace.probe_interval, LAST_PROBE) or FIRST_PROBE
    at = Micros(now + interval)
    return msgspec.structs.replace(pace, blamed=blamed, allowance=1, probe_interval=interval, probe_at=at)


def _failed(pace: Pace, now: Micros) -> tuple[Pace, tuple[Notice, ...]]:
    if pace.failing_since is None or pace.failed_at is None or now - pace.failed_at > UNBROKEN:
        return msgspec.structs.replace(pace, failing_since=now, failed_at=now, noticed=0), ()
    since = pace.failing_since
    stages = (*NOTICE_AFTER, DISABLE_AFTER)
    due = sum(now - since >= after for after in stages)
    notices = tuple(_notice(since, after) for after in stages[pace.noticed : due])
    return msgspec.structs.replace(pace, failed_at=now, noticed=max(due, pace.noticed)), notices


def _notice(since: Micros, after: int) -> Notice:
    return Disable(since=since) if after == DISABLE_AFTER else FailingFor(since=since, after=after)
