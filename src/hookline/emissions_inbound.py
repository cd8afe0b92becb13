"""What Hookline emits of requests to its sources: the part of the table in `emissions` that is about receiving."""

from typing import ClassVar

from hookline import metrics
from hookline.emission import Emission, Level
from hookline.model.receipt import Outcome, Refusal


class RequestReceived(Emission, frozen=True, kw_only=True):
    """A request to a source was accepted: each of its events has a line of its own."""

    level = Level.SILENT
    counts = (metrics.RECEIPTS,)
    tenant_id: str
    source_id: str
    receipt_id: str
    provider: str
    outcome: Outcome


class RequestNoted(RequestReceived, frozen=True, kw_only=True):
    """A request to a source was a duplicate, a handshake, or held no event."""

    level = Level.INFO
    words = "Webhook noted: {provider} ({receipt_id}) - {outcome}"


class SignatureInvalid(Emission, frozen=True, kw_only=True):
    """A request to a source did not prove who sent it."""

    level = Level.WARNING
    words = "Invalid webhook signature from {provider}"
    counts = (metrics.RECEIPTS,)
    outcome: ClassVar[Outcome] = Outcome.REFUSED
    tenant_id: str
    source_id: str
    receipt_id: str
    provider: str
    cause: Refusal
    remote: str


class ReceiptRefused(SignatureInvalid, frozen=True, kw_only=True):
    """A request to a source was refused before its signature was looked at."""

    words = "Webhook refused: {provider} - {cause}"


class SourceFailed(Emission, frozen=True, kw_only=True):
    """A source does not fit the catalogue any more: what comes to it is refused."""

    level = Level.ERROR
    words = "Source {source_id} does not work: {reason}"
    tenant_id: str
    source_id: str
    provider: str
    reason: str


class ReceiptsDropped(Emission, frozen=True, kw_only=True):
    """Receipts of refused requests were not kept: too many came at once, or the database was lost."""

    level = Level.WARNING
    words = "Receipts dropped: {receipts}"
    counts = (metrics.RECEIPTS_DROPPED,)
    receipts: int


class SecretLearned(Emission, frozen=True, kw_only=True):
    """A provider told its secret in a handshake."""

    words = "Secret learned: source {source_id} from {provider}"
    tenant_id: str
    source_id: str
    provider: str
    confirmed: bool
    """False: it counts only when an operator confirms it."""
