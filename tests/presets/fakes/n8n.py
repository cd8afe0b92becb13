"""n8n's Webhook node: one workflow that runs, one that is inactive, and one that refuses what it gets."""

from typing import Any, ClassVar

from tests.presets.fakes.base import Fake, Refused, Routes, Ticket
from tests.presets.fakes.server import Answer, Request

MOST = 16 * 1024 * 1024
"""Bytes."""


class N8nFake(Fake):
    """What came stands in `tickets`, in the order in which it came."""

    preset = "n8n"
    ADDRESS = "url"
    SETTINGS: ClassVar[dict[str, Any]] = {
        "url": "https://n8n.example.com/webhook/0f1e2d3c",
        "auth": "header",
        "header_value": "k3y-0123",
    }

    def routes(self) -> Routes:
        return {"POST /webhook/{path}": self.run}

    def fault(self, status: int, message: str) -> Answer:
        return Answer(status=status, json={"code": status, "message": message})

    def run(self, request: Request) -> Answer:
        path = request.at["path"]
        if path == "refuses":
            raise Refused(Answer(status=422, json={"message": "No such customer"}))
        if not self.given["url"].endswith(f"/{path}"):
            raise Refused(self.fault(404, f'The requested webhook "POST {path}" is not registered.'))
        if request.headers.get("x-api-key") != self.given["header_value"]:
            raise Refused(self.fault(403, "Authorization data is wrong!"))
        if len(request.body) > MOST:
            raise Refused(self.fault(413, "request entity too large"))
        number = str(len(self.tickets) + 1)
        self.tickets[number] = Ticket(id=number, fields=self.json_of(request))
        return Answer(status=200, json={"message": "Workflow was started"})
