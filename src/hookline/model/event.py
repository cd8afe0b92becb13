"""Event: what happened. Its data is kept and sent as the bytes that came."""

import msgspec

from hookline.clock import Micros
from hookline.model.ids import EndpointId, EventId, ReceiptId, SourceId, TenantId

JSON = "application/json"


class Origin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The request that an inbound event was made from."""

    receipt_id: ReceiptId
    source_id: SourceId
    original_type: str = ""
    """In the provider's words."""
    headers: tuple[tuple[str, str], ...] = ()
    """Of the request, those that the dialect `raw` may forward."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    id: EventId
    tenant_id: TenantId
    type: str
    data: bytes
    """Exactly as published: key order, number spelling, spaces."""
    content_type: str = JSON
    time: Micros
    """When it happened, by the publisher's word; else when it was accepted."""
    accepted_at: Micros
    idempotency_key: str | None = None
    fingerprint: bytes = b""
    """SHA-256 of what was published under the idempotency key, to tell a repeat from a conflict."""
    order_key: str = ""
    tags: tuple[str, ...] = ()
    matched: tuple[EndpointId, ...] = ()
    """The endpoints that it must reach, in the order of their deliveries' positions."""
    failures: dict[str, str] = {}
    """Endpoint id → why its filter failed on this event."""
    origin: Origin | None = None
    """None: it was published."""
    system: str = ""
    """The system that it belongs to: endpoints of other systems do not get it. Empty: all may."""
