"""Zendesk's tickets: first comments that stay, external ids, idempotency keys, and closed tickets that nobody changes."""

import re
from typing import Any, ClassVar

import msgspec

from tests.presets.fakes.base import Fake, Refused, Routes, Ticket, basic
from tests.presets.fakes.server import Answer, Request

PRIORITIES = ("low", "normal", "high", "urgent")
STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
TYPES = ("question", "incident", "problem", "task")
GROUPS = (360001234567,)
MOST_COMMENT = 65_535
"""Bytes."""
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
FIELDS = ("subject", "comment", "requester", "priority", "type", "status", "group_id", "external_id")
NOT_NEW = ("requester", "external_id")


class ZendeskFake(Fake):
    """Stricter than Zendesk in one thing: members of a ticket that it does not know are refused."""

    preset = "zendesk"
    SETTINGS: ClassVar[dict[str, Any]] = {
        "site": "https://acme.zendesk.com",
        "email": "hookline@acme.example",
        "token": "t0ken",
    }

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings)
        self._keys: dict[str, tuple[bytes, Answer]] = {}

    def routes(self) -> Routes:
        return {
            "POST /api/v2/tickets.json": self.create,
            "GET /api/v2/tickets.json": self.search,
            "GET /api/v2/tickets/{id}.json": self.read,
            "PUT /api/v2/tickets/{id}.json": self.change,
        }

    def fault(self, status: int, message: str) -> Answer:
        return Answer(status=status, json={"error": "InvalidRequest", "description": message})

    def limited(self, seconds: int) -> Answer:
        told = {"error": "APIRateLimitExceeded", "description": "Rate limit exceeded."}
        return Answer(status=429, json=told, headers={"Retry-After": str(seconds)})

    def ticket(self, id_: str) -> Ticket:
        if id_ not in self.tickets:
            raise Refused(Answer(status=404, json={"error": "RecordNotFound", "description": "Not found"}))
        return super().ticket(id_)

    def _routed(self, request: Request) -> Answer:
        wanted = basic(f"{self.given['email']}/token", self.given["token"])
        if request.headers.get("authorization") != wanted:
            return Answer(status=401, json={"error": "Couldn't authenticate you"})
        return super()._routed(request)

    def create(self, request: Request) -> Answer:
        key = request.headers.get("idempotency-key", "")
        if key in self._keys:
            body, answer = self._keys[key]
            if body != request.body:
                raise Refused(self.fault(400, "The request is another than that of this idempotency key."))
            return msgspec.structs.replace(answer, headers={"x-idempotency-lookup": "hit"})
        given = self.given_ticket(request)
        self.check(given, needed=("comment",))
        ticket = Ticket(id=str(len(self.tickets) + 1), fields={"status": "new", **given})
        self.tickets[ticket.id] = ticket
        answer = Answer(status=201, json={"ticket": self.shown(ticket)})
        if key:
            self._keys[key] = request.body, answer
        return answer

    def search(self, request: Request) -> Answer:
        if set(request.query) != {"external_id"}:
            raise Refused(self.fault(400, "Only a look-up by external_id is faked."))
        wanted = request.query["external_id"]
        found = [self.shown(one) for one in self.tickets.values() if one.fields.get("external_id") == wanted]
        return Answer(status=200, json={"tickets": found, "count": len(found)})

    def read(self, request: Request) -> Answer:
        return Answer(status=200, json={"ticket": self.shown(self.ticket(request.at["id"]))})

    def change(self, request: Request) -> Answer:
        ticket = self.ticket(request.at["id"])
        given = self.given_ticket(request)
        if ticket.fields["status"] == "closed":
            raise Refused(self.wrong("status", "Status: closed prevents ticket update"))
        for name in NOT_NEW:
            if name in given:
                raise Refused(self.wrong(name, f"{name} is not changed by what is faked"))
        self.check(given)
        comment = given.pop("comment", None)
        ticket.fields |= given
        ticket.comments += [comment["body"]] if comment else []
        ticket.closed = ticket.fields["status"] in {"solved", "closed"}
        return Answer(status=200, json={"ticket": self.shown(ticket)})

    def given_ticket(self, request: Request) -> dict[str, Any]:
        body = self.json_of(request)
        given = body.get("ticket")
        if set(body) != {"ticket"} or not isinstance(given, dict):
            raise Refused(self.fault(400, "The body has a ticket, and nothing else."))
        return given

    def check(self, given: dict[str, Any], needed: tuple[str, ...] = ()) -> None:
        """Raises Refused."""
        for name in needed:
            if name not in given:
                raise Refused(self.wrong(name, f"{name.title()}: cannot be blank"))
        for name, value in given.items():
            told = fault_of(name, value)
            if told:
                raise Refused(self.wrong(name, told))

    def wrong(self, field: str, sentence: str) -> Answer:
        details = {field: [{"description": sentence, "error": "InvalidValue"}]}
        told = {"error": "RecordInvalid", "description": "Record validation errors", "details": details}
        return Answer(status=422, json=told)

    def shown(self, ticket: Ticket) -> dict[str, Any]:
        where = f"{self.url}/api/v2/tickets/{ticket.id}.json"
        shown = {name: value for name, value in ticket.fields.items() if name != "comment"}
        return {**shown, "id": int(ticket.id), "url": where}


def fault_of(name: str, value: Any) -> str:
    """Empty where the value is good."""
    choices = {"priority": PRIORITIES, "status": STATUSES, "type": TYPES}
    if name in choices:
        return "" if value in choices[name] else f"{name.title()}: {value} is not a valid value"
    if name == "group_id":
        return "" if type(value) is int and value in GROUPS else "Group: is invalid"
    if name == "comment":
        return fault_of_comment(value)
    if name == "requester":
        return fault_of_requester(value)
    limit = {"subject": 255, "external_id": 255}.get(name)
    if limit is None:
        return f"{name} is unknown"
    good = isinstance(value, str) and 0 < len(value) <= limit
    return "" if good else f"{name.title()}: is blank or too long"


def fault_of_comment(value: Any) -> str:
    if not isinstance(value, dict) or set(value) != {"body", "public"} or type(value["public"]) is not bool:
        return "Comment: is invalid"
    body = value["body"]
    good = isinstance(body, str) and body.strip() and len(body.encode()) <= MOST_COMMENT
    return "" if good else "Comment: is blank or too long"


def fault_of_requester(value: Any) -> str:
    if not isinstance(value, dict) or set(value) != {"name", "email"} or not value["name"]:
        return "Requester: Name is too short (minimum one character)"
    return "" if ADDRESS.fullmatch(value["email"]) else "Requester: Email is not properly formatted"
