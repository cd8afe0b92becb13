"""Webhooks of Google Chat: cards, threads by key, and a request id that brings the message that it made first."""

import re
from typing import Any, ClassVar

from tests.presets.fakes.base import Fake, Refused, Routes, Ticket
from tests.presets.fakes.checks import is_text, reads_closed
from tests.presets.fakes.server import Answer, Request

MOST = 32_000
"""Bytes of a message."""
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
REPLY = "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"
STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}


class GoogleChatFake(Fake):
    """A thread is a ticket, named as Google names it; its first card is its fields, later ones are comments."""

    preset = "google_chat"
    ADDRESS = "url"
    SETTINGS: ClassVar[dict[str, Any]] = {
        "url": "https://chat.googleapis.com/v1/spaces/AAAAAAAAAAA/messages?key=XXXX&token=YYYY"
    }

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings)
        self._made: dict[str, Answer] = {}
        self._threads: dict[str, str] = {}

    def routes(self) -> Routes:
        return {"POST /v1/spaces/{space}/messages": self.post}

    def fault(self, status: int, message: str) -> Answer:
        told = {"code": status, "message": message, "status": STATUSES.get(status, "INTERNAL")}
        return Answer(status=status, json={"error": told})

    def post(self, request: Request) -> Answer:
        self.check_query(request)
        body = self.json_of(request)
        if not good_message(body) or len(request.body) > MOST:
            raise Refused(
                self.fault(400, "Message cannot be empty, unknown in form, or longer than 32,000 bytes.")
            )
        id_ = request.query["requestId"]
        if id_ not in self._made:
            self._made[id_] = self.keep(request.at["space"], body)
        return self._made[id_]

    def check_query(self, request: Request) -> None:
        """Raises Refused."""
        if f"/spaces/{request.at['space']}/" not in self.given["url"]:
            raise Refused(self.fault(404, "Webhook not found."))
        if (request.query.get("key"), request.query.get("token")) != ("XXXX", "YYYY"):
            raise Refused(self.fault(401, "The key or token is wrong."))
        replies = request.query.get("messageReplyOption") == REPLY
        if not replies or not REQUEST_ID.fullmatch(request.query.get("requestId", "")):
            raise Refused(self.fault(400, "The query is wrong."))

    def keep(self, space: str, body: dict[str, Any]) -> Answer:
        key = body["thread"]["threadKey"]
        thread = self._threads.setdefault(key, f"spaces/{space}/threads/T{len(self._threads) + 1}")
        title = body["cardsV2"][0]["card"]["header"]["title"]
        if thread in self.tickets:
            self.tickets[thread].comments.append("\n".join(paragraphs_of(body)))
        else:
            self.tickets[thread] = Ticket(id=thread, fields=body)
        self.tickets[thread].closed = reads_closed(title)
        name = f"spaces/{space}/messages/M{len(self._made) + 1}"
        return Answer(status=200, json={"name": name, "thread": {"name": thread}})


def paragraphs_of(body: dict[str, Any]) -> list[str]:
    widgets = body["cardsV2"][0]["card"]["sections"][0]["widgets"]
    return [one["textParagraph"]["text"] for one in widgets if "textParagraph" in one]


def good_message(body: dict[str, Any]) -> bool:
    match body:
        case {
            "fallbackText": fallback,
            "cardsV2": [{"cardId": card_id, "card": {"header": header, "sections": sections}}],
            "thread": {"threadKey": key},
            **rest,
        }:
            return (
                not rest
                and is_text(fallback, 4000)
                and is_text(card_id, 64)
                and is_text(key, 4000)
                and set(header) <= {"title", "subtitle"}
                and all(is_text(text, MOST) for text in header.values())
                and all(good_section(section) for section in sections)
            )
    return False


def good_section(section: Any) -> bool:
    widgets = section.get("widgets", [])
    return set(section) == {"widgets"} and bool(widgets) and all(good_widget(one) for one in widgets)


def good_widget(widget: Any) -> bool:
    match widget:
        case {"textParagraph": {"text": text, **rest}, **beside}:
            return not rest and not beside and is_text(text, MOST)
        case {"decoratedText": {"topLabel": label, "text": text, **rest}, **beside}:
            return not beside and set(rest) <= {"wrapText"} and is_text(label, 100) and is_text(text, MOST)
    return False
