"""The table of what Hookline emits: each class is one line of the log, and names the metrics that it drives.

`words` is the line for people; the fields are the line for machines. No field holds a payload or a secret: a URL
is a `BareUrl`.
"""

from enum import StrEnum
from typing import ClassVar, Literal

import msgspec

from hookline import metrics
from hookline.emission import BareUrl, Emission, Level
from hookline.emissions_declared import DeclarationApplied, DeclarationRefused
from hookline.emissions_inbound import (
    ReceiptRefused,
    ReceiptsDropped,
    RequestNoted,
    RequestReceived,
    SecretLearned,
    SignatureInvalid,
    SourceFailed,
)
from hookline.emissions_library import LibraryDebug, LibraryError, LibraryNote, LibraryWarning
from hookline.emissions_records import DeadlinePassed, DeliveryExhausted, RecordRuleFailed, RecordSaved
from hookline.model.attempt import Cause


class Route(StrEnum):
    PUBLISH = "publish"
    RECEIVE = "receive"
    API = "api"
    HEALTH = "health"
    PAGE = "page"
    OTHER = "other"


StatusClass = Literal["2xx", "3xx", "4xx", "5xx"]


class EventReceived(Emission, frozen=True, kw_only=True):
    """An event was committed, with everything that it must reach."""

    words = "Event received: {type} ({event_id}, {matched} endpoints)"
    counts = (metrics.EVENTS_ACCEPTED,)
    observes = ((metrics.PUBLISH_SECONDS, "seconds"),)
    tenant_id: str
    event_id: str
    type: str
    size: int
    """Bytes of its data."""
    matched: int
    """How many endpoints it must reach."""
    seconds: float


class EventDuplicate(Emission, frozen=True, kw_only=True):
    """A publish repeated an idempotency key: the earlier event was answered."""

    words = "Event repeated: {type} ({event_id})"
    counts = (metrics.EVENTS_DUPLICATE,)
    tenant_id: str
    event_id: str
    type: str


class FilterFailed(Emission, frozen=True, kw_only=True):
    """A filter failed on one event, which therefore did not go to that endpoint."""

    level = Level.WARNING
    words = "Filter failed: {type} ({event_id}) for endpoint {endpoint_id} - {reason}"
    tenant_id: str
    event_id: str
    endpoint_id: str
    type: str
    reason: str


class FilterSwitchedOff(Emission, frozen=True, kw_only=True):
    """A filter was slow again and again, and was switched off."""

    level = Level.WARNING
    words = "Filter switched off: endpoint {endpoint_id} - {reason}"
    counts = (metrics.FILTERS_OFF,)
    tenant_id: str
    endpoint_id: str
    reason: str


class AttemptDelivered(Emission, frozen=True, kw_only=True):
    """A receiver answered 2xx."""

    words = "Webhook delivered: {type} -> {url} (status: {status})"
    counts = (metrics.ATTEMPTS,)
    observes = ((metrics.ATTEMPT_SECONDS, "seconds"), (metrics.DELIVERY_SECONDS, "age"))
    outcome: ClassVar[str] = "delivered"
    tenant_id: str
    event_id: str
    endpoint_id: str
    delivery_id: str
    type: str
    url: BareUrl
    status: int
    number: int
    """Which attempt it was, from 1."""
    seconds: float
    """The whole exchange."""
    age: float
    """Seconds since the event was accepted."""
    resent: bool = False


class AttemptFailed(Emission, frozen=True, kw_only=True):
    """An exchange ended without a 2xx. `next_seconds` says when the next one is due, if one is."""

    level = Level.WARNING
    words = "Webhook delivery failed (attempt {number}/{max_attempts}): {type} -> {url} - {reason}"
    counts = (metrics.ATTEMPTS,)
    observes = ((metrics.ATTEMPT_SECONDS, "seconds"),)
    tenant_id: str
    event_id: str
    endpoint_id: str
    delivery_id: str
    type: str
    url: BareUrl
    cause: Cause
    status: int | None = None
    detail: str = ""
    number: int
    max_attempts: int
    seconds: float
    next_seconds: float | None = None
    resent: bool = False

    @property
    def outcome(self) -> Cause:
        return self.cause

    def sentence(self) -> str:
        return self.words.format_map(msgspec.structs.asdict(self) | {"reason": self._reason()})

    def _reason(self) -> str:
        if self.status is not None and self.cause is Cause.STATUS:
            return f"HTTP {self.status}"
        return self.detail or self.cause.replace("_", " ")


class DeliveryEnded(Emission, frozen=True, kw_only=True):
    """A delivery came to its end other than by success."""

    level = Level.WARNING
    words = "Webhook given up ({state}): {type} ({delivery_id}) for endpoint {endpoint_id} - {reason}"
    counts = (metrics.GIVEN_UP,)
    tenant_id: str
    event_id: str
    endpoint_id: str
    delivery_id: str
    type: str
    state: Literal["dead", "cancelled", "expired"]
    reason: str


class EndpointFailing(Emission, frozen=True, kw_only=True):
    """An endpoint fails again and again: it is now probed, one request at a time."""

    level = Level.WARNING
    words = "Endpoint failing: {url} ({endpoint_id}) - {reason}"
    tenant_id: str
    endpoint_id: str
    url: BareUrl
    reason: str


class EndpointRecovered(Emission, frozen=True, kw_only=True):
    """A probe succeeded: the endpoint's pace climbs again."""

    words = "Endpoint recovered: {url} ({endpoint_id})"
    tenant_id: str
    endpoint_id: str
    url: BareUrl


class EndpointDisabled(Emission, frozen=True, kw_only=True):
    """An endpoint was disabled, after days of failure or because it answered 410."""

    level = Level.WARNING
    words = "Endpoint disabled: {url} ({endpoint_id}) - {reason}"
    counts = (metrics.ENDPOINTS_DISABLED,)
    tenant_id: str
    endpoint_id: str
    url: BareUrl
    reason: str


class NodeStarted(Emission, frozen=True, kw_only=True):
    """A process is ready."""

    words = "Hookline {version} started: {address} on {database}"
    node_id: str
    node_name: str
    version: str
    address: str
    database: str
    """`sqlite` or `postgresql`, never the URL."""


class NodeStopping(Emission, frozen=True, kw_only=True):
    """A process was asked to stop, and lets its exchanges finish."""

    words = "Stopping: {in_flight} exchanges finish, for {grace:g} s at most"
    node_id: str
    in_flight: int
    grace: float


class NodeStopped(Emission, frozen=True, kw_only=True):
    """A process ended in order; what it did not finish lies due for others."""

    words = "Stopped: {released} deliveries handed over"
    node_id: str
    released: int


class NodeTakenOver(Emission, frozen=True, kw_only=True):
    """A silent node's work was taken over."""

    level = Level.WARNING
    words = "Node {silent_node_id} is silent: {deliveries} deliveries taken over"
    counts = (metrics.TAKEOVERS,)
    node_id: str
    silent_node_id: str
    deliveries: int


class RestoreHeld(Emission, frozen=True, kw_only=True):
    """The process was started on a restored backup: what waited in it is held."""

    level = Level.WARNING
    words = "Restored backup: {deliveries} waiting deliveries are held"
    deliveries: int


class DatabaseLost(Emission, frozen=True, kw_only=True):
    """The database does not answer: publishing is refused until it is back."""

    level = Level.ERROR
    words = "Database lost: {reason}"
    counts = (metrics.DATABASE_LOST,)
    reason: str


class DatabaseBack(Emission, frozen=True, kw_only=True):
    """The database answers again."""

    words = "Database back after {seconds:.1f} s"
    seconds: float


class PublishingShed(Emission, frozen=True, kw_only=True):
    """Publishing is refused because too much waits; told once until it ends."""

    level = Level.WARNING
    words = "Publishing refused: {waiting} deliveries wait, {limit} are allowed"
    tenant_id: str = ""
    """The tenant whose own bound it is; empty when it is everybody's."""
    waiting: int
    limit: int


class Pruned(Emission, frozen=True, kw_only=True):
    """Old rows were deleted."""

    words = "Pruned: {events} events, {receipts} receipts, {keys} idempotency keys"
    events: int
    receipts: int
    keys: int


class SecretsRevealed(Emission, frozen=True, kw_only=True):
    """Somebody was shown the signing secrets of an endpoint."""

    words = "Secrets revealed: endpoint {endpoint_id} to key {key_id}"
    tenant_id: str
    endpoint_id: str
    key_id: str


class RequestRefused(Emission, frozen=True, kw_only=True):
    """A request was refused, by the code of its problem document."""

    words = "Request refused: {method} {path} - {status} {code}"
    tenant_id: str = ""
    method: str
    path: str
    """Without its query."""
    status: int
    code: str
    remote: str = ""
    """The address that it came from: the caller's own where `trusted_proxies` vouch for it."""


class RequestAnswered(Emission, frozen=True, kw_only=True):
    """A request was answered."""

    level = Level.SILENT
    counts = (metrics.REQUESTS,)
    observes = ((metrics.REQUEST_SECONDS, "seconds"),)
    route: Route
    status: StatusClass
    seconds: float


class GroupCommitted(Emission, frozen=True, kw_only=True):
    """Several callers shared one commit."""

    level = Level.SILENT
    observes = ((metrics.GROUP_ROWS, "rows"), (metrics.GROUP_SECONDS, "seconds"))
    work: Literal["publish", "record"]
    rows: int
    seconds: float


class BacklogMeasured(Emission, frozen=True, kw_only=True):
    """Upkeep counted what is due and waits."""

    level = Level.SILENT
    sets = ((metrics.BACKLOG, "waiting"), (metrics.BACKLOG_AGE, "oldest_seconds"))
    waiting: int
    oldest_seconds: float


class Fault(Emission, frozen=True, kw_only=True):
    """An unexpected error: a bug in Hookline, or a machine that fails under it."""

    level = Level.ERROR
    words = "Unexpected error in {where}: {error}"
    counts = (metrics.FAULTS,)
    where: str
    error: str
    trace: str

    def trace_text(self) -> str:
        return self.trace


EMISSIONS: tuple[type[Emission], ...] = (
    EventReceived,
    EventDuplicate,
    RequestReceived,
    RequestNoted,
    SignatureInvalid,
    ReceiptRefused,
    SourceFailed,
    ReceiptsDropped,
    SecretLearned,
    RecordSaved,
    RecordRuleFailed,
    DeadlinePassed,
    DeliveryExhausted,
    FilterFailed,
    FilterSwitchedOff,
    AttemptDelivered,
    AttemptFailed,
    DeliveryEnded,
    EndpointFailing,
    EndpointRecovered,
    EndpointDisabled,
    NodeStarted,
    NodeStopping,
    NodeStopped,
    NodeTakenOver,
    RestoreHeld,
    DatabaseLost,
    DatabaseBack,
    PublishingShed,
    Pruned,
    SecretsRevealed,
    RequestRefused,
    RequestAnswered,
    GroupCommitted,
    BacklogMeasured,
    DeclarationApplied,
    DeclarationRefused,
    Fault,
    LibraryNote,
    LibraryDebug,
    LibraryWarning,
    LibraryError,
)
