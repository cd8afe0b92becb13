"""System: a webhook system that Hookline stands in for, as data. Read from `catalog/systems/`."""

from typing import Annotated, Any

import msgspec

from hookline.clock import Micros
from hookline.model.case import CaseRule
from hookline.model.endpoint import Timeout
from hookline.model.ids import TenantId
from hookline.model.record_rules import RecordKind
from hookline.model.retry import AnyRetryPolicy

Title = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class SystemEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A type of event that the system sends."""

    description: Annotated[str, msgspec.Meta(min_length=1)]
    schema: dict[str, Any]
    """A JSON Schema of the data: what stands where the dialect has `{data}`."""
    example: Any
    """Data that fits it."""


class SecretRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What its endpoints sign with."""

    minimum: Annotated[int, msgspec.Meta(ge=0, le=256)] = 0
    """Characters."""
    made: bool = False
    """An endpoint that is created without a secret is given one; otherwise it does not sign."""
    prefix: str = ""
    """Of those that are made."""


class SystemSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Paths of its own that a provider sends to. A source stands behind them, made when the system is enabled."""

    paths: Annotated[
        tuple[Annotated[str, msgspec.Meta(pattern=r"^(/[a-z0-9-]+)+$(?!\n)")], ...],
        msgspec.Meta(min_length=1),
    ]
    provider: str
    parameters: dict[str, str] = {}
    """What the provider's file asks for."""
    overrides: dict[str, Any] = {}
    """A merge patch (RFC 7396) over the provider's file."""
    description: str
    answered: bool = False
    """The system's own API answers at its paths, and asks the source only who may come in."""


class System(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
    """Its folder's name."""
    title: Title
    description: str
    dialect: str
    """The wire format of its endpoints."""
    retry: AnyRetryPolicy
    """Of its endpoints, unless they have their own."""
    timeout: Timeout
    """Of its endpoints, unless they have their own."""
    secret: SecretRule = SecretRule()
    tenant: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """What its paths and bodies call the tenant, as `orgId`: several may share its paths. Empty: they name none."""
    sources: dict[str, SystemSource] = {}
    """By name, as `retell`."""
    events: Annotated[dict[str, SystemEvent], msgspec.Meta(min_length=1)]
    """By type."""
    records: dict[str, RecordKind] = {}
    """By type."""
    cases: tuple[CaseRule, ...] = ()
    """Which of its events speak of what other systems keep as a ticket, and what they say of it."""


class EnabledSystem(msgspec.Struct, frozen=True, kw_only=True):
    """A system that a tenant uses: its own paths are served for that tenant."""

    tenant_id: TenantId
    system: str
    zone: str = ""
    """IANA name; times of its deliveries are written in it. Empty: the dialect's."""
    host: str = ""
    """Its paths are served under this host name alone; empty: under any."""
    prefix: str = ""
    """The step before its paths, as `acme` in `/acme/api/webhooks`; empty: none."""
    known_as: str = ""
    """What the system calls the tenant; empty where its paths name none."""
    created_at: Micros
    updated_at: Micros
