"""Freshdesk's tickets and notes, with a custom field for the reference."""

import re
from typing import Any, ClassVar

from tests.presets.fakes.base import Fake, Refused, Routes, Ticket, basic
from tests.presets.fakes.server import Answer, Request

STATUSES = (2, 3, 4, 5)
CLOSED = (4, 5)
PRIORITIES = (1, 2, 3, 4)
TYPES = ("Question", "Incident", "Problem", "Feature Request")
GROUPS = (43000123456,)
CUSTOM = "cf_hookline_reference"
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
BY_REFERENCE = re.compile(rf"\"{CUSTOM}:'([^'\"]+)'\"")
MARKUP = re.compile(r"<(?!br>)|&(?!(amp|lt|gt|quot|#39);)|\n")
"""What is no text in HTML, or no line break."""

Told = dict[str, str]


class FreshdeskFake(Fake):
    preset = "freshdesk"
    SETTINGS: ClassVar[dict[str, Any]] = {
        "site": "https://acme.freshdesk.com",
        "api_key": "k3y-4711",
        "requester": "hotline@acme.example",
    }

    def __init__(self, settings: Any = None, *, custom_field: bool = True) -> None:
        """`custom_field`: whether somebody has added it."""
        super().__init__(settings)
        self._custom_field = custom_field

    def routes(self) -> Routes:
        return {
            "POST /api/v2/tickets": self.create,
            "GET /api/v2/tickets/{id}": self.read,
            "PUT /api/v2/tickets/{id}": self.change,
            "POST /api/v2/tickets/{id}/notes": self.note,
            "GET /api/v2/search/tickets": self.search,
        }

    def fault(self, status: int, message: str) -> Answer:
        return Answer(status=status, json={"code": "invalid_request", "message": message})

    def limited(self, seconds: int) -> Answer:
        told = {"message": "You have exceeded the limit of requests per minute"}
        return Answer(status=429, json=told, headers={"Retry-After": str(seconds)})

    def ticket(self, id_: str) -> Ticket:
        """What is not there is answered without a body."""
        if id_ not in self.tickets:
            raise Refused(Answer(status=404))
        return super().ticket(id_)

    def _routed(self, request: Request) -> Answer:
        if request.headers.get("authorization") != basic(self.given["api_key"], "X"):
            told = {
                "code": "invalid_credentials",
                "message": "You have to be logged in to perform this action.",
            }
            return Answer(status=401, json=told)
        return super()._routed(request)

    def create(self, request: Request) -> Answer:
        body = self.json_of(request)
        missing = [name for name in ("subject", "description", "status", "priority") if name not in body]
        missing += [] if {"email", "phone"} & set(body) else ["email"]
        missing += ["name"] if "phone" in body and not body.get("name") else []
        self.check(body, missing)
        ticket = Ticket(id=str(len(self.tickets) + 1), fields=body)
        self.tickets[ticket.id] = ticket
        return Answer(status=201, json=self.shown(ticket))

    def read(self, request: Request) -> Answer:
        return Answer(status=200, json=self.shown(self.ticket(request.at["id"])))

    def change(self, request: Request) -> Answer:
        ticket = self.ticket(request.at["id"])
        body = self.json_of(request)
        if not body:
            raise Refused(self.wrong([problem("ticket", "nothing to change", "missing_field")]))
        self.check(body, [])
        ticket.fields |= body
        ticket.closed = ticket.fields["status"] in CLOSED
        return Answer(status=200, json=self.shown(ticket))

    def note(self, request: Request) -> Answer:
        ticket = self.ticket(request.at["id"])
        body = self.json_of(request)
        text = body.get("body")
        good = isinstance(text, str) and text and not MARKUP.search(text)
        if set(body) != {"body", "private"} or type(body["private"]) is not bool or not good:
            raise Refused(self.wrong([problem("body", "It should be a valid note", "invalid_value")]))
        ticket.comments.append(body["body"])
        told = {"id": len(ticket.comments), "ticket_id": int(ticket.id), **body}
        return Answer(status=201, json=told)

    def search(self, request: Request) -> Answer:
        asked = BY_REFERENCE.fullmatch(request.query.get("query", ""))
        if not asked or not self._custom_field:
            raise Refused(self.wrong([problem("query", "Given query is invalid", "invalid_value")]))
        found = [
            self.shown(ticket)
            for ticket in self.tickets.values()
            if ticket.fields.get("custom_fields", {}).get(CUSTOM) == asked[1]
        ]
        return Answer(status=200, json={"total": len(found), "results": found})

    def check(self, body: dict[str, Any], missing: list[str]) -> None:
        """Raises Refused."""
        told = [problem(name, "It should be a/an String", "missing_field") for name in missing]
        told += [found for name, value in body.items() if (found := self.problem_of(name, value))]
        if told:
            raise Refused(self.wrong(told))

    def problem_of(self, name: str, value: Any) -> Told | None:
        choices: dict[str, tuple[object, ...]] = {
            "status": STATUSES,
            "priority": PRIORITIES,
            "type": TYPES,
            "group_id": GROUPS,
        }
        if name in choices:
            good = type(value) is type(choices[name][0]) and value in choices[name]
            return None if good else problem(name, "It should be one of these values", "invalid_value")
        if name == "email":
            good = ADDRESS.fullmatch(value) is not None
            format_ = "It should be in the 'valid email address' format"
            return None if good else problem(name, format_, "invalid_value")
        if name == "custom_fields":
            good = self._custom_field and isinstance(value, dict) and set(value) == {CUSTOM}
            return None if good else problem(name, "Unexpected/invalid field in request", "invalid_field")
        return problem_of_text(name, value)

    def wrong(self, told: list[Told]) -> Answer:
        return Answer(status=400, json={"description": "Validation failed", "errors": told})

    def shown(self, ticket: Ticket) -> dict[str, Any]:
        return {**ticket.fields, "id": int(ticket.id)}


def problem(field: str, message: str, code: str) -> Told:
    return {"field": field, "message": message, "code": code}


def problem_of_text(name: str, value: Any) -> Told | None:
    most = {"subject": 255, "description": None, "name": 255, "phone": 100}
    if name not in most:
        return problem(name, "Unexpected/invalid field in request", "invalid_field")
    limit = most[name]
    good = isinstance(value, str) and value.strip() and (limit is None or len(value) <= limit)
    if good and name == "description":
        good = not MARKUP.search(value)
    return None if good else problem(name, "It should be a valid String", "invalid_value")
