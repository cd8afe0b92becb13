"""Records: the objects of a system as they are now. Whoever saves one says what it is, not what happened."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response, delete, get, patch, put
from litestar.params import RawBody

from hookline.api.auth import Caller
from hookline.api.lists import Listing, Paging
from hookline.api.parts import Parts
from hookline.api.publish import overloaded
from hookline.api.remote_out import RemoteOut, shaped_remote
from hookline.api.rules import Needs, NeedsCaller, NeedsParts, PathText, rule
from hookline.api.times import iso, maybe_iso
from hookline.errors import InvalidField, InvalidJson, NotFound
from hookline.model.api_key import Scope
from hookline.model.json import parse_json
from hookline.model.merge import merge_patch
from hookline.model.record import Record, RecordKey
from hookline.records.rules import State
from hookline.records.saver import Saved, order_key_of
from hookline.storage.wall import absent

MAX_ID = 128
_OBJECT = 'Send one like {"id": "1", "status": "new"}.'


class RecordState(msgspec.Struct, frozen=True, kw_only=True):
    """The whole state of a record: a JSON object that fits its type's schema (`GET /v1/systems/{system}`)."""


class RecordQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose record it is."""

    system: str | None = None
    """Its system, where several have records of this type and the tenant uses none or more than one of them."""


class RecordPaging(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Records of one type."""

    system: str | None = None
    """Their system, where several have records of this type and the tenant uses none or more than one of them."""


class RecordOut(msgspec.Struct, frozen=True, kw_only=True):
    """A record."""

    system: str
    type: str
    id: str
    state: msgspec.Raw
    """As it was saved last."""
    version: int
    """How often its state was saved, or a date of it passed."""
    due_at: str | None
    """When the next of its deadlines is due; null: none is to come."""
    created_at: str
    updated_at: str


class RecordWhole(RecordOut, frozen=True, kw_only=True):
    """A record, and what it is in other systems."""

    remotes: list[RemoteOut]
    """Where endpoints with presets have made it, the oldest first."""


class RecordPage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the list, by id."""

    items: list[RecordOut]
    next_cursor: str | None
    next: str | None


class RecordEventOut(msgspec.Struct, frozen=True, kw_only=True):
    """An event that a change has made."""

    id: str
    type: str


class RuleFailureOut(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that could not be applied. The record is saved all the same, without its event."""

    event: str
    """The type of the event."""
    reason: str


class RecordSavedOut(RecordOut, frozen=True, kw_only=True):
    """A record that was saved, and what followed from it."""

    changed: bool
    """False: it was so before, and nothing was stored."""
    events: list[RecordEventOut]
    """In their order; they are stored, and on their way to every endpoint that wants them."""
    failures: list[RuleFailureOut]


NeedsQuery = Needs[RecordQuery]


@put(
    "/v1/records/{record_type:str}/{record_id:str}",
    opt=rule(Scope.PUBLISH, body=RecordState, query=RecordQuery, conflicts=True, also=201),
)
async def put_record(
    record_type: PathText,
    record_id: PathText,
    body: RawBody,
    caller: NeedsCaller,
    parts: NeedsParts,
    *,
    asked: NeedsQuery,
) -> Response[RecordSavedOut]:
    """Save a record: create it (201), or replace its state (200). The events of the change are published with it."""
    if not _can_be(record_id):
        raise InvalidField(
            f"An id has up to {MAX_ID} printable characters.", hint="Choose another one.", field="record_id"
        )
    state = _object(body)
    key = await _key(record_type, record_id, asked, caller, parts)
    return await _saved(key, parts, lambda _: state)


@patch(
    "/v1/records/{record_type:str}/{record_id:str}",
    opt=rule(Scope.PUBLISH, body=RecordState, patch=True, query=RecordQuery, conflicts=True),
)
async def change_record(
    record_type: PathText,
    record_id: PathText,
    body: RawBody,
    caller: NeedsCaller,
    parts: NeedsParts,
    *,
    asked: NeedsQuery,
) -> Response[RecordSavedOut]:
    """Change fields of a record: a merge patch of its state. The events of the change are published with it."""
    given = _object(body)
    key = await _key(record_type, record_id, asked, caller, parts)

    def made(before: State | None) -> State:
        if before is None:
            raise _absent(key)
        merged: dict[str, Any] = merge_patch(before, given)
        return merged

    return await _saved(key, parts, made)


@get("/v1/records/{record_type:str}/{record_id:str}", opt=rule(Scope.READ, query=RecordQuery))
async def get_record(
    record_type: PathText, record_id: PathText, caller: NeedsCaller, parts: NeedsParts, asked: NeedsQuery
) -> RecordWhole:
    """Show a record, and what it is in other systems."""
    key = await _key(record_type, record_id, asked, caller, parts)
    record = await parts.store.records.get(key)
    remotes = await parts.store.remotes.of_case(key.tenant_id, order_key_of(key))
    return RecordWhole(remotes=[shaped_remote(one) for one in remotes], **_fields(record))


@get("/v1/records/{record_type:str}", opt=rule(Scope.READ, query=RecordPaging))
async def list_records(
    record_type: PathText, caller: NeedsCaller, parts: NeedsParts, asked: Needs[RecordPaging]
) -> RecordPage:
    """List the records of a type, by id."""
    system = await _system(record_type, asked.system, caller, parts)
    listing = Listing.of(f"/v1/records/{record_type}", caller.tenant, asked)
    page = await parts.store.records.list(
        caller.tenant, system, record_type, after=listing.after(asked.cursor), limit=asked.limit
    )
    return RecordPage(
        items=[RecordOut(**_fields(one)) for one in page.items],
        next_cursor=listing.cursor(page.after),
        next=listing.link(page.after),
    )


@delete("/v1/records/{record_type:str}/{record_id:str}", opt=rule(Scope.PUBLISH, query=RecordQuery))
async def delete_record(
    record_type: PathText, record_id: PathText, caller: NeedsCaller, parts: NeedsParts, asked: NeedsQuery
) -> None:
    """Delete a record, and its deadlines with it. That makes no event; those that it has made stay."""
    await parts.store.records.delete(await _key(record_type, record_id, asked, caller, parts))


async def _saved(key: RecordKey, parts: Parts, made: Any) -> Response[RecordSavedOut]:
    wait = parts.shedder.shed(key.tenant_id)
    if wait is not None:
        raise overloaded(wait)
    saved: Saved = await parts.saver.save(key, made)
    out = RecordSavedOut(
        **_fields(saved.record),
        changed=saved.changed,
        events=[RecordEventOut(id=one.id, type=one.type) for one in saved.events],
        failures=[RuleFailureOut(event=one.event, reason=one.reason) for one in saved.failures],
    )
    return Response(out, status_code=201 if saved.changed and saved.record.version == 1 else 200)


async def _key(type_: str, record_id: str, asked: RecordQuery, caller: Caller, parts: Parts) -> RecordKey:
    system = await _system(type_, asked.system, caller, parts)
    key = RecordKey(tenant_id=caller.tenant, system=system, type=type_, id=record_id)
    if not _can_be(record_id):
        raise _absent(key)
    return key


def _can_be(record_id: str) -> bool:
    return record_id.isprintable() and len(record_id) <= MAX_ID


async def _system(type_: str, named: str | None, caller: Caller, parts: Parts) -> str:
    config = parts.directory.get(caller.tenant) or await parts.directory.at_least(caller.tenant)
    return parts.saver.kinds.system_of(type_, named or "", config.systems)


def _object(body: bytes) -> Mapping[str, Any]:
    state = parse_json(body or b" ")
    if not isinstance(state, dict):
        raise InvalidJson("The state of a record is a JSON object.", hint=_OBJECT)
    return state


def _absent(key: RecordKey) -> NotFound:
    return absent(key.type, key.id)


def _fields(record: Record) -> dict[str, Any]:
    return {
        "system": record.key.system,
        "type": record.key.type,
        "id": record.key.id,
        "state": msgspec.Raw(record.state),
        "version": record.version,
        "due_at": maybe_iso(record.due_at),
        "created_at": iso(record.created_at),
        "updated_at": iso(record.updated_at),
    }


HANDLERS = (put_record, change_record, get_record, list_records, delete_record)
