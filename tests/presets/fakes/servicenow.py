"""ServiceNow's Table API for incidents, with the data policies that instances usually have."""

import re
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from tests.presets.fakes.base import Fake, Refused, Routes, Ticket, basic, utf16
from tests.presets.fakes.server import Answer, Request

TOKEN = "t0ken"
TOKEN_PATH = "/oauth_token.do"
JOURNALS = ("work_notes", "comments")
MOST = {"short_description": 160, "description": 4000, "close_notes": 4000, "correlation_id": 100}
CHOICES = {"urgency": ("1", "2", "3"), "impact": ("1", "2", "3"), "state": ("1", "2", "3", "6", "7", "8")}
REFERENCES = ("caller_id", "assignment_group")
CLOSE_CODES = ("Solution provided", "Solved (Permanently)")
CLOSED = ("6", "7", "8")
BY_REFERENCE = re.compile(r"correlation_id=([^\^]+)\^ORDERBYsys_created_on")


class ServiceNowFake(Fake):
    """Stricter than ServiceNow in one thing: what is too long is refused, where an instance cuts it and says nothing.

    Where it is given a client id, it takes tokens and no password.
    """

    preset = "servicenow"
    SETTINGS: ClassVar[dict[str, Any]] = {
        "site": "https://acme.service-now.com",
        "username": "hookline",
        "password": "s3cret",
    }

    def routes(self) -> Routes:
        table = "/api/now/table/incident"
        return {
            f"POST {TOKEN_PATH}": self.token,
            f"POST {table}": self.create,
            f"GET {table}": self.search,
            f"GET {table}/{{id}}": self.read,
            f"PATCH {table}/{{id}}": self.change,
        }

    def fault(self, status: int, message: str, detail: str = "") -> Answer:
        told = {"error": {"message": message, "detail": detail}, "status": "failure"}
        return Answer(status=status, json=told)

    def ticket(self, id_: str) -> Ticket:
        if id_ not in self.tickets:
            detail = "Record doesn't exist or ACL restricts the record retrieval"
            raise Refused(self.fault(404, "No Record found", detail))
        return super().ticket(id_)

    def changes(self, request: Request) -> bool:
        return request.path != TOKEN_PATH and super().changes(request)

    def _routed(self, request: Request) -> Answer:
        if request.path != TOKEN_PATH and request.headers.get("authorization") != self.credentials:
            return self.fault(401, "User Not Authenticated", "Required to provide Auth information")
        return super()._routed(request)

    @property
    def credentials(self) -> str:
        if self.given.get("auth") == "oauth2":
            return f"Bearer {TOKEN}"
        return basic(self.given["username"], self.given["password"])

    def token(self, request: Request) -> Answer:
        known = {name: self.given.get(name, "") for name in ("client_id", "client_secret")}
        if dict(parse_qsl(request.body.decode())) != {"grant_type": "client_credentials", **known}:
            refusal = {"error": "access_denied", "error_description": "access_denied"}
            return Answer(status=401, json=refusal)
        told = {"access_token": TOKEN, "scope": "useraccount", "token_type": "Bearer", "expires_in": 1799}
        return Answer(status=200, json=told)

    def create(self, request: Request) -> Answer:
        body = self.json_of(request)
        number = len(self.tickets) + 1
        id_ = f"{number:032x}"
        ticket = Ticket(id=id_, fields={"sys_id": id_, "number": f"INC{10_000 + number:07}", "state": "1"})
        self.write(ticket, body)
        self.tickets[id_] = ticket
        return Answer(status=201, json={"result": self.shown(ticket, request)})

    def search(self, request: Request) -> Answer:
        asked = BY_REFERENCE.fullmatch(request.query.get("sysparm_query", ""))
        if not asked:
            raise Refused(self.fault(400, "Invalid query", request.query.get("sysparm_query", "")))
        found = [one for one in self.tickets.values() if one.fields.get("correlation_id") == asked[1]]
        limit = int(request.query["sysparm_limit"])
        return Answer(status=200, json={"result": [self.shown(one, request) for one in found[:limit]]})

    def read(self, request: Request) -> Answer:
        return Answer(status=200, json={"result": self.shown(self.ticket(request.at["id"]), request)})

    def change(self, request: Request) -> Answer:
        ticket = self.ticket(request.at["id"])
        self.write(ticket, self.json_of(request))
        return Answer(status=200, json={"result": self.shown(ticket, request)})

    def write(self, ticket: Ticket, body: dict[str, Any]) -> None:
        """Nothing of it, where anything is wrong. Fields that the table does not have are ignored, as there."""
        for name, value in body.items():
            self.check(name, value)
        fields = {**ticket.fields, **{name: body[name] for name in body if name not in JOURNALS}}
        self.check_policies(fields)
        ticket.fields = fields
        ticket.comments += [body[name] for name in JOURNALS if body.get(name)]
        ticket.closed = fields["state"] in CLOSED

    def check(self, name: str, value: Any) -> None:
        good = isinstance(value, str)
        if good and name in MOST:
            good = utf16(value) <= MOST[name]
        if good and name in CHOICES:
            good = value in CHOICES[name]
        if good and name in REFERENCES:
            good = re.fullmatch(r"[0-9a-f]{32}", value) is not None
        if not good:
            raise Refused(self.fault(400, "Invalid value", f"Invalid value for the field {name}"))

    def check_policies(self, fields: dict[str, Any]) -> None:
        missing = [] if fields.get("short_description") else ["Short description"]
        if fields["state"] in CLOSED:
            missing += [] if fields.get("close_code") in CLOSE_CODES else ["Resolution code"]
            missing += [] if fields.get("close_notes") else ["Resolution notes"]
        if missing:
            detail = f"Data Policy Exception: The following fields are mandatory: {', '.join(missing)}"
            raise Refused(self.fault(403, "Operation Failed", detail))

    def shown(self, ticket: Ticket, request: Request) -> dict[str, Any]:
        wanted = request.query.get("sysparm_fields", "")
        names = wanted.split(",") if wanted else list(ticket.fields)
        return {name: ticket.fields.get(name, "") for name in names}
