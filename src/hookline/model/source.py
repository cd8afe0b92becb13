"""Source: an inbound URL: a provider, its secrets, its rules."""

from enum import StrEnum
from typing import Annotated, Any

import msgspec

from hookline.clock import Micros
from hookline.model.endpoint import Secret
from hookline.model.ids import SourceId, TenantId
from hookline.model.tenant import Metadata

DEFAULT_BODY_LIMIT = 1024 * 1024
MAX_BODY_LIMIT = 25 * 1024 * 1024


class Verification(StrEnum):
    """`required`: only what is proven is accepted. `optional`: what bears no signature is accepted too; a wrong one is
    refused all the same. `with_secret`: as required once the source has a secret; until then everything is accepted.
    """

    REQUIRED = "required"
    OPTIONAL = "optional"
    WITH_SECRET = "with_secret"  # noqa: S105  no secret itself


class SourceAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an accepted request, and a duplicate, is answered with."""

    status: Annotated[int, msgspec.Meta(ge=200, le=299)] = 200
    body: Annotated[str, msgspec.Meta(max_length=4096)] = ""
    content_type: Annotated[str, msgspec.Meta(max_length=128, pattern=r"^[ -~]*$(?!\n)")] = "text/plain"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    id: SourceId
    tenant_id: TenantId
    provider: str
    name: str = ""
    description: str = ""
    token: str
    """The last part of its URL: who knows it can knock."""
    path: str = ""
    """A readable URL beside it; empty: none."""
    url: str = ""
    """As the provider knows it, for signatures over the URL; empty: the public URL of the installation and its own."""
    secrets: tuple[Secret, ...] = ()
    """Newest first."""
    pending: Secret | None = None
    """What the provider told in a handshake, and nobody has confirmed yet."""
    parameters: dict[str, str] = {}
    overrides: dict[str, Any] = {}
    """A merge patch (RFC 7396) over the provider's file."""
    schemes: tuple[str, ...] = ()
    """Which of the provider's; empty: those that it uses by default."""
    verification: Verification = Verification.REQUIRED
    tolerance: int | None = None
    """Seconds that a timestamp may be off; None: as the provider's file says; 0: any."""
    addresses: tuple[str, ...] = ()
    """CIDR networks that may send; empty: all."""
    methods: tuple[str, ...] = ()
    """HTTP methods of events; empty: the provider's."""
    body_limit: int = DEFAULT_BODY_LIMIT
    answer: SourceAnswer | None = None
    """None: the provider's."""
    types: dict[str, str] = {}
    """The provider's event type → the one that it becomes."""
    dedupe: float | None = None
    """Seconds for which a repeated id makes no second event; None: as long as idempotency keys are kept; 0: never."""
    split: bool = True
    """A body that carries many events makes one of each; False: one of all, with the body as it came."""
    forward: tuple[str, ...] = ()
    """Request headers that stay with the event, for the dialect `raw`; empty: those that the provider's schemes read."""
    active: bool = True
    metadata: Metadata = {}
    created_at: Micros
    updated_at: Micros
    version: int = 0
    """The tenant's config version of its last change."""
