"""Telegram's Bot API: messages in HTML, their edits, replies to them."""

import html
import re
from typing import Any, ClassVar

from tests.presets.fakes.base import Fake, Refused, Routes, Ticket, utf16
from tests.presets.fakes.checks import reads_closed
from tests.presets.fakes.server import Answer, Request

MOST = 4096
"""UTF-16 units, without tags."""
TAG = re.compile(r"<(/?)(\w+)[^<>]*>")
TAGS = ("b", "i", "u", "s", "code", "pre", "a")
ENTITY = re.compile(r"&(?!(lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);)")
SAME = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)
SEND = {"chat_id", "message_thread_id", "text", "parse_mode", "link_preview_options", "reply_parameters"}
EDIT = {"chat_id", "message_id", "text", "parse_mode", "link_preview_options"}


class TelegramFake(Fake):
    """A message is a ticket, and one that replies to it a comment. `fields` holds what was sent."""

    preset = "telegram"
    ADDRESS = "api_url"
    SETTINGS: ClassVar[dict[str, Any]] = {
        "token": "123456789:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
        "chat_id": "-1001234567890",
        "api_url": "https://api.telegram.org",
    }

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings)
        self._messages = 0

    def routes(self) -> Routes:
        return {"POST /{bot}/sendMessage": self.send, "POST /{bot}/editMessageText": self.edit}

    def fault(self, status: int, message: str) -> Answer:
        return Answer(status=status, json={"ok": False, "error_code": status, "description": message})

    def limited(self, seconds: int) -> Answer:
        told = {
            "ok": False,
            "error_code": 429,
            "description": f"Too Many Requests: retry after {seconds}",
            "parameters": {"retry_after": seconds},
        }
        return Answer(status=429, json=told, headers={"Retry-After": str(seconds)})

    def send(self, request: Request) -> Answer:
        body = self.checked(request, SEND)
        self._messages += 1
        reply = body.get("reply_parameters")
        if reply is None:
            id_ = str(self._messages)
            self.tickets[id_] = Ticket(id=id_, fields=body, closed=reads_closed(body["text"]))
        else:
            self.reply(reply, body["text"])
        return self.made(self._messages)

    def reply(self, reply: dict[str, Any], text: str) -> None:
        message = reply.get("message_id")
        if type(message) is not int:
            raise self.wrong("invalid reply parameters")
        if str(message) in self.tickets:
            self.tickets[str(message)].comments.append(html.unescape(text))
        elif reply.get("allow_sending_without_reply") is not True:
            raise self.wrong("message to be replied not found")

    def edit(self, request: Request) -> Answer:
        body = self.checked(request, EDIT)
        if type(body.get("message_id")) is not int:
            raise self.wrong("message identifier is not specified")
        ticket = self.tickets.get(str(body["message_id"]))
        if ticket is None:
            raise self.wrong("message to edit not found")
        if ticket.fields["text"] == body["text"]:
            raise Refused(self.fault(400, SAME))
        ticket.fields["text"] = body["text"]
        ticket.closed = reads_closed(body["text"])
        return self.made(int(ticket.id))

    def made(self, message: int) -> Answer:
        chat = {"id": int(self.given["chat_id"]), "type": "supergroup"}
        return Answer(status=200, json={"ok": True, "result": {"message_id": message, "chat": chat}})

    def wrong(self, sentence: str) -> Refused:
        return Refused(self.fault(400, f"Bad Request: {sentence}"))

    def checked(self, request: Request, known: set[str]) -> dict[str, Any]:
        """Raises Refused."""
        if request.at["bot"] != f"bot{self.given['token']}":
            raise Refused(self.fault(401, "Unauthorized"))
        body = self.json_of(request)
        if set(body) - known or body.get("parse_mode") != "HTML":
            raise self.wrong("unknown members")
        if str(body.get("chat_id")) != self.given["chat_id"]:
            raise self.wrong("chat not found")
        if type(body.get("message_thread_id", 1)) is not int:
            raise self.wrong("message thread not found")
        shown = self.parsed(body.get("text"))
        if not shown.strip():
            raise self.wrong("message text is empty")
        if utf16(shown) > MOST:
            raise self.wrong("message is too long")
        return body

    def parsed(self, text: Any) -> str:
        """What people see. Raises Refused for what is no HTML to Telegram."""
        if not isinstance(text, str):
            raise self.wrong("message text is empty")
        opened: list[str] = []
        for closing, tag in TAG.findall(text):
            if tag not in TAGS or (closing and (not opened or opened.pop() != tag)):
                raise self.wrong(f"can't parse entities: unexpected tag {tag}")
            opened += [] if closing else [tag]
        bare = TAG.sub("", text)
        if opened or "<" in bare or ENTITY.search(bare):
            raise self.wrong("can't parse entities")
        return html.unescape(bare)
