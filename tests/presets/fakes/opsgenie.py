"""Opsgenie's alerts: taken with 202 and found by their alias; one alert for each alias while it is open."""

from typing import Any, ClassVar

from tests.presets.fakes.base import Fake, Refused, Routes, Ticket
from tests.presets.fakes.checks import is_text
from tests.presets.fakes.server import Answer, Request

PRIORITIES = ("P1", "P2", "P3", "P4", "P5")
TEAMS = ("Support",)
ALERT = {
    "message": 130,
    "alias": 512,
    "description": 15_000,
    "entity": 512,
    "source": 100,
    "user": 100,
    "note": 25_000,
}
"""Member → characters."""


class OpsgenieFake(Fake):
    preset = "opsgenie"
    ADDRESS = "api_url"
    SETTINGS: ClassVar[dict[str, Any]] = {
        "api_key": "01234567-89ab-cdef-0123-456789abcdef",
        "api_url": "https://api.opsgenie.com",
    }

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings)
        self._requests = 0

    def routes(self) -> Routes:
        alert = "/v2/alerts/{alias}"
        return {
            "POST /v2/alerts": self.create,
            f"PUT {alert}/message": self.change,
            f"PUT {alert}/description": self.change,
            f"PUT {alert}/priority": self.change,
            f"POST {alert}/notes": self.note,
            f"POST {alert}/close": self.close,
        }

    def fault(self, status: int, message: str) -> Answer:
        number = "00000000-0000-4000-8000-000000000000"
        return Answer(status=status, json={"message": message, "took": 0.1, "requestId": number})

    def _routed(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"GenieKey {self.given['api_key']}":
            return self.fault(401, "Could not authenticate")
        return super()._routed(request)

    def create(self, request: Request) -> Answer:
        body = self.checked(request, {*ALERT, "responders", "tags", "details", "priority"})
        if "message" not in body:
            raise self.wrong("message", "Message can not be empty.")
        alias = body.get("alias") or f"made-{self._requests}"
        known = self.tickets.get(alias)
        if known is None or known.closed:
            self.tickets[alias] = Ticket(id=alias, fields={**body, "count": 1})
        else:
            known.fields["count"] += 1
        return self.taken()

    def change(self, request: Request) -> Answer:
        field = request.path.rpartition("/")[2]
        body = self.checked(request, {field, "user", "source", "note"})
        if field not in body:
            raise self.wrong(field, "It can not be empty.")
        for alert in self.meant(request):
            alert.fields[field] = body[field]
        return self.taken()

    def note(self, request: Request) -> Answer:
        body = self.checked(request, {"note", "user", "source"})
        if "note" not in body:
            raise self.wrong("note", "Note can not be empty.")
        for alert in self.meant(request):
            alert.comments.append(body["note"])
        return self.taken()

    def close(self, request: Request) -> Answer:
        self.checked(request, {"note", "user", "source"})
        for alert in self.meant(request):
            alert.closed = True
        return self.taken()

    def meant(self, request: Request) -> list[Ticket]:
        """None where there is no such alert: the answer is 202 all the same."""
        if request.query != {"identifierType": "alias"}:
            raise self.wrong("identifierType", "Only alerts by their alias are faked.")
        found = self.tickets.get(request.at["alias"])
        return [found] if found else []

    def taken(self) -> Answer:
        self._requests += 1
        number = f"00000000-0000-4000-8000-{self._requests:012}"
        return Answer(
            status=202, json={"result": "Request will be processed", "took": 0.1, "requestId": number}
        )

    def wrong(self, field: str, sentence: str) -> Refused:
        told = self.fault(422, "Request body is not processable. Please check the errors.")
        return Refused(Answer(status=422, json={**told.json, "errors": {field: sentence}}))

    def checked(self, request: Request, known: set[str]) -> dict[str, Any]:
        """Raises Refused."""
        body = self.json_of(request)
        for name, value in body.items():
            if name not in known:
                raise self.wrong(name, "It is not known here.")
            told = fault_of(name, value)
            if told:
                raise self.wrong(name, told)
        return body


def fault_of(name: str, value: Any) -> str:
    """Empty where the value is good."""
    match name:
        case "priority":
            return "" if value in PRIORITIES else "Priority must be one of P1 to P5."
        case "responders":
            unknown = [one for one in value if one not in [{"name": team, "type": "team"} for team in TEAMS]]
            return f"Team '{unknown[0].get('name')}' does not exist." if unknown else ""
        case "tags":
            good = isinstance(value, list) and len(value) <= 20 and all(is_text(tag, 50) for tag in value)
            return "" if good else "At most 20 tags of 50 characters."
        case "details":
            texts = all(isinstance(text, str) for text in value.values())
            good = texts and sum(len(key) + len(text) for key, text in value.items()) <= 8000
            return "" if good else "Details are texts, of 8000 characters together."
    return "" if is_text(value, ALERT[name]) else f"It has 1 to {ALERT[name]} characters."
