"""Watch: the one deadline of an exchange, and what each part of it took."""

import time

from hookline.model.attempt import Cause, Timings


class Watch:
    """`phase` says what is going on, for the sentence that a timeout tells."""

    dns = connect = tls = written = 0.0
    phase = ""
    phase_began = 0.0
    timeout_cause = Cause.TIMEOUT

    def __init__(self, deadline: float) -> None:
        """`deadline`: a time of the loop's clock, which need not be the monotonic one (macOS counts sleep in one of them)."""
        self.began = time.perf_counter()
        self.deadline = deadline

    def enter(self, phase: str, timeout_cause: Cause = Cause.TIMEOUT) -> None:
        self.phase, self.timeout_cause = phase, timeout_cause
        self.phase_began = time.perf_counter()

    def lap(self) -> float:
        """Milliseconds since `enter`."""
        return (time.perf_counter() - self.phase_began) * 1000

    def timings(self, first_byte_at: float = 0.0) -> Timings:
        first = _hundredths((first_byte_at - self.written) * 1000) if first_byte_at else 0.0
        total = _hundredths((time.perf_counter() - self.began) * 1000)
        if not self.phase:
            return Timings(first_byte=first, total=total)
        dns, connect, tls = _hundredths(self.dns), _hundredths(self.connect), _hundredths(self.tls)
        return Timings(dns=dns, connect=connect, tls=tls, first_byte=first, total=total)


def _hundredths(milliseconds: float) -> float:
    """Enough for people, short as JSON, and a third of what round() takes."""
    return int(milliseconds * 100) / 100
