"""Endpoint: where to send, what, and how."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec

from hookline.clock import Micros
from hookline.model.ids import EndpointId, SecretId, TenantId
from hookline.model.retry import DEFAULT_RETRY, AnyRetryPolicy
from hookline.model.template import Template
from hookline.model.tenant import Metadata

Timeout = Annotated[float, msgspec.Meta(ge=0.5, le=60)]
"""Seconds for a whole exchange."""


class Order(StrEnum):
    """`endpoint`: one after the other; `key`: one after the other for each `order_key` of the events."""

    NONE = "none"
    ENDPOINT = "endpoint"
    KEY = "key"


class NoAuth(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="none"
):
    pass


class BasicAuth(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="basic"
):
    username: str
    password: str


class BearerAuth(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="bearer"
):
    token: str


class HeaderAuth(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="header"
):
    """An API key in a header of its own."""

    name: str
    value: str


class OAuth2Auth(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="oauth2"
):
    """An access token of a token server, by client credentials (RFC 6749, 4.4)."""

    token_url: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
    client_id: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
    client_secret: Annotated[str, msgspec.Meta(max_length=4096)]
    scope: Annotated[str, msgspec.Meta(max_length=4096)] = ""
    """What is asked for, words with a space between them."""
    audience: Annotated[str, msgspec.Meta(max_length=2048)] = ""
    """For token servers that want to know whom the token is for."""
    send_in: Literal["header", "body"] = "header"
    """Where the token server takes id and secret: as Basic in `Authorization`, or as fields of the body."""


class ClientTls(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What TLS with one receiver has of its own (mutual TLS). All of it is PEM."""

    certificate: Annotated[str, msgspec.Meta(max_length=65_536)] = ""
    """What Hookline shows to the receiver: its certificate first, then those between it and the authority."""
    key: Annotated[str, msgspec.Meta(max_length=16_384)] = ""
    """The certificate's private key, not encrypted. One is given with the other, or neither."""
    ca: Annotated[str, msgspec.Meta(max_length=262_144)] = ""
    """The authorities that the receiver's certificate must come from. Empty: those of the machine."""


Auth = NoAuth | BasicAuth | BearerAuth | HeaderAuth | OAuth2Auth
NO_AUTH = NoAuth()


class Rate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most `count` requests each `seconds`, over all nodes together."""

    count: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    seconds: Annotated[float, msgspec.Meta(ge=0.1, le=86_400)] = 1.0


class Batch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Up to `count` events in one request, or what has gathered `seconds` after the first."""

    count: Annotated[int, msgspec.Meta(ge=2, le=1_000)]
    seconds: Annotated[float, msgspec.Meta(ge=0.1, le=3_600)] = 5.0


CaseAction = Literal["create", "update", "comment", "close", "skip"]
"""What an event is to a case (`model/case.py`); `skip`: nothing of it is sent."""


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """One signing secret. `value` as the user knows it: `whsec_…` (HMAC), `whsk_…` (ed25519), or any string."""

    id: SecretId
    value: str
    created_at: Micros
    expires_at: Micros | None = None
    """Set when a newer secret has taken over: both sign until then."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    id: EndpointId
    tenant_id: TenantId
    url: str
    """With a preset: how its URLs begin, as far as that may be shown."""
    name: str = ""
    description: str = ""
    events: tuple[str, ...] = ("*",)
    filter: str = ""
    """A CEL expression over `type`, `data`, `tags`, `time`; empty: everything."""
    filter_off: str = ""
    """Why the gateway switched the filter off, until it is saved again; it fails for every event then."""
    method: str = "POST"
    headers: dict[str, str] = {}
    auth: Auth = NO_AUTH
    tls: ClientTls | None = None
    secrets: tuple[Secret, ...] = ()
    """Newest first. Empty: requests are not signed, and say so."""
    system: str = ""
    """The system that it belongs to: it gets no events of others. Empty: it may get all."""
    zone: str = ""
    """IANA name of the zone that its dialect writes times in; empty: the dialect's own."""
    dialect: str = "standard"
    timeout: float = 15.0
    """Seconds for the whole exchange."""
    retry: AnyRetryPolicy = DEFAULT_RETRY
    rate: Rate | None = None
    concurrency: int = 32
    """Requests at once, for each node."""
    order: Order = Order.NONE
    batch: Batch | None = None
    max_age: float | None = None
    """Seconds after which a waiting delivery expires."""
    preset: str = ""
    """The preset that says what is sent, and where; empty: `url`, `method` and the dialect do."""
    settings: dict[str, Any] = {}
    """What the preset asks for, whole; some of it is secret."""
    actions: dict[str, CaseAction] = {}
    """Pattern of event types → what such events are to the case, where the preset should not decide that itself."""
    template: Template | None = None
    """The endpoint's own form of what is sent; None: the dialect's."""
    active: bool = True
    disabled_reason: str = ""
    """Why the gateway switched it off; empty when a person did, or when it is active."""
    metadata: Metadata = {}
    created_at: Micros
    updated_at: Micros
    version: int = 0
    """The tenant's config version of its last change."""

    @property
    def queued(self) -> bool:
        """Its deliveries always wait in the database first: their pace is decided there, over all nodes."""
        return self.ordered or self.batch is not None or self.rate is not None

    @property
    def ordered(self) -> bool:
        """Of each key only the first goes; with a preset, of each case: nothing is updated before it is made."""
        return self.order is not Order.NONE or bool(self.preset)


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts at an endpoint since it was created. Times are None before the first."""

    total: int = 0
    succeeded: int = 0
    failed: int = 0
    last_attempt_at: Micros | None = None
    last_success_at: Micros | None = None

    @property
    def success_rate(self) -> float | None:
        """Percent, None before the first attempt."""
        return round(100 * self.succeeded / self.total, 2) if self.total else None


class HourCount(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts at an endpoint that ended within one hour. `hour` counts hours since 1970."""

    hour: int
    succeeded: int = 0
    failed: int = 0
