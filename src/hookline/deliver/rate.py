"""Rate: how many requests an endpoint's limit leaves at this moment. One node at a time counts for it."""

from collections import deque

from hookline.clock import SECOND, Micros
from hookline.model.endpoint import Rate


class Window:
    """What was allowed in the last `seconds`, so that no window of that length ever holds more than `count`.

    It begins full: a node that has just taken the lane over does not know what the last one sent.
    """

    def __init__(self, rate: Rate, now: Micros) -> None:
        self.rate = rate
        self._length = int(rate.seconds * SECOND)
        self._used: deque[tuple[int, int]] = deque([(now, rate.count)])
        self._sum = rate.count

    def left(self, now: Micros) -> int:
        while self._used and self._used[0][0] <= now - self._length:
            self._sum -= self._used.popleft()[1]
        return self.rate.count - self._sum

    def use(self, count: int, now: Micros) -> None:
        if count:
            self._used.append((now, count))
            self._sum += count

    def opens_at(self) -> Micros:
        """When the next request is allowed, if none is now."""
        return Micros(self._used[0][0] + self._length) if self._used else Micros(0)
