"""Salesforce's cases: upserts by an external id, comments, picklists, access tokens of client credentials."""

import re
from typing import Any, ClassVar
from urllib.parse import parse_qs

from tests.presets.fakes.base import Fake, Fault, Refused, Routes, Ticket, utf16
from tests.presets.fakes.checks import utf8
from tests.presets.fakes.server import Answer, Request

TOKEN = "t0ken"
TOKEN_PATH = "/services/oauth2/token"
MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PICKLISTS = {
    "Status": ("New", "Working", "Escalated", "Closed"),
    "Priority": ("High", "Medium", "Low"),
    "Origin": ("Web", "Phone", "Email"),
}
TEXTS = {"Subject": 255, "Description": 32_000, "SuppliedName": 80, "SuppliedEmail": 80, "SuppliedPhone": 40}
"""Field → characters."""
CODES = {
    401: "INVALID_SESSION_ID",
    403: "REQUEST_LIMIT_EXCEEDED",
    404: "NOT_FOUND",
    429: "REQUEST_LIMIT_EXCEEDED",
    503: "SERVER_UNAVAILABLE",
}
SENTENCES = {403: "TotalRequests Limit exceeded."}
NO_FIELD = "Provided external ID field does not exist or is not accessible."


class SalesforceFake(Fake):
    """Those who come with a token of another fake hear that their session is over."""

    preset = "salesforce"
    SETTINGS: ClassVar[dict[str, Any]] = {
        "site": "https://acme.my.salesforce.com",
        "client_id": "c0nsumer",
        "client_secret": "s3cret",
    }

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings)
        self.session = TOKEN
        """The token that it takes, and gives to who asks for one."""
        self._comments = 0

    def routes(self) -> Routes:
        objects = "/services/data/{version}/sobjects"
        return {
            f"POST {TOKEN_PATH}": self.token,
            f"GET {objects}/Case/{{field}}/{{reference}}": self.look,
            f"PATCH {objects}/Case/{{field}}/{{reference}}": self.upsert,
            f"PATCH {objects}/Case/{{id}}": self.change,
            f"POST {objects}/CaseComment": self.comment,
        }

    def fault(self, status: int, message: str) -> Answer:
        told = {
            "message": SENTENCES.get(status, message),
            "errorCode": CODES.get(status, "JSON_PARSER_ERROR"),
        }
        return Answer(status=status, json=[told])

    def changes(self, request: Request) -> bool:
        return request.path != TOKEN_PATH and super().changes(request)

    def _due(self, request: Request) -> Fault:
        """Faults are ordered for what is sent about cases."""
        return Fault() if request.path == TOKEN_PATH else super()._due(request)

    def _routed(self, request: Request) -> Answer:
        authorized = request.headers.get("authorization") == f"Bearer {self.session}"
        if request.path != TOKEN_PATH and not authorized:
            return self.fault(401, "Session expired or invalid")
        return super()._routed(request)

    def token(self, request: Request) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        wanted = {"client_id": self.given["client_id"], "client_secret": self.given["client_secret"]}
        if form != {"grant_type": "client_credentials", **wanted}:
            return Answer(status=400, json={"error": "invalid_client"})
        told = {"access_token": self.session, "token_type": "Bearer", "instance_url": self.url}
        return Answer(status=200, json=told)

    def look(self, request: Request) -> Answer:
        found = self.with_reference(request)
        if found is None:
            raise Refused(self.fault(404, NO_FIELD))
        return Answer(status=200, json={"Id": found.id, **found.fields})

    def upsert(self, request: Request) -> Answer:
        body, found = self.checked(request), self.with_reference(request)
        if found is None:
            id_ = f"5000000000000{len(self.tickets) + 1:02}AAA"
            field = {request.at["field"]: request.at["reference"]}
            found = self.tickets[id_] = Ticket(id=id_, fields={"Status": "New", **field, **body})
            return Answer(status=201, json=done(found.id, created=True))
        found.fields |= body
        return Answer(status=200, json=done(found.id, created=False))

    def change(self, request: Request) -> Answer:
        body, case = self.checked(request), self.tickets.get(request.at["id"])
        if case is None:
            raise Refused(self.fault(404, "The requested resource does not exist"))
        case.fields |= body
        case.closed = case.fields["Status"] == "Closed"
        return Answer(status=204)

    def comment(self, request: Request) -> Answer:
        body = self.json_of(request)
        text, public = body.get("CommentBody"), body.get("IsPublished", False)
        if set(body) - {"ParentId", "CommentBody", "IsPublished"} or type(public) is not bool:
            raise self.wrong("INVALID_FIELD", "No such column on sobject of type CaseComment")
        case = self.tickets.get(body.get("ParentId", ""))
        if case is None:
            raise self.wrong("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        if not isinstance(text, str) or not 0 < utf8(text) <= 4000:
            raise self.wrong("STRING_TOO_LONG", "Comment Body: data value too large", "CommentBody")
        case.comments.append(text)
        self._comments += 1
        return Answer(status=201, json=done(f"00a0000000000{self._comments:02}AAA"))

    def with_reference(self, request: Request) -> Ticket | None:
        """Raises Refused."""
        field, reference = request.at["field"], request.at["reference"]
        if field != self.given.get("reference_field", "Hookline_Reference__c"):
            raise Refused(self.fault(404, NO_FIELD))
        if utf16(reference) > 80:
            raise self.wrong("STRING_TOO_LONG", f"{field}: data value too large", field)
        return next((one for one in self.tickets.values() if one.fields.get(field) == reference), None)

    def checked(self, request: Request) -> dict[str, Any]:
        """Raises Refused."""
        body = self.json_of(request)
        for name, value in body.items():
            if name in PICKLISTS:
                if value not in PICKLISTS[name]:
                    code = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
                    raise self.wrong(code, f"{name}: bad value for restricted picklist field: {value}", name)
            elif name not in TEXTS:
                raise self.wrong("INVALID_FIELD", f"No such column '{name}' on sobject of type Case")
            elif not isinstance(value, str) or utf16(value) > TEXTS[name]:
                raise self.wrong("STRING_TOO_LONG", f"{name}: data value too large", name)
        if not MAIL.fullmatch(body.get("SuppliedEmail", "a@b.c")):
            raise self.wrong("INVALID_EMAIL_ADDRESS", "Web Email: invalid email address", "SuppliedEmail")
        return body

    def wrong(self, code: str, sentence: str, *fields: str) -> Refused:
        told = {"message": sentence, "errorCode": code, "fields": list(fields)}
        return Refused(Answer(status=400, json=[told]))


def done(id_: str, **beside: bool) -> dict[str, Any]:
    return {"id": id_, "success": True, "errors": [], **beside}
