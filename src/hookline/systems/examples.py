"""Bodies of the systems' own paths as examples, by the structs that read them. A test sends each of them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

EXAMPLES: Mapping[str, Any] = MappingProxyType(
    {
        "TrialIn": {"config_id": "ep_01k8k2k5mw0001hsth1vp76r"},
        "OutputIn": {
            "company_id": 7,
            "category_id": 5,
            "output_type": "webhook",
            "webhook_url": "https://example.com/webhook",
            "webhook_method": "POST",
            "webhook_headers": {"Authorization": "Bearer token123", "Content-Type": "application/json"},
            "webhook_template": '{"ticket": {"title": "{{subject}}", "body": "{{description}}"}}',
        },
        "ReceivedIn": {
            "event": "ticket.create",
            "data": {
                "subject": "Support Request",
                "message": "Customer message here",
                "customer_email": "customer@example.com",
                "customer_name": "John Doe",
                "priority": "medium",
                "category": "Technical",
            },
        },
        "ConfigurationIn": {
            "name": "CRM Integration",
            "url": "https://crm.example.com/webhooks/askproai",
            "subscribed_events": ["callback.created", "callback.assigned", "callback.completed"],
            "timeout_seconds": 10,
            "max_retry_attempts": 3,
            "headers": {"X-API-Key": "crm-api-key-here"},
            "description": "Send callback events to CRM for lead tracking",
        },
        "SubscriptionIn": {
            "url": "https://your-server.com/webhooks",
            "events": ["call.started", "call.ended"],
            "secret": "your-secret-key",
            "headers": {"Authorization": "Bearer token123"},
        },
        "WebhookIn": {
            "url": "https://example.com/webhooks",
            "events": ["contact.created", "contact.updated"],
            "secret": "sixteen-characters-or-more",
            "is_active": True,
        },
    }
)
