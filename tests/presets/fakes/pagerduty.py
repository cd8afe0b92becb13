"""PagerDuty's Events API v2: one alert for each `dedup_key` while it is open."""

from typing import Any, ClassVar

from tests.presets.fakes.base import Fake, Refused, Routes, Ticket
from tests.presets.fakes.checks import is_text, is_time
from tests.presets.fakes.server import Answer, Request

MOST = 512_000
"""Bytes of an event."""
SEVERITIES = ("critical", "error", "warning", "info")
PAYLOAD = {"summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"}
EVENT = {"routing_key", "event_action", "dedup_key", "payload", "images", "links", "client", "client_url"}


class PagerDutyFake(Fake):
    """`fields`: the payload that opened or last changed it; `comments`: what custom details said as `comment`."""

    preset = "pagerduty"
    ADDRESS = "api_url"
    SETTINGS: ClassVar[dict[str, Any]] = {
        "routing_key": "0123456789abcdef0123456789abcdef",
        "api_url": "https://events.pagerduty.com",
    }

    def routes(self) -> Routes:
        return {"POST /v2/enqueue": self.enqueue}

    def fault(self, status: int, message: str) -> Answer:
        kind = {400: "invalid event", 429: "throttle exceeded"}.get(status, "error")
        return Answer(status=status, json={"status": kind, "message": message, "errors": []})

    def enqueue(self, request: Request) -> Answer:
        body = self.json_of(request)
        errors = errors_of(body)
        if body.get("routing_key") != self.given["routing_key"]:
            errors = ["'routing_key' is invalid"]
        if len(request.body) > MOST:
            raise Refused(self.fault(413, "The event is larger than 512 KB."))
        if errors:
            told = {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
            raise Refused(Answer(status=400, json=told))
        key = body.get("dedup_key") or f"made-{len(self.tickets) + 1}"
        if body["event_action"] == "trigger":
            self.trigger(key, body["payload"])
        elif key in self.tickets:
            self.tickets[key].closed = body["event_action"] == "resolve"
        return Answer(status=202, json={"status": "success", "message": "Event processed", "dedup_key": key})

    def trigger(self, key: str, payload: dict[str, Any]) -> None:
        alert = self.tickets.setdefault(key, Ticket(id=key))
        comment = payload.get("custom_details", {}).get("comment")
        alert.fields, alert.closed = payload, False
        alert.comments += [comment] if comment else []


def errors_of(body: dict[str, Any]) -> list[str]:
    errors = [f"'{name}' is unknown" for name in sorted(set(body) - EVENT)]
    if body.get("event_action") not in {"trigger", "acknowledge", "resolve"}:
        errors.append("'event_action' is invalid")
    if not is_text(body.get("dedup_key", "-"), 255, len):
        errors.append("'dedup_key' is invalid")
    if body.get("event_action") == "trigger":
        return errors + errors_of_payload(body.get("payload"))
    return errors if body.get("dedup_key") else [*errors, "'dedup_key' is missing"]


def errors_of_payload(payload: Any) -> list[str]:
    if not isinstance(payload, dict):
        return ["'payload' is missing or blank"]
    good = {
        "summary": is_text(payload.get("summary"), 1024, len),
        "source": is_text(payload.get("source"), 1024, len),
        "severity": payload.get("severity") in SEVERITIES,
        "timestamp": is_time(payload.get("timestamp", "2026-01-01T00:00:00Z")),
        "custom_details": isinstance(payload.get("custom_details", {}), dict),
    }
    errors = [f"'payload.{name}' is missing or invalid" for name, fine in good.items() if not fine]
    return errors + [f"'payload.{name}' is unknown" for name in sorted(set(payload) - PAYLOAD)]
