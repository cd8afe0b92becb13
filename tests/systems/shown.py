"""What the documents of the six systems show, copied: the tests need it where the documents are not at hand, and hold the
copies against them where they are.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from hookline.systems.examples import EXAMPLES as EXAMPLE_BODIES


class Header(NamedTuple):
    name: str
    shown: str
    """Its value in the document."""
    value: str
    """What is sent for the example: `{hmac}` is the signature in hex, `{id}` and `{type}` the event's own."""


class Example(NamedTuple):
    """A body that a document shows."""

    unit: str
    system: str
    body: Mapping[str, Any]
    other: Mapping[str, Any] = MappingProxyType({})
    """What Hookline sends in place of these fields: `contradictions.py` tells why."""

    @property
    def type(self) -> str:
        return str(self.body["event"] if "event" in self.body else self.body["event_type"])


HEADERS: Mapping[str, tuple[Header, ...]] = {
    "askpro-callbacks": (
        Header("X-Webhook-Signature", "sha256=<hmac_signature>", "sha256={hmac}"),
        Header("X-Webhook-Event", "callback.created", "{type}"),
        Header("X-Webhook-Idempotency-Key", "callback_123_created_1699876543", "{id}"),
        Header("X-Webhook-Delivery-Attempt", "1", "1"),
        Header("Content-Type", "application/json", "application/json"),
        Header("User-Agent", "AskProAI-Webhooks/1.0", "AskProAI-Webhooks/1.0"),
    ),
    "ai-support-autoresponder": (
        Header("Content-Type", "application/json", "application/json"),
        Header("X-Webhook-Signature", "HMAC-SHA256 signature (if secret configured)", "{hmac}"),
        Header("X-Webhook-Event", "Event type", "{type}"),
        Header("User-Agent", "AI-Support-Autoresponder/1.0", "AI-Support-Autoresponder/1.0"),
    ),
    "pbx": (
        Header("Content-Type", "application/json", "application/json"),
        Header("User-Agent", "PBX-Webhook/1.0", "PBX-Webhook/1.0"),
        Header("X-Webhook-Event", "call.started", "{type}"),
        Header("X-Webhook-ID", "call.started-1701964800000", "{id}"),
        Header("X-Webhook-Signature", "sha256=abc123...", "sha256={hmac}"),
    ),
    "urpa": (Header("X-URPA-Signature", "", "{hmac}"), Header("X-URPA-Event", "", "{type}")),
    "4calls": (Header("X-4Calls-Signature", "", "{hmac}"), Header("X-4Calls-Event", "", "{type}")),
}
"""The headers of a system's own. Those of `004` stand there without values."""

CREATED = Example(
    "001/HMAC Signature Verification/json",
    "askpro-callbacks",
    {
        "event": "callback.created",
        "idempotency_key": "callback_123_created_1699876543",
        "timestamp": "2025-11-13T16:30:45+01:00",
        "data": {
            "callback_request": {
                "id": 123,
                "customer_name": "Max Mustermann",
                "phone_number": "+4915112345678",
                "branch_name": "Salon Berlin Mitte",
                "service_name": "Herrenhaarschnitt",
                "priority": "high",
                "status": "pending",
                "is_overdue": False,
            }
        },
    },
    other={"idempotency_key": "callback_123_created_1763047845"},
)
OVERDUE = Example(
    "001/Example 1: Slack Integration/json",
    "askpro-callbacks",
    {
        "event": "callback.overdue",
        "timestamp": "2025-11-13T18:00:00+01:00",
        "data": {
            "callback_request": {
                "id": 45,
                "customer_name": "Anna Schmidt",
                "phone_number": "+4917012345678",
                "priority": "urgent",
                "is_overdue": True,
                "expires_at": "2025-11-13T17:00:00+01:00",
            }
        },
    },
    other={"idempotency_key": "callback_45_overdue_1763053200"},
)
TICKET = Example(
    "002/Webhook Payload Format/json",
    "ai-support-autoresponder",
    {
        "event": "ticket.created",
        "timestamp": "2024-01-15T10:30:00Z",
        "data": {
            "ticket": {
                "id": "uuid",
                "ticket_number": "TKT-2024-001",
                "subject": "Ticket subject",
                "status": "new",
                "customer_email": "customer@example.com",
            }
        },
    },
)
CALL = Example(
    "003/Webhook Payload Format/json",
    "pbx",
    {
        "event_id": "call.started-1701964800000",
        "event_type": "call.started",
        "timestamp": "2025-12-07T12:00:00.000000",
        "data": {
            "call_id": "abc123def456",
            "from_extension": "1001",
            "to_extension": "1002",
            "timestamp": "2025-12-07T12:00:00",
        },
    },
    other={"event_id": "call.started-1765108800000"},
)
CALL_STARTED = Example(
    "003/Call Started Event/json",
    "pbx",
    {
        "event_id": "call.started-1701964800123",
        "event_type": "call.started",
        "timestamp": "2025-12-07T12:00:00.123456",
        "data": {
            "call_id": "call-abc123",
            "from_extension": "1001",
            "to_extension": "1002",
            "timestamp": "2025-12-07T12:00:00",
        },
    },
    other={"event_id": "call.started-1765108800123"},
)
REGISTERED = Example(
    "003/Extension Registered Event/json",
    "pbx",
    {
        "event_id": "extension.registered-1701964800456",
        "event_type": "extension.registered",
        "timestamp": "2025-12-07T12:00:00.456789",
        "data": {
            "extension": "1001",
            "ip_address": "192.168.1.100",
            "port": 5060,
            "user_agent": "Yealink SIP-T46S 66.85.0.5",
            "timestamp": "2025-12-07T12:00:00",
        },
    },
    other={"event_id": "extension.registered-1765108800456"},
)
VOICEMAIL = Example(
    "003/Voicemail New Event/json",
    "pbx",
    {
        "event_id": "voicemail.new-1701964800789",
        "event_type": "voicemail.new",
        "timestamp": "2025-12-07T12:00:00.789012",
        "data": {
            "extension": "1001",
            "caller_id": "1002",
            "duration": 45,
            "file_path": "/voicemail/1001/msg_001.wav",
            "timestamp": "2025-12-07T12:00:00",
        },
    },
    other={"event_id": "voicemail.new-1765108800789"},
)
ACTIVITY = Example(
    "004/Webhook Payload Format/json",
    "urpa",
    {
        "event": "activity.created",
        "timestamp": "2026-01-22T10:30:00Z",
        "data": {"id": "uuid", "title": "Task title", "status": "pending"},
    },
)
EXAMPLES = (CREATED, OVERDUE, TICKET, CALL, CALL_STARTED, REGISTERED, VOICEMAIL, ACTIVITY)

PBX_LIST: list[Mapping[str, Any]] = [
    {
        "url": "https://your-server.com/webhooks/pbx",
        "events": ["*"],
        "enabled": True,
        "created_at": "2025-12-07T12:00:00",
        "last_sent": "2025-12-07T12:30:00",
        "success_count": 150,
        "failure_count": 2,
    }
]
PBX_ADDED: Mapping[str, Any] = {
    "success": True,
    "message": "Webhook subscription added: https://your-server.com/webhooks",
    "subscription": {
        "url": "https://your-server.com/webhooks",
        "events": ["call.started", "call.ended"],
        "enabled": True,
    },
}
"""Answers."""

RETELL = ("/webhooks/retell/call-started", "/webhooks/retell/call-ended", "/webhooks/retell/call-analyzed")
CALCOM = ("BOOKING_CREATED", "BOOKING_RESCHEDULED", "BOOKING_CANCELLED", "BOOKING_CONFIRMED")
URPA_HOOKS, URPA_EVENTS = "/api/urpa/integrations/webhooks", "/api/urpa/webhooks/events"
FOURCALLS_HOOKS = "/api/coordinator/organizations/{orgId}/webhooks"
URPA_REQUESTS = {
    f"POST {URPA_HOOKS}": "Register webhook",
    f"GET {URPA_HOOKS}": "List webhooks",
    f"PUT {URPA_HOOKS}/{{id}}": "Update webhook",
    f"DELETE {URPA_HOOKS}/{{id}}": "Delete webhook",
    f"GET {URPA_EVENTS}": "List webhook events",
    f"GET {URPA_EVENTS}/{{id}}": "Get webhook event details",
    f"POST {URPA_EVENTS}/{{id}}/retry": "Retry failed webhook",
}
FOURCALLS_REQUESTS = {
    f"POST {FOURCALLS_HOOKS}": "Register webhook",
    f"GET {FOURCALLS_HOOKS}": "List webhooks",
    f"PUT {FOURCALLS_HOOKS}/{{id}}": "Update webhook",
    f"DELETE {FOURCALLS_HOOKS}/{{id}}": "Delete webhook",
}
"""Requests, and what they are for."""

CONFIGURATIONS: tuple[Mapping[str, Any], ...] = (
    {
        "name": "CRM Integration",
        "url": "https://crm.example.com/webhooks/askproai",
        "subscribed_events": ["callback.created", "callback.assigned", "callback.completed"],
        "timeout_seconds": 10,
        "max_retry_attempts": 3,
        "headers": {"X-API-Key": "crm-api-key-here"},
        "description": "Send callback events to CRM for lead tracking",
    },
    {
        "name": "Slack Notifications",
        "url": "https://hooks.slack.com/services/T00/B00/XXX",
        "subscribed_events": ["callback.created", "callback.overdue"],
        "description": "Send alerts to #callbacks channel",
    },
    {
        "name": "HubSpot CRM",
        "url": "https://api.hubspot.com/webhooks/v3/askproai",
        "subscribed_events": ["callback.created", "callback.contacted", "callback.completed"],
        "headers": {"Authorization": "Bearer hubspot-api-token"},
    },
)
"""Of Callbacks, without the company, which the key says."""
DEFAULTS = {
    "is_active": True,
    "timeout_seconds": 10,
    "max_retry_attempts": 3,
    "headers": None,
    "description": None,
}
METRICS = (
    "total_deliveries",
    "successful_deliveries",
    "failed_deliveries",
    "success_rate",
    "last_triggered_at",
)
"""Of a configuration of Callbacks."""
PRINTED: Mapping[str, Any] = {
    "Jira": {
        "fields": {
            "project": {"key": "SUPPORT"},
            "summary": "{{subject}}",
            "description": "{{description}}\n\nCustomer: {{customer_name}}\nPhone: {{customer_phone}}",
            "issuetype": {"name": "Service Request"},
            "priority": {"name": "{{priority}}"},
        }
    },
    "Slack": {
        "text": "New support case: {{subject}}",
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": "*{{subject}}*\n{{description}}"}},
            {
                "type": "context",
                "elements": [
                    {"type": "mrkdwn", "text": "Customer: {{customer_name}}"},
                    {"type": "mrkdwn", "text": "Priority: {{priority}}"},
                ],
            },
        ],
    },
}
"""What the gateway sends of a service case to other systems."""
OUTPUT: Mapping[str, Any] = EXAMPLE_BODIES["OutputIn"]
"""An output of the gateway. What its document computes, the two ids, are numbers here."""
EXCHANGE = (
    "service_case_id",
    "direction",
    "endpoint",
    "request_payload",
    "response_status",
    "response_body",
    "duration_ms",
)
"""The fields of an exchange of the gateway's log."""

PAYLOADS: Mapping[str, tuple[str, ...]] = {
    "ticket.created": ("ticket",),
    "ticket.updated": ("ticket",),
    "ticket.resolved": ("ticket",),
    "ticket.escalated": ("ticket",),
    "ai.response.generated": ("ticket", "ai_response"),
    "ai.response.requires_review": ("ticket", "ai_response"),
    "ai.response.approved": ("ticket", "ai_response"),
    "ai.response.rejected": ("ticket", "ai_response", "reason"),
    "conversation.added": ("conversation",),
    "feedback.received": ("feedback",),
}
"""What the data of the autoresponder's events holds."""
INCLUDED: Mapping[str, str] = {
    "callback.created": "customer_name",
    "callback.assigned": "assigned_to",
    "callback.contacted": "contacted_at",
    "callback.completed": "completed_at",
    "callback.cancelled": "cancellation_reason",
    "callback.expired": "expires_at",
    "callback.overdue": "is_overdue",
    "callback.escalated": "escalation",
}
"""What a callback request holds with this event."""
PBX_EVENTS = (
    *("call.started", "call.answered", "call.ended", "call.hold"),
    *("call.resume", "call.transfer", "call.parked", "call.retrieved"),
    *("voicemail.new", "voicemail.read", "voicemail.deleted"),
    *("extension.registered", "extension.unregistered"),
    *("queue.call_added", "queue.call_answered", "queue.call_abandoned"),
    *("paging.started", "paging.ended"),
    *("conference.started", "conference.participant_joined"),
    *("conference.participant_left", "conference.ended"),
)
URPA_TYPES = (
    *("activity.created", "activity.updated", "activity.completed"),
    *("contact.created", "contact.updated", "ai_task.created", "taskjuggler.synced"),
)
FOURCALLS_TYPES = (
    *("contact.created", "contact.updated", "appointment.created", "appointment.confirmed"),
    *("appointment.cancelled", "appointment.updated", "campaign.started"),
)
CASE_FIELDS = (
    *("case_id", "subject", "description", "category", "priority"),
    *("customer_name", "customer_phone", "customer_email", "created_at", "call_recording_url"),
)
