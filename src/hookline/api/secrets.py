"""Secrets of an endpoint: reveal and rotate. Both sign while they overlap."""

from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.params import RawBody

from hookline.api.auth import Caller
from hookline.api.body import decode_body
from hookline.api.endpoint_out import RevealedSecret, revealed
from hookline.api.endpoint_secrets import check_secret_for, made_secret, new_secret_of
from hookline.api.parts import Parts
from hookline.api.rules import NeedsCaller, NeedsParts, PathText, rule
from hookline.clock import SECOND, Micros
from hookline.deliver.dialect import Envelope
from hookline.emissions import SecretsRevealed
from hookline.errors import Conflict
from hookline.model.api_key import Scope
from hookline.model.endpoint import Endpoint, Secret
from hookline.model.ids import EndpointId
from hookline.model.system import SecretRule

OVERLAP = 86_400.0
MAX_SECRETS = 10


class RotateIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to rotate."""

    overlap_seconds: Annotated[float, msgspec.Meta(ge=0, le=30 * 86_400)] = OVERLAP
    """For so long the older secrets go on signing beside the new one."""
    secret: Annotated[str, msgspec.Meta(max_length=512)] | None = None
    """The new secret; left out, one is made."""
    kind: Literal["hmac", "ed25519"] = "hmac"
    """What to make: `whsec_…` or `whsk_…`."""


class SecretList(msgspec.Struct, frozen=True, kw_only=True):
    """The secrets of an endpoint, the newest first."""

    items: list[RevealedSecret]


_ROTATE = msgspec.json.Decoder(RotateIn)


@get("/v1/endpoints/{endpoint_id:str}/secrets", opt=rule(Scope.MANAGE))
async def reveal_secrets(endpoint_id: PathText, caller: NeedsCaller, parts: NeedsParts) -> SecretList:
    """Reveal the secrets of an endpoint. It is logged who asked."""
    endpoint = await parts.store.endpoints.get(caller.tenant, EndpointId(endpoint_id))
    return _told(endpoint, caller, parts)


@post(
    "/v1/endpoints/{endpoint_id:str}/rotate",
    opt=rule(Scope.MANAGE, body=RotateIn, optional=True, conflicts=True),
    status_code=200,
)
async def rotate_secret(
    endpoint_id: PathText, body: RawBody, caller: NeedsCaller, parts: NeedsParts
) -> SecretList:
    """Give an endpoint a new secret and reveal it; the older ones sign too until they expire."""
    given = decode_body(body or b"{}", _ROTATE)
    known = await parts.store.endpoints.get(caller.tenant, EndpointId(endpoint_id))
    endpoint = _rotated(known, given, parts)
    await parts.store.endpoints.replace(endpoint)
    await parts.directory.reload(caller.tenant)
    return _told(endpoint, caller, parts)


def _rotated(known: Endpoint, given: RotateIn, parts: Parts) -> Endpoint:
    dialect, now = parts.dialects[known.dialect], parts.clock.now()
    system = parts.systems.get(known.system)
    value = _value(given, dialect, system.secret if system else None)
    fresh = new_secret_of(value, parts, now)
    until = Micros(now + round(given.overlap_seconds * SECOND))
    older = [_ending(secret, until) for secret in known.secrets]
    living = [secret for secret in older if secret.expires_at is not None and secret.expires_at > now]
    if len(living) >= MAX_SECRETS:
        raise Conflict(
            f"The endpoint has {len(living)} secrets that still sign.",
            hint="Wait until one expires, or rotate with overlap_seconds 0.",
        )
    return msgspec.structs.replace(known, secrets=(fresh, *living), updated_at=now)


def _ending(secret: Secret, until: Micros) -> Secret:
    """An end that was set before is not put off."""
    ends = until if secret.expires_at is None else min(until, secret.expires_at)
    return msgspec.structs.replace(secret, expires_at=Micros(ends))


def _value(given: RotateIn, dialect: Envelope, rule: SecretRule | None) -> str:
    if given.secret is None:
        return made_secret(dialect, given.kind, rule=rule)
    check_secret_for(given.secret, dialect, rule)
    return given.secret


def _told(endpoint: Endpoint, caller: Caller, parts: Parts) -> SecretList:
    parts.telemetry.emit(
        SecretsRevealed(tenant_id=endpoint.tenant_id, endpoint_id=endpoint.id, key_id=caller.key.id)
    )
    return SecretList(items=[revealed(secret) for secret in endpoint.secrets])


HANDLERS = (
    reveal_secrets,
    rotate_secret,
)
