"""Keys: made, listed, revoked. The token is shown once, in the answer that makes it."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.params import RawBody

from hookline.api.body import decode_body
from hookline.api.lists import Listing, Paging
from hookline.api.rules import NeedsAuth, NeedsCaller, NeedsPaging, NeedsParts, PathText, Wall, rule
from hookline.api.text import Name
from hookline.api.times import iso, maybe_iso, micros
from hookline.errors import InvalidField
from hookline.model.api_key import ApiKey, Scope, new_token, token_hash, token_hint
from hookline.model.ids import KeyId, TenantId


class KeyIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to make."""

    scope: Scope
    """`admin` keys are made by admin keys that name no tenant; the others belong to one."""
    name: Name = ""
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class KeyOut(msgspec.Struct, frozen=True, kw_only=True):
    """A key without its token, which is not kept."""

    id: str
    tenant_id: str | None
    scope: Scope
    name: str
    hint: str
    """The beginning and the end of the token, to recognise it by."""
    created_at: str
    expires_at: str | None
    revoked_at: str | None


class NewKey(KeyOut, frozen=True, kw_only=True):
    """A key that was just made."""

    token: str
    """Shown this once."""


class KeyPage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the list, oldest first, revoked ones too."""

    items: list[KeyOut]
    next_cursor: str | None
    next: str | None


_KEY = msgspec.json.Decoder(KeyIn)
_MANAGE = rule(Scope.MANAGE, Wall.OPTIONAL)


@post("/v1/keys", opt=rule(Scope.MANAGE, Wall.OPTIONAL, body=KeyIn))
async def create_key(body: RawBody, caller: NeedsCaller, parts: NeedsParts) -> NewKey:
    """Make a key. Its token stands in this answer and nowhere else."""
    given = decode_body(body, _KEY)
    _check_scope(given.scope, caller.tenant_id)
    now, token = parts.clock.now(), new_token()
    expires = None if given.expires_at is None else micros(given.expires_at, "expires_at")
    if expires is not None and expires <= now:
        raise InvalidField("The key would be expired already.", field="expires_at")
    key = ApiKey(
        id=parts.ids.key(),
        tenant_id=caller.tenant_id,
        scope=given.scope,
        name=given.name,
        hint=token_hint(token),
        created_at=now,
        expires_at=expires,
    )
    await parts.store.keys.create(key, token_hash(token))
    return NewKey(token=token, **msgspec.structs.asdict(_shaped(key)))


@get("/v1/keys", opt=rule(Scope.MANAGE, Wall.OPTIONAL, query=Paging))
async def list_keys(caller: NeedsCaller, parts: NeedsParts, asked: NeedsPaging) -> KeyPage:
    """List keys, oldest first, revoked ones too."""
    listing = Listing.of("/v1/keys", caller.tenant_id, asked)
    page = await parts.store.keys.list(caller.tenant_id, after=listing.after(asked.cursor), limit=asked.limit)
    return KeyPage(
        items=[_shaped(key) for key in page.items],
        next_cursor=listing.cursor(page.after),
        next=listing.link(page.after),
    )


@get("/v1/keys/{key_id:str}", opt=_MANAGE)
async def get_key(key_id: PathText, caller: NeedsCaller, parts: NeedsParts) -> KeyOut:
    """Show a key."""
    return _shaped(await parts.store.keys.get(caller.tenant_id, KeyId(key_id)))


@delete("/v1/keys/{key_id:str}", opt=_MANAGE)
async def revoke_key(key_id: PathText, caller: NeedsCaller, parts: NeedsParts, auth: NeedsAuth) -> None:
    """Revoke a key: here at once, on other nodes within five seconds. It stays in the list, marked."""
    await parts.store.keys.revoke(caller.tenant_id, KeyId(key_id), parts.clock.now())
    auth.forget()


def _check_scope(scope: Scope, tenant: TenantId | None) -> None:
    if (scope is Scope.ADMIN) != (tenant is None):
        raise InvalidField(
            "An admin key belongs to no tenant, every other key to one.",
            hint="Name a tenant in Hookline-Tenant, or ask for scope admin with an admin key that names none.",
            field="scope",
        )


def _shaped(key: ApiKey) -> KeyOut:
    return KeyOut(
        id=key.id,
        tenant_id=key.tenant_id,
        scope=key.scope,
        name=key.name,
        hint=key.hint,
        created_at=iso(key.created_at),
        expires_at=maybe_iso(key.expires_at),
        revoked_at=maybe_iso(key.revoked_at),
    )


HANDLERS = (
    create_key,
    list_keys,
    get_key,
    revoke_key,
)
