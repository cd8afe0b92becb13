"""Zapier's catch hooks: they take any JSON and say that they have got it."""

from typing import Any, ClassVar

from tests.presets.fakes.base import Fake, Refused, Routes, Ticket
from tests.presets.fakes.server import Answer, Request

MOST = 10 * 1024 * 1024
"""Bytes."""


class ZapierFake(Fake):
    """What came stands in `tickets`, in the order in which it came."""

    preset = "zapier"
    ADDRESS = "url"
    SETTINGS: ClassVar[dict[str, Any]] = {"url": "https://hooks.zapier.com/hooks/catch/1234567/abcdefg/"}

    def routes(self) -> Routes:
        return {"POST /hooks/catch/{account}/{hook}/": self.catch}

    def fault(self, status: int, message: str) -> Answer:
        return Answer(status=status, json={"status": "error", "message": message})

    def catch(self, request: Request) -> Answer:
        if not self.given["url"].endswith(request.path):
            raise Refused(self.fault(404, "There is no such hook."))
        if len(request.body) > MOST:
            raise Refused(self.fault(413, "The payload is too large."))
        number = str(len(self.tickets) + 1)
        self.tickets[number] = Ticket(id=number, fields=self.json_of(request))
        told = {"status": "success", "id": number, "request_id": number, "attempt": number}
        return Answer(status=200, json=told)
