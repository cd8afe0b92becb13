"""Discord's webhooks: messages with embeds within their limits, and edits of them."""

from typing import Any, ClassVar

from tests.presets.fakes.base import Fake, Refused, Routes, Ticket, utf16
from tests.presets.fakes.checks import is_text, is_time, is_whole, reads_closed
from tests.presets.fakes.server import Answer, Request

FIRST = 1_137_000_000_000_000_000
CHANNEL = "1135000000000000000"
EMBED = {"title": 256, "description": 4096}
MOST_TOGETHER = 6000

Errors = dict[str, str]


class DiscordFake(Fake):
    """A message with an embed is a ticket. A message with `**TITLE**` as its first line is a comment on the last ticket whose
    title ends so.
    """

    preset = "discord"
    ADDRESS = "url"
    SETTINGS: ClassVar[dict[str, Any]] = {
        "url": "https://discord.com/api/webhooks/1136000000000000000/XXXXXXXXXXXX",
        "server_id": "1134000000000000000",
    }

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings)
        self._messages = 0

    def routes(self) -> Routes:
        webhook = "/api/webhooks/{webhook}/{token}"
        return {f"POST {webhook}": self.post, f"PATCH {webhook}/messages/{{message}}": self.edit}

    def fault(self, status: int, message: str) -> Answer:
        return Answer(status=status, json={"code": 0, "message": message})

    def limited(self, seconds: int) -> Answer:
        told = {"message": "You are being rate limited.", "retry_after": float(seconds), "global": False}
        return Answer(status=429, json=told, headers={"Retry-After": str(seconds)})

    def post(self, request: Request) -> Answer:
        body, channel = self.checked(request), request.query.get("thread_id", CHANNEL)
        self._messages += 1
        id_ = str(FIRST + self._messages)
        if "embeds" in body:
            self.tickets[id_] = Ticket(id=id_, fields=body)
            self.tickets[id_].closed = reads_closed(body["embeds"][0]["title"])
        else:
            self.comment(body["content"])
        if request.query.get("wait") != "true":
            return Answer(status=204)
        return Answer(status=200, json={"id": id_, "channel_id": channel, "content": body.get("content", "")})

    def comment(self, content: str) -> None:
        title, _, text = content.partition("\n")
        about = [
            one
            for one in self.tickets.values()
            if one.fields["embeds"][0]["title"].endswith(title.strip("*"))
        ]
        for ticket in about[-1:] or list(self.tickets.values())[-1:]:
            ticket.comments.append(text)

    def edit(self, request: Request) -> Answer:
        body = self.checked(request)
        ticket = self.tickets.get(request.at["message"])
        if ticket is None:
            raise Refused(Answer(status=404, json={"message": "Unknown Message", "code": 10008}))
        ticket.fields = {**ticket.fields, **body}
        ticket.closed = reads_closed(body["embeds"][0]["title"])
        return Answer(
            status=200, json={"id": ticket.id, "channel_id": request.query.get("thread_id", CHANNEL)}
        )

    def checked(self, request: Request) -> dict[str, Any]:
        """Raises Refused."""
        if f"/{request.at['webhook']}/" not in self.given["url"]:
            raise Refused(Answer(status=404, json={"message": "Unknown Webhook", "code": 10015}))
        if not self.given["url"].endswith(f"/{request.at['token']}"):
            raise Refused(Answer(status=401, json={"message": "Invalid Webhook Token", "code": 50027}))
        body = self.json_of(request)
        errors = errors_of(body)
        if errors:
            told = {"code": 50035, "message": "Invalid Form Body", "errors": errors}
            raise Refused(Answer(status=400, json=told))
        return body


def errors_of(body: dict[str, Any]) -> Errors:
    errors = dict.fromkeys(set(body) - {"content", "embeds", "allowed_mentions"}, "unknown")
    if "content" not in body and "embeds" not in body:
        return {"content": "Cannot send an empty message"}
    if "content" in body and not is_text(body["content"], 2000):
        errors["content"] = "Must be between 1 and 2000 in length."
    embeds = body.get("embeds", [])
    if not isinstance(embeds, list) or len(embeds) > 10:
        return {"embeds": "Must be 10 or fewer in length."}
    for number, embed in enumerate(embeds):
        errors |= {f"embeds.{number}.{name}": told for name, told in errors_of_embed(embed).items()}
    if not errors and sum(length_of(embed) for embed in embeds) > MOST_TOGETHER:
        errors["embeds"] = "Embed size exceeds maximum size of 6000"
    return errors


def errors_of_embed(embed: dict[str, Any]) -> Errors:
    good = {
        "color": is_whole(embed.get("color", 0), 0, 0xFFFFFF),
        "timestamp": is_time(embed.get("timestamp", "2026-01-01T00:00:00Z")),
        "fields": len(embed.get("fields", [])) <= 25,
        "footer": is_text(embed.get("footer", {"text": "-"}).get("text"), 2048),
        **{name: is_text(embed.get(name, "-"), most) for name, most in EMBED.items()},
    }
    errors = {name: "is wrong" for name in embed if not good.get(name, False)}
    for number, field in enumerate(embed.get("fields", [])):
        known = set(field) <= {"name", "value", "inline"} and type(field.get("inline", False)) is bool
        if not known or not is_text(field.get("name"), 256) or not is_text(field.get("value"), 1024):
            errors[f"fields.{number}"] = "is wrong"
    return errors


def length_of(embed: dict[str, Any]) -> int:
    fields = [field[part] for field in embed.get("fields", []) for part in ("name", "value")]
    texts = [embed.get("title", ""), embed.get("description", ""), embed.get("footer", {}).get("text", "")]
    return sum(utf16(text) for text in (*texts, *fields))
