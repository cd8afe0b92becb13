"""An endpoint as it is shown: no secret, no credential."""

from collections.abc import Mapping
from typing import Any, assert_never

import msgspec

from hookline.api.endpoint_preset import shown_settings, shown_template
from hookline.api.times import iso, maybe_iso
from hookline.clock import HOUR, Micros
from hookline.deliver.sign import HMAC_PREFIX, SIGNING_PREFIX, public_key
from hookline.errors import InvalidField
from hookline.model.endpoint import (
    Auth,
    BasicAuth,
    Batch,
    BearerAuth,
    CaseAction,
    ClientTls,
    Counters,
    Endpoint,
    HeaderAuth,
    HourCount,
    NoAuth,
    OAuth2Auth,
    Order,
    Rate,
    Secret,
)
from hookline.model.preset import Preset
from hookline.model.retry import AnyRetryPolicy
from hookline.model.template import Template
from hookline.net.header import MASK, redact

_LONG = 32
"""Letters of a secret from which on the last four may be shown."""


class SecretOut(msgspec.Struct, frozen=True, kw_only=True):
    """A signing secret without its value."""

    id: str
    kind: str
    """`hmac`, `ed25519`, or `text` for dialects that key on any text."""
    hint: str
    """Its beginning and its last letters, to recognise it by."""
    public_key: str | None
    """Of an ed25519 key: what receivers verify with."""
    created_at: str
    expires_at: str | None
    """Until then it signs beside the newer one."""


class RevealedSecret(SecretOut, frozen=True, kw_only=True):
    """A signing secret."""

    value: str


class CountersOut(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts since the endpoint was made."""

    total: int
    succeeded: int
    failed: int
    success_rate: float | None
    """Percent; null before the first attempt."""
    last_attempt_at: str | None
    last_success_at: str | None


class EndpointOut(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint. Credentials in `auth` and `headers` show as `***`; sent back so, they stay as they are."""

    id: str
    url: str
    name: str
    description: str
    events: tuple[str, ...]
    filter: str
    filter_off: str
    """Why Hookline switched the filter off, as it was slow; empty when it runs. Saving `filter` switches it on again."""
    method: str
    headers: dict[str, str]
    auth: Auth
    tls: ClientTls | None
    """Its certificates are no secret and show as they are; its key shows as `***`."""
    secrets: list[SecretOut]
    """The newest first."""
    system: str
    """The system that it belongs to; empty: none."""
    zone: str
    """The zone that times are written in; empty: the dialect's."""
    dialect: str
    timeout: float
    retry: AnyRetryPolicy
    rate: Rate | None
    concurrency: int
    order: Order
    batch: Batch | None
    max_age: float | None
    preset: str
    """The preset that says what is sent; empty: none."""
    settings: dict[str, Any]
    """Of the preset; secrets show as `***`."""
    actions: dict[str, CaseAction]
    template: Template | None
    active: bool
    disabled_reason: str
    """Why Hookline switched it off; empty when a person did."""
    metadata: dict[str, str]
    counters: CountersOut
    created_at: str
    updated_at: str


class HourOut(msgspec.Struct, frozen=True, kw_only=True):
    """One hour in which something was sent."""

    hour: str
    """When it began."""
    succeeded: int
    failed: int


class StatsOut(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts by the hour; hours without any are left out."""

    since: str
    until: str
    hours: list[HourOut]


def shaped(endpoint: Endpoint, counters: Counters, presets: Mapping[str, Preset]) -> EndpointOut:
    """`presets`: of the catalogue, which know what of their settings is secret."""
    return EndpointOut(
        id=endpoint.id,
        url=endpoint.url,
        name=endpoint.name,
        description=endpoint.description,
        events=endpoint.events,
        filter=endpoint.filter,
        filter_off=endpoint.filter_off,
        method=endpoint.method,
        headers=dict(redact(tuple(endpoint.headers.items()))),
        auth=masked(endpoint.auth),
        tls=masked_tls(endpoint.tls),
        secrets=[shaped_secret(secret) for secret in endpoint.secrets],
        system=endpoint.system,
        zone=endpoint.zone,
        dialect=endpoint.dialect,
        timeout=endpoint.timeout,
        retry=endpoint.retry,
        rate=endpoint.rate,
        concurrency=endpoint.concurrency,
        order=endpoint.order,
        batch=endpoint.batch,
        max_age=endpoint.max_age,
        preset=endpoint.preset,
        settings=shown_settings(endpoint, presets),
        actions=endpoint.actions,
        template=shown_template(endpoint.template),
        active=endpoint.active,
        disabled_reason=endpoint.disabled_reason,
        metadata=endpoint.metadata,
        counters=_counters(counters),
        created_at=iso(endpoint.created_at),
        updated_at=iso(endpoint.updated_at),
    )


def shaped_secret(secret: Secret) -> SecretOut:
    public = _public(secret.value)
    return SecretOut(
        id=secret.id,
        kind=_kind(secret.value, public),
        hint=_hint(secret.value, public),
        public_key=public,
        created_at=iso(secret.created_at),
        expires_at=maybe_iso(secret.expires_at),
    )


def revealed(secret: Secret) -> RevealedSecret:
    return RevealedSecret(value=secret.value, **msgspec.structs.asdict(shaped_secret(secret)))


def shaped_hour(count: HourCount) -> HourOut:
    return HourOut(hour=iso(Micros(count.hour * HOUR)), succeeded=count.succeeded, failed=count.failed)


def masked(auth: Auth) -> Auth:
    match auth:
        case NoAuth():
            return auth
        case BasicAuth():
            return BasicAuth(username=auth.username, password=MASK)
        case BearerAuth():
            return BearerAuth(token=MASK)
        case HeaderAuth():
            return HeaderAuth(name=auth.name, value=MASK)
        case OAuth2Auth():
            return msgspec.structs.replace(auth, client_secret=MASK)
    assert_never(auth)


def masked_tls(tls: ClientTls | None) -> ClientTls | None:
    return tls and msgspec.structs.replace(tls, key=MASK if tls.key else "")


def _public(value: str) -> str | None:
    """Of an ed25519 key; a text that only begins like one is none."""
    try:
        return public_key(value)
    except InvalidField:
        return None


def _kind(value: str, public: str | None) -> str:
    if public is not None:
        return "ed25519"
    return "hmac" if value.startswith(HMAC_PREFIX) else "text"


def _hint(value: str, public: str | None) -> str:
    """Of a secret of a person's own choice nothing is shown: it may be short."""
    if public is not None:
        return f"{SIGNING_PREFIX}…"
    return f"{HMAC_PREFIX}…{value[-4:]}" if value.startswith(HMAC_PREFIX) and len(value) >= _LONG else MASK


def _counters(counters: Counters) -> CountersOut:
    return CountersOut(
        total=counters.total,
        succeeded=counters.succeeded,
        failed=counters.failed,
        success_rate=counters.success_rate,
        last_attempt_at=maybe_iso(counters.last_attempt_at),
        last_success_at=maybe_iso(counters.last_success_at),
    )
