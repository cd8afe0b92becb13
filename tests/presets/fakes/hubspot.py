"""HubSpot's tickets: properties of a pipeline, found by a unique one, and notes on them."""

from typing import Any, ClassVar

from tests.presets.fakes.base import Fake, Refused, Routes, Ticket
from tests.presets.fakes.checks import is_time
from tests.presets.fakes.server import Answer, Request

STAGES = {"0": ("1", "2", "3", "4"), "9": ("91", "92")}
"""Pipeline → its stages; the last is that of closed tickets."""
PRIORITIES = ("LOW", "MEDIUM", "HIGH", "URGENT")
TICKET = {
    "subject",
    "content",
    "hs_ticket_priority",
    "hs_pipeline",
    "hs_pipeline_stage",
    "hookline_reference",
}
UNIQUE = "hookline_reference"
MOST = 65_536
"""Characters of a property."""
NOTE_TO_TICKET = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 228}


class HubSpotFake(Fake):
    preset = "hubspot"
    ADDRESS = "api_url"
    SETTINGS: ClassVar[dict[str, Any]] = {
        "token": "pat-na1-t0ken",
        "portal_id": "1234567",
        "api_url": "https://api.hubapi.com",
    }

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings)
        self._notes = 0

    def routes(self) -> Routes:
        tickets = "/crm/v3/objects/tickets"
        return {
            f"POST {tickets}": self.create,
            f"GET {tickets}/{{id}}": self.read,
            f"PATCH {tickets}/{{id}}": self.change,
            "POST /crm/v3/objects/notes": self.note,
        }

    def fault(self, status: int, message: str) -> Answer:
        kinds = {401: "INVALID_AUTHENTICATION", 404: "OBJECT_NOT_FOUND", 409: "CONFLICT", 429: "RATE_LIMITS"}
        told = {"status": "error", "message": message, "category": kinds.get(status, "VALIDATION_ERROR")}
        return Answer(status=status, json={**told, "correlationId": "00000000-0000-4000-8000-000000000000"})

    def _routed(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.given['token']}":
            return self.fault(401, "Authentication credentials not found.")
        return super()._routed(request)

    def create(self, request: Request) -> Answer:
        given = self.properties(request, TICKET)
        for name in ("subject", "hs_pipeline_stage"):
            if name not in given:
                raise self.wrong(f"{name} is required")
        self.check(given)
        reference = given.get(UNIQUE)
        if reference is not None and self.with_reference(reference):
            raise Refused(self.fault(409, f"A ticket with the {UNIQUE} {reference} exists already."))
        id_ = str(1001 + len(self.tickets))
        self.tickets[id_] = Ticket(id=id_, fields={"hs_pipeline": "0", **given})
        return Answer(status=201, json=self.shown(self.tickets[id_]))

    def read(self, request: Request) -> Answer:
        if request.query.get("idProperty", UNIQUE) != UNIQUE:
            raise self.wrong("idProperty is no unique property")
        found = (
            self.with_reference(request.at["id"])
            if "idProperty" in request.query
            else [one for one in self.tickets.values() if one.id == request.at["id"]]
        )
        if not found:
            raise Refused(self.fault(404, "Object not found."))
        return Answer(status=200, json=self.shown(found[0]))

    def change(self, request: Request) -> Answer:
        ticket = self.tickets.get(request.at["id"])
        if ticket is None:
            raise Refused(self.fault(404, "Object not found."))
        given = {**ticket.fields, **self.properties(request, TICKET - {UNIQUE})}
        self.check(given)
        ticket.fields = given
        ticket.closed = given["hs_pipeline_stage"] == STAGES[given["hs_pipeline"]][-1]
        return Answer(status=200, json=self.shown(ticket))

    def note(self, request: Request) -> Answer:
        body = self.json_of(request)
        given = self.properties(request, {"hs_timestamp", "hs_note_body"}, beside={"associations"})
        if not is_time(given.get("hs_timestamp")) or not self.fits(given.get("hs_note_body")):
            raise self.wrong("hs_timestamp or hs_note_body")
        for association in body.get("associations", []):
            ticket = self.tickets.get(association["to"]["id"])
            if association["types"] != [NOTE_TO_TICKET] or ticket is None:
                raise self.wrong("an association of no note to a ticket that exists")
            ticket.comments.append(given["hs_note_body"])
        self._notes += 1
        return Answer(status=201, json={"id": str(5000 + self._notes), "properties": given})

    def properties(
        self, request: Request, known: set[str], beside: frozenset[str] | set[str] = frozenset()
    ) -> dict[str, Any]:
        """Raises Refused."""
        body = self.json_of(request)
        given = body.get("properties")
        if set(body) - {"properties", *beside} or not isinstance(given, dict):
            raise self.wrong("the body has properties")
        for name, value in given.items():
            if name not in known:
                raise self.wrong(f'Property "{name}" does not exist')
            if not self.fits(value):
                raise self.wrong(f"{name} is empty, too long or no text")
        return given

    def fits(self, value: Any) -> bool:
        return isinstance(value, str) and 0 < len(value) <= MOST

    def check(self, given: dict[str, Any]) -> None:
        """Raises Refused."""
        pipeline, stage = given.get("hs_pipeline", "0"), given["hs_pipeline_stage"]
        if pipeline not in STAGES:
            raise self.wrong(f"hs_pipeline {pipeline} is no pipeline.")
        if stage not in STAGES[pipeline]:
            raise self.wrong(f"hs_pipeline_stage {stage} is not a stage of pipeline {pipeline}.")
        if given.get("hs_ticket_priority", "LOW") not in PRIORITIES:
            raise self.wrong(
                f"hs_ticket_priority {given['hs_ticket_priority']} was not one of the allowed options"
            )

    def wrong(self, sentence: str) -> Refused:
        return Refused(self.fault(400, f"Property values were not valid: {sentence}"))

    def with_reference(self, reference: str) -> list[Ticket]:
        return [one for one in self.tickets.values() if one.fields.get(UNIQUE) == reference]

    def shown(self, ticket: Ticket) -> dict[str, Any]:
        return {"id": ticket.id, "properties": ticket.fields, "archived": False}
