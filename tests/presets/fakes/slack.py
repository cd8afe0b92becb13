"""Slack's incoming webhooks: blocks within their limits, and refusals of one word."""

import re
from typing import Any, ClassVar

import msgspec

from tests.presets.fakes.base import Fake, Refused, Routes, Ticket, utf16
from tests.presets.fakes.checks import is_text, is_whole
from tests.presets.fakes.server import Answer, Request

COLOR = re.compile(r"#[0-9A-Fa-f]{6}|good|warning|danger")
WORDS = {400: "invalid_payload", 403: "action_prohibited", 404: "no_service", 429: "rate_limited"}
TEXTS = {"fallback": 3000, "title": 1024, "title_link": 2000, "text": 8000}
"""Of an attachment: member → characters."""


class SlackFake(Fake):
    """Messages stand in `tickets` in the order in which they came: Slack tells no id of them."""

    preset = "slack"
    ADDRESS = "url"
    SETTINGS: ClassVar[dict[str, Any]] = {
        "url": "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
    }

    def routes(self) -> Routes:
        return {"POST /services/{team}/{app}/{key}": self.post}

    def fault(self, status: int, message: str) -> Answer:
        del message
        return Answer(status=status, text=WORDS.get(status, "rollup_error"))

    def post(self, request: Request) -> Answer:
        if request.at["key"] == "ARCHIVED":
            raise Refused(Answer(status=410, text="channel_is_archived"))
        if not self.given["url"].endswith(request.path):
            raise Refused(self.fault(404, ""))
        body = self.payload(request)
        self.check(body)
        number = str(len(self.tickets) + 1)
        self.tickets[number] = Ticket(id=number, fields=body)
        return Answer(status=200, text="ok")

    def payload(self, request: Request) -> dict[str, Any]:
        try:
            return msgspec.json.decode(request.body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refused(self.fault(400, "")) from error

    def check(self, body: dict[str, Any]) -> None:
        if set(body) - {"text", "blocks", "attachments", "channel", "thread_ts", "unfurl_links"}:
            raise self.wrong("invalid_payload")
        if not is_text(body.get("text"), 40_000) and "attachments" not in body:
            raise self.wrong("no_text")
        blocks, attachments = body.get("blocks", []), body.get("attachments", [])
        if not all(good_block(block) for block in blocks) or len(blocks) > 50:
            raise self.wrong("invalid_blocks")
        if sum(utf16(one) for block in blocks for one in texts_of(block)) > 13_000:
            raise self.wrong("msg_blocks_too_long")
        if not all(good_attachment(one) for one in attachments) or len(attachments) > 20:
            raise self.wrong("invalid_attachments")

    def wrong(self, word: str) -> Refused:
        return Refused(Answer(status=400, text=word))


def good_block(block: Any) -> bool:
    match block:
        case {"type": "section", "text": text, **rest}:
            return not rest and good_text(text, 3000)
        case {"type": "context", "elements": [_, *_] as elements, **rest}:
            return not rest and len(elements) <= 10 and all(good_text(one, 3000) for one in elements)
        case {"type": "header", "text": {"type": "plain_text"} as text, **rest}:
            return not rest and good_text(text, 150)
    return False


def good_text(text: Any, most: int) -> bool:
    known = isinstance(text, dict) and set(text) == {"type", "text"}
    return known and text["type"] in {"mrkdwn", "plain_text"} and is_text(text["text"], most)


def texts_of(block: dict[str, Any]) -> list[str]:
    return [one["text"] for one in block.get("elements", [block.get("text")])]


def good_attachment(attachment: Any) -> bool:
    if not isinstance(attachment, dict) or set(attachment) - {*TEXTS, "color", "fields", "mrkdwn_in", "ts"}:
        return False
    return (
        COLOR.fullmatch(attachment["color"]) is not None
        and is_text(attachment["fallback"], TEXTS["fallback"])
        and all(is_text(attachment[name], most) for name, most in TEXTS.items() if name in attachment)
        and all(good_field(field) for field in attachment.get("fields", []))
        and is_whole(attachment.get("ts", 0), 0, 2**33)
    )


def good_field(field: Any) -> bool:
    known = isinstance(field, dict) and set(field) == {"title", "value", "short"}
    return (
        known
        and is_text(field["title"], 255)
        and is_text(field["value"], 2000)
        and type(field["short"]) is bool
    )
