"""Sources: create, list, show, change, delete; reveal and confirm their secrets."""

from typing import Annotated

import msgspec
from litestar import delete, get, patch, post
from litestar.params import RawBody

from hookline.api.body import convert_values, decode_body
from hookline.api.lists import Listing, Paging
from hookline.api.merge import decode_patch, merged
from hookline.api.rules import NeedsCaller, NeedsPaging, NeedsParts, PathText, rule
from hookline.api.source_in import SourceIn, made_source, source_as_given
from hookline.api.source_out import RevealedSourceSecret, SourceOut, revealed_secret, shaped_source
from hookline.emissions import SecretsRevealed
from hookline.errors import Conflict
from hookline.model.api_key import Scope
from hookline.model.endpoint import Secret
from hookline.model.ids import SourceId
from hookline.model.source import Source


class SourcePage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the list, oldest first."""

    items: list[SourceOut]
    next_cursor: str | None
    next: str | None


class SourceSecretList(msgspec.Struct, frozen=True, kw_only=True):
    """The secrets of a source, the newest first; one that waits to be confirmed before them."""

    items: list[RevealedSourceSecret]


class ConfirmIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which secret to confirm."""

    secret_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    """Its id (`sec_…`), as revealed."""


_SOURCE = msgspec.json.Decoder(SourceIn)
_CONFIRM = msgspec.json.Decoder(ConfirmIn)
_READ = rule(Scope.READ)
_MANAGE = rule(Scope.MANAGE)


@post("/v1/sources", opt=rule(Scope.MANAGE, body=SourceIn, conflicts=True))
async def create_source(body: RawBody, caller: NeedsCaller, parts: NeedsParts) -> SourceOut:
    """Create a source: `receive_url` is what you tell the provider."""
    given = decode_body(body, _SOURCE)
    source = made_source(given, parts, caller.tenant, parts.clock.now())
    await parts.store.sources.create(source)
    await parts.directory.reload(caller.tenant)
    return shaped_source(source, caller, parts)


@get("/v1/sources", opt=rule(Scope.READ, query=Paging))
async def list_sources(caller: NeedsCaller, parts: NeedsParts, asked: NeedsPaging) -> SourcePage:
    """List sources, oldest first."""
    listing = Listing.of("/v1/sources", caller.tenant, asked)
    page = await parts.store.sources.list(caller.tenant, after=listing.after(asked.cursor), limit=asked.limit)
    return SourcePage(
        items=[shaped_source(one, caller, parts) for one in page.items],
        next_cursor=listing.cursor(page.after),
        next=listing.link(page.after),
    )


@get("/v1/sources/{source_id:str}", opt=_READ)
async def get_source(source_id: PathText, caller: NeedsCaller, parts: NeedsParts) -> SourceOut:
    """Show a source."""
    return shaped_source(await parts.store.sources.get(caller.tenant, SourceId(source_id)), caller, parts)


@patch("/v1/sources/{source_id:str}", opt=rule(Scope.MANAGE, body=SourceIn, patch=True, conflicts=True))
async def change_source(
    source_id: PathText, body: RawBody, caller: NeedsCaller, parts: NeedsParts
) -> SourceOut:
    """Change a source by JSON merge patch (RFC 7396): what is left out stays, null resets to the default.

    `secrets` are replaced whole: to rotate, send the new one and the old one, later the new one alone.
    """
    change = decode_patch(body, SourceIn)
    known = await parts.store.sources.get(caller.tenant, SourceId(source_id))
    before = msgspec.to_builtins(source_as_given(known))
    given = convert_values(merged(before, change), SourceIn)
    source = made_source(given, parts, caller.tenant, parts.clock.now(), known)
    await parts.store.sources.replace(source)
    await parts.directory.reload(caller.tenant)
    return shaped_source(source, caller, parts)


@delete("/v1/sources/{source_id:str}", opt=_MANAGE)
async def delete_source(source_id: PathText, caller: NeedsCaller, parts: NeedsParts) -> None:
    """Delete a source: its secrets are wiped, what comes to its URL is refused. Its receipts and events stay."""
    await parts.store.sources.delete(caller.tenant, SourceId(source_id), parts.clock.now())
    await parts.directory.reload(caller.tenant)


@get("/v1/sources/{source_id:str}/secrets", opt=_MANAGE)
async def reveal_source_secrets(
    source_id: PathText, caller: NeedsCaller, parts: NeedsParts
) -> SourceSecretList:
    """Reveal the secrets of a source, also one that a provider has told. It is logged who asked."""
    source = await parts.store.sources.get(caller.tenant, SourceId(source_id))
    parts.telemetry.emit(
        SecretsRevealed(tenant_id=source.tenant_id, endpoint_id=source.id, key_id=caller.key.id)
    )
    pending = [revealed_secret(source.pending, confirmed=False)] if source.pending else []
    return SourceSecretList(
        items=[*pending, *(revealed_secret(one, confirmed=True) for one in source.secrets)]
    )


@post(
    "/v1/sources/{source_id:str}/confirm",
    opt=rule(Scope.MANAGE, body=ConfirmIn, conflicts=True),
    status_code=200,
)
async def confirm_source_secret(
    source_id: PathText, body: RawBody, caller: NeedsCaller, parts: NeedsParts
) -> SourceOut:
    """Confirm the secret that the provider has told in a handshake: from now on it counts, before all others."""
    given = decode_body(body, _CONFIRM)
    known = await parts.store.sources.get(caller.tenant, SourceId(source_id))
    secret = _told(known, given.secret_id)
    source = msgspec.structs.replace(
        known, secrets=(secret, *known.secrets), pending=None, updated_at=parts.clock.now()
    )
    parts.inbox.registry.compile(source)
    await parts.store.sources.replace(source)
    await parts.directory.reload(caller.tenant)
    return shaped_source(source, caller, parts)


def _told(source: Source, secret_id: str) -> Secret:
    """Raises Conflict. Anybody who knows the URL can tell a secret: what counts is the one that was looked at."""
    if source.pending is None:
        raise Conflict(
            "No secret of this source waits to be confirmed.",
            hint="Let the provider send its verification token to the source's URL first.",
        )
    if source.pending.id != secret_id:
        raise Conflict(
            "Another secret waits to be confirmed than the one that you name: it was told again.",
            hint="Reveal the secrets, compare the one that waits with what the provider shows, and name its id.",
        )
    return source.pending


HANDLERS = (
    create_source,
    list_sources,
    get_source,
    change_source,
    delete_source,
    reveal_source_secrets,
    confirm_source_secret,
)
