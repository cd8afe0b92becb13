"""Receipt: one inbound request as it came, accepted or refused, with the cause."""

from enum import StrEnum

import msgspec

from hookline.clock import Micros
from hookline.model.ids import EventId, ReceiptId, SourceId, TenantId

Headers = tuple[tuple[str, str], ...]


class Outcome(StrEnum):
    """What became of the request."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    """All that it holds was accepted before."""
    REFUSED = "refused"
    HANDSHAKE = "handshake"


class Refusal(StrEnum):
    """Why a request was not accepted."""

    NO_SIGNATURE = "no_signature"
    """Nothing in it is signed in a way that the source accepts."""
    BAD_SIGNATURE = "bad_signature"
    """It is signed, and not by a secret of the source, or what is signed was altered."""
    STALE_TIMESTAMP = "stale_timestamp"
    """The signature is good, and too old or too far ahead."""
    UNKNOWN_KEY = "unknown_key"
    """The key that it names, or that must be fetched, is not to be had, or the source has no secret yet."""
    KEY_UNAVAILABLE = "key_unavailable"
    """The key that must be fetched could not be had just then; the provider was asked to send again."""
    UNPARSABLE = "unparsable"
    """The signature stands in a body that cannot be read."""
    BODY_TOO_LARGE = "body_too_large"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    INACTIVE = "inactive"
    """The source is switched off."""
    HANDSHAKE_REFUSED = "handshake_refused"
    """A handshake whose check failed, or which would replace a secret."""


class ReceiptItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One event of the request."""

    event_id: EventId
    """Given for it; there is no such event where it was a duplicate, or could not be stored."""
    type: str
    original: str = ""
    """The type in the provider's words."""
    key: str = ""
    """What it was deduplicated by."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    id: ReceiptId
    tenant_id: TenantId
    source_id: SourceId
    received_at: Micros
    outcome: Outcome
    cause: Refusal | None = None
    handshake: str = ""
    """Its name, if it was one."""
    detail: str = ""
    """More of the cause, for people; or why the body was not taken apart."""
    status: int = 200
    """What was answered."""
    method: str = "POST"
    query: str = ""
    headers: Headers = ()
    """Credentials redacted."""
    remote: str = ""
    size: int = 0
    """Bytes of the body."""
    body: bytes | None = None
    """None: it is the data of its one event, or was too large to keep."""
    items: tuple[ReceiptItem, ...] = ()
    accepted_as: str = ""
    """The receipt under which it was accepted later, by a person."""
