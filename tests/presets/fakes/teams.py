"""Workflows of Microsoft Teams: an Adaptive Card in its envelope, at most 28 KB, taken with 202 and nothing else."""

from typing import Any, ClassVar

from tests.presets.fakes.base import Fake, Refused, Routes, Ticket
from tests.presets.fakes.checks import is_text
from tests.presets.fakes.server import Answer, Request

MOST = 28 * 1024
"""Bytes."""
CARD = "application/vnd.microsoft.card.adaptive"
COLORS = ("Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention")


class TeamsFake(Fake):
    """Cards stand in `tickets` in the order in which they came: Teams tells no id of them."""

    preset = "teams"
    ADDRESS = "url"
    SETTINGS: ClassVar[dict[str, Any]] = {
        "url": "https://prod-01.westeurope.logic.azure.com/workflows/0123/triggers/manual/paths/invoke"
        "?api-version=2016-06-01&sig=XXXX"
    }

    def routes(self) -> Routes:
        return {"POST /workflows/{flow}/triggers/manual/paths/invoke": self.post}

    def fault(self, status: int, message: str) -> Answer:
        return Answer(status=status, json={"error": {"code": str(status), "message": message}})

    def post(self, request: Request) -> Answer:
        flow = request.at["flow"]
        if f"/workflows/{flow}/" not in self.given["url"]:
            told = {"code": "WorkflowNotFound", "message": f"The workflow '{flow}' could not be found."}
            raise Refused(Answer(status=404, json={"error": told}))
        if request.query != {"api-version": "2016-06-01", "sig": "XXXX"}:
            raise Refused(self.fault(401, "The signature in the URL is wrong."))
        body = self.json_of(request)
        if len(request.body) > MOST:
            raise Refused(self.fault(413, "The message is too large."))
        if not good_message(body):
            raise Refused(self.fault(400, "The input body does not fit the card."))
        number = str(len(self.tickets) + 1)
        self.tickets[number] = Ticket(id=number, fields=body)
        return Answer(status=202)


def good_message(body: dict[str, Any]) -> bool:
    match body:
        case {
            "type": "message",
            "attachments": [{"contentType": kind, "contentUrl": None, "content": dict() as card, **beside}],
            **rest,
        }:
            return kind == CARD and not beside and not rest and good_card(card)
    return False


def good_card(card: dict[str, Any]) -> bool:
    known = {"$schema", "type", "version", "body", "actions", "msteams"}
    return (
        set(card) <= known
        and card.get("$schema") == "http://adaptivecards.io/schemas/adaptive-card.json"
        and card.get("type") == "AdaptiveCard"
        and card.get("version") in {"1.2", "1.3", "1.4", "1.5"}
        and bool(card.get("body"))
        and all(good_element(element) for element in card["body"])
        and all(good_action(action) for action in card.get("actions", []))
    )


def good_element(element: Any) -> bool:
    match element:
        case {"type": "TextBlock", "text": text, **rest}:
            looks = (
                set(rest) <= {"size", "weight", "wrap", "color"} and rest.get("color", "Default") in COLORS
            )
            return looks and is_text(text, MOST)
        case {"type": "FactSet", "facts": [_, *_] as facts, **rest}:
            return not rest and all(
                set(fact) == {"title", "value"}
                and is_text(fact["title"], MOST)
                and is_text(fact["value"], MOST)
                for fact in facts
            )
    return False


def good_action(action: Any) -> bool:
    match action:
        case {"type": "Action.OpenUrl", "title": title, "url": str() as url, **rest}:
            return not rest and is_text(title, 200) and "://" in url
    return False
