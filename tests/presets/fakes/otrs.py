"""Znuny's generic interface with the web service that the notes of the preset `otrs` have imported."""

import re
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from tests.presets.fakes.base import Fake, Refused, Routes, Ticket, utf16
from tests.presets.fakes.server import Answer, Request

QUEUES = ("Raw", "Support")
PRIORITIES = ("1 very low", "2 low", "3 normal", "4 high", "5 very high")
STATES = {"new": False, "open": False, "closed successful": True, "closed unsuccessful": True}
"""Name → whether it is a closed one."""
FIELD = "HooklineReference"
KNOWN: dict[str, re.Pattern[str]] = {
    "Title": re.compile(r".{1,255}", re.DOTALL),
    "Queue": re.compile("|".join(QUEUES)),
    "State": re.compile("|".join(STATES)),
    "Priority": re.compile("|".join(PRIORITIES)),
    "CustomerUser": re.compile(r"anna|[^@\s]+@[^@\s]+\.[^@\s]+"),
    "Type": re.compile("Unclassified|Incident"),
    "Subject": re.compile(r".{1,3000}", re.DOTALL),
    "Body": re.compile(r".+", re.DOTALL),
    "ContentType": re.compile(r"text/(plain|html); charset=utf-?8"),
    "CommunicationChannel": re.compile("Email|Phone|Internal"),
    "SenderType": re.compile("agent|customer|system"),
    "IsVisibleForCustomer": re.compile("[01]"),
}
"""What a ticket or an article may have → which values are valid."""
OF_TICKET = {
    "Title": True,
    "Queue": True,
    "State": True,
    "Priority": True,
    "CustomerUser": True,
    "Type": False,
}
"""Name → whether a new ticket needs it."""
OF_ARTICLE = {
    "Subject": True,
    "Body": True,
    "ContentType": True,
    "CommunicationChannel": False,
    "SenderType": False,
    "IsVisibleForCustomer": False,
}

Object = dict[str, Any]


class OtrsFake(Fake):
    """Stricter than Znuny in one thing: members that it does not know are refused, where Znuny ignores them."""

    preset = "otrs"
    ADDRESS = "service"
    SETTINGS: ClassVar[dict[str, Any]] = {
        "service": "https://help.acme.example/znuny/nph-genericinterface.pl/Webservice/Hookline",
        "user": "hookline",
        "password": "s3cret",
        "queue": "Support",
        "customer": "hotline@acme.example",
    }
    PASSWORD = "s3cret"

    def routes(self) -> Routes:
        service = urlsplit(self.given["service"]).path
        return {
            f"POST {service}/Ticket": self.create,
            f"POST {service}/TicketSearch": self.search,
            f"PATCH {service}/Ticket/{{id}}": self.change,
        }

    def changes(self, request: Request) -> bool:
        return not request.path.endswith("/TicketSearch")

    def fault(self, status: int, message: str) -> Answer:
        return Answer(status=status, json={"faultcode": "Server", "faultstring": message})

    def limited(self, seconds: int) -> Answer:
        answer = self.fault(429, "Too Many Requests")
        return msgspec.structs.replace(answer, headers={"Retry-After": str(seconds)})

    def create(self, request: Request) -> Answer:
        body = self.body_of(request, "TicketCreate", ("Ticket", "Article", "DynamicField"))
        self.check("TicketCreate", "Ticket", body.get("Ticket"), OF_TICKET, new=True)
        self.check("TicketCreate", "Article", body.get("Article"), OF_ARTICLE, new=True)
        number = len(self.tickets) + 1
        ticket = Ticket(id=str(number), fields=dict(body["Ticket"]))
        self.write(ticket, body.get("DynamicField", []), "TicketCreate")
        ticket.fields["Article"] = body["Article"]
        self.tickets[ticket.id] = ticket
        told = {"TicketID": ticket.id, "TicketNumber": f"2026113010{number:06}", "ArticleID": str(number)}
        return Answer(status=200, json=told)

    def change(self, request: Request) -> Answer:
        body = self.body_of(request, "TicketUpdate", ("Ticket", "Article", "DynamicField"))
        ticket = self.tickets.get(request.at["id"])
        if ticket is None:
            raise self.error("TicketUpdate.AccessDenied", "User does not have access to the ticket!")
        parts = [name for name in ("Ticket", "Article", "DynamicField") if name in body]
        if not parts:
            raise self.error("TicketUpdate.MissingParameter", "Nothing to update!")
        if "Ticket" in body:
            self.check("TicketUpdate", "Ticket", body["Ticket"], OF_TICKET)
        if "Article" in body:
            self.check("TicketUpdate", "Article", body["Article"], OF_ARTICLE, new=True)
        self.write(ticket, body.get("DynamicField", []), "TicketUpdate")
        ticket.fields |= body.get("Ticket", {})
        ticket.closed = STATES[ticket.fields["State"]]
        return Answer(status=200, json=self.with_article(ticket, body))

    def with_article(self, ticket: Ticket, body: Object) -> Object:
        if "Article" not in body:
            return {"TicketID": ticket.id}
        ticket.comments.append(body["Article"]["Body"])
        return {"TicketID": ticket.id, "ArticleID": str(len(ticket.comments) + 1)}

    def search(self, request: Request) -> Answer:
        body = self.body_of(
            request,
            "TicketSearch",
            ("DynamicField", f"DynamicField_{FIELD}", "Limit"),
            auth="Authorization failing!",
        )
        wanted = body.get("DynamicField", {"Name": ""})
        found = list(self.tickets.values())
        if wanted["Name"] == FIELD:
            found = [one for one in found if one.fields.get(FIELD) == wanted["Equals"]]
        ids = [one.id for one in found[: int(body.get("Limit", 500))]]
        return Answer(status=200, json={"TicketID": ids} if ids else {})

    def body_of(
        self,
        request: Request,
        operation: str,
        names: tuple[str, ...],
        auth: str = "User could not be authenticated!",
    ) -> Object:
        """Of somebody who may. Raises Refused."""
        try:
            body = msgspec.json.decode(request.body, type=Object)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Refused(Answer(status=500, text="Error while decoding request content.")) from None
        if (body.pop("UserLogin", None), body.pop("Password", None)) != (self.given["user"], self.PASSWORD):
            raise self.error(f"{operation}.AuthFail", auth)
        unknown = sorted(set(body) - set(names))
        if unknown:
            raise self.error(f"{operation}.InvalidParameter", f"{unknown[0]} is unknown!")
        return body

    def check(
        self, operation: str, part: str, values: Any, known: dict[str, bool], *, new: bool = False
    ) -> None:
        if not isinstance(values, dict) or not values:
            raise self.error(f"{operation}.MissingParameter", f"{part} parameter is missing or not valid!")
        for name, needed in known.items():
            if new and needed and not values.get(name):
                raise self.error(
                    f"{operation}.MissingParameter", f"{named(part, name)} parameter is missing!"
                )
        for name, value in values.items():
            good = name in known and isinstance(value, str) and KNOWN[name].fullmatch(value)
            if not good or (name == "Title" and utf16(value) > 255):
                raise self.error(
                    f"{operation}.InvalidParameter", f"{named(part, name)} parameter is invalid!"
                )

    def write(self, ticket: Ticket, fields: Any, operation: str) -> None:
        for field in fields:
            if not isinstance(field, dict) or set(field) != {"Name", "Value"} or field["Name"] != FIELD:
                raise self.error(f"{operation}.InvalidParameter", "DynamicField->Name parameter is invalid!")
            ticket.fields[FIELD] = field["Value"]

    def error(self, code: str, sentence: str) -> Refused:
        """With status 200, as all errors of operations."""
        told = f"{code.partition('.')[0]}: {sentence}"
        return Refused(Answer(status=200, json={"Error": {"ErrorCode": code, "ErrorMessage": told}}))


def named(part: str, name: str) -> str:
    return "Ticket->QueueID or Ticket->Queue" if name == "Queue" else f"{part}->{name}"
