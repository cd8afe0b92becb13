"""A resolver with a script: the first, second … look-up gets the first, second … answer; nothing is remembered."""

from collections.abc import Sequence

from hookline.model.attempt import Cause
from hookline.net.dial import DialRefused


class StubResolver:
    def __init__(self, *answers: Sequence[str], known: Sequence[str] | None = None) -> None:
        self._answers = answers
        self._known = known
        self.asked = 0

    @property
    def finished(self) -> bool:
        return self.asked >= len(self._answers)

    async def resolve(self, host: str, deadline: float) -> Sequence[str]:
        answer = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        if not answer or deadline <= 0:
            raise DialRefused(Cause.DNS_FAILED, f"{host} does not resolve")
        return answer

    def cached(self, host: str) -> Sequence[str] | None:
        return self._known if host else None
