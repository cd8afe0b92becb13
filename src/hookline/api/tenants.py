"""Tenants: for admin keys alone."""

from typing import Annotated

import msgspec
from litestar import delete, get, patch, post
from litestar.params import RawBody

from hookline.api.body import convert_values, decode_body
from hookline.api.lists import Listing, Paging
from hookline.api.merge import decode_patch, merged
from hookline.api.rules import NeedsAuth, NeedsPaging, NeedsParts, PathText, Wall, rule
from hookline.api.text import END, Metadata, Name
from hookline.api.times import iso
from hookline.model.api_key import Scope
from hookline.model.ids import TenantId
from hookline.model.tenant import Tenant

GivenId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}" + END)]


class TenantIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tenant to create."""

    id: GivenId | None = None
    """Your own id for it; left out, one is made."""
    name: Name = ""
    metadata: Metadata = {}


class TenantChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be changed of a tenant."""

    name: Name = ""
    metadata: Metadata = {}


class TenantOut(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant."""

    id: str
    name: str
    metadata: dict[str, str]
    created_at: str
    updated_at: str


class TenantPage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the list, oldest first."""

    items: list[TenantOut]
    next_cursor: str | None
    next: str | None


_TENANT = msgspec.json.Decoder(TenantIn)
_ADMIN = rule(Scope.ADMIN, Wall.NONE)


@post("/v1/tenants", opt=rule(Scope.ADMIN, Wall.NONE, body=TenantIn, conflicts=True))
async def create_tenant(body: RawBody, parts: NeedsParts) -> TenantOut:
    """Create a tenant. An id that was used before, even by a tenant that is deleted, is refused."""
    given = decode_body(body, _TENANT)
    now = parts.clock.now()
    tenant_id = TenantId(given.id) if given.id is not None else parts.ids.tenant()
    tenant = Tenant(id=tenant_id, name=given.name, metadata=given.metadata, created_at=now, updated_at=now)
    await parts.store.tenants.create(tenant)
    return _shaped(tenant)


@get("/v1/tenants", opt=rule(Scope.ADMIN, Wall.NONE, query=Paging))
async def list_tenants(parts: NeedsParts, asked: NeedsPaging) -> TenantPage:
    """List tenants, oldest first."""
    listing = Listing.of("/v1/tenants", None, asked)
    page = await parts.store.tenants.list(after=listing.after(asked.cursor), limit=asked.limit)
    return TenantPage(
        items=[_shaped(tenant) for tenant in page.items],
        next_cursor=listing.cursor(page.after),
        next=listing.link(page.after),
    )


@get("/v1/tenants/{tenant_id:str}", opt=_ADMIN)
async def get_tenant(tenant_id: PathText, parts: NeedsParts) -> TenantOut:
    """Show a tenant."""
    return _shaped(await parts.store.tenants.get(TenantId(tenant_id)))


@patch("/v1/tenants/{tenant_id:str}", opt=rule(Scope.ADMIN, Wall.NONE, body=TenantChange, patch=True))
async def change_tenant(tenant_id: PathText, body: RawBody, parts: NeedsParts) -> TenantOut:
    """Change a tenant by JSON merge patch (RFC 7396): what is left out stays, null resets."""
    change = decode_patch(body, TenantChange)
    known = await parts.store.tenants.get(TenantId(tenant_id))
    before = TenantChange(name=known.name, metadata=known.metadata)
    after = convert_values(merged(msgspec.to_builtins(before), change), TenantChange)
    tenant = msgspec.structs.replace(
        known, name=after.name, metadata=after.metadata, updated_at=parts.clock.now()
    )
    await parts.store.tenants.change(tenant)
    return _shaped(tenant)


@delete("/v1/tenants/{tenant_id:str}", opt=_ADMIN)
async def delete_tenant(tenant_id: PathText, parts: NeedsParts, auth: NeedsAuth) -> None:
    """Delete a tenant with all that is its own: at once out of reach, removed from the disk soon after."""
    await parts.store.tenants.delete(TenantId(tenant_id), parts.clock.now())
    parts.directory.forget(TenantId(tenant_id))
    auth.forget()


def _shaped(tenant: Tenant) -> TenantOut:
    return TenantOut(
        id=tenant.id,
        name=tenant.name,
        metadata=tenant.metadata,
        created_at=iso(tenant.created_at),
        updated_at=iso(tenant.updated_at),
    )


HANDLERS = (
    create_tenant,
    list_tenants,
    get_tenant,
    change_tenant,
    delete_tenant,
)
