"""Bodies as examples, for the document. A test sends each of them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

EXAMPLES: Mapping[str, Any] = MappingProxyType(
    {
        "EventIn": {
            "type": "call.started",
            "data": {"call": "c_1042", "from": "+4930123456"},
            "idempotency_key": "call-c_1042-started",
            "tags": ["berlin"],
        },
        "BatchIn": {
            "events": [
                {"type": "call.started", "data": {"call": "c_1042"}},
                {"type": "call.ended", "data": {"call": "c_1042", "seconds": 73}},
            ]
        },
        "EndpointIn": {
            "url": "https://example.com/hooks",
            "name": "Example",
            "events": ["call.*"],
            "filter": "data.seconds > 60",
            "retry": {"kind": "exponential", "first": 5, "attempts": 8},
            "rate": {"count": 10, "seconds": 1},
        },
        "EndpointInPatch": {"events": ["call.ended"], "filter": None, "active": True},
        "PreviewIn": {
            "template": {"json": {"ticket": {"title": "{{ subject }}", "case": "{{ case_id }}"}}},
            "type": "case.created",
            "data": {"case_id": 7, "subject": "No sound on incoming calls"},
        },
        "PresetTrialIn": {
            "settings": {
                "site": "https://jira.example.com",
                "project": "SUPPORT",
                "auth": "bearer",
                "token": "an-example-of-a-token",
            }
        },
        "HeldChoice": {"held": "release"},
        "EnabledIn": {"zone": "Europe/Berlin", "prefix": "acme"},
        "TrialIn": {"type": "call.started", "data": {"call": "c_1042"}},
        "RotateIn": {"overlap_seconds": 3600},
        "EventTypeIn": {
            "description": "A call has begun.",
            "schema": {"type": "object", "required": ["call"], "properties": {"call": {"type": "string"}}},
            "enforcement": "warn",
            "example": {"call": "c_1042"},
        },
        "SourceIn": {
            "provider": "stripe",
            "name": "Payments",
            "secrets": ["whsec_an_example_of_a_secret"],
            "types": {"invoice.paid": "payment.received"},
        },
        "SourceInPatch": {"tolerance": 600, "types": None},
        "RecordState": {
            "id": "1",
            "ticket_number": "TKT-2026-001",
            "subject": "No sound on incoming calls",
            "status": "new",
            "customer_email": "customer@example.com",
        },
        "RecordStatePatch": {"status": "resolved", "resolved_at": "2026-11-22T18:00:00Z"},
        "Declaration": {
            "owner": "docs",
            "tenants": {
                "declared": {
                    "name": "Acme",
                    "endpoints": {"crm": {"url": "https://example.com/hooks", "events": ["call.*"]}},
                    "sources": {
                        "payments": {"provider": "stripe", "secrets": ["whsec_an_example_of_a_secret"]}
                    },
                }
            },
        },
        "AcceptIn": {"verify": True},
        "ConfirmIn": {"secret_id": "sec_01hexampleofasecretsid"},
        "KeyIn": {"scope": "publish", "name": "The shop"},
        "TenantIn": {"id": "acme", "name": "Acme"},
        "TenantChangePatch": {"name": "Acme Ltd"},
    }
)
