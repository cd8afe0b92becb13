"""Event types: the catalogue of names, with JSON Schema and example, as they came."""

import asyncio

import msgspec
from litestar import Response, delete, get, put
from litestar.params import RawBody

from hookline.api.body import absent, at_field, decode_body
from hookline.api.lists import Listing, Paging
from hookline.api.rules import NeedsCaller, NeedsPaging, NeedsParts, PathText, rule
from hookline.api.text import Description
from hookline.api.times import iso
from hookline.errors import InvalidField
from hookline.model.api_key import Scope
from hookline.model.event_type import Enforcement, EventType
from hookline.model.json_schema import check_event_type
from hookline.model.patterns import check_publishable

_NULL = b"null"


class EventTypeIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an event of this type means and what its data looks like."""

    description: Description = ""
    schema: msgspec.Raw = msgspec.field(default_factory=absent)
    """A JSON Schema (draft 2020-12 unless it names another); nothing is fetched."""
    enforcement: Enforcement = Enforcement.OFF
    """What happens to data that does not fit: nothing, a warning in the answer, or 422."""
    example: msgspec.Raw = msgspec.field(default_factory=absent)
    """Data as an example; it must fit the schema."""
    deprecated: bool = False


class EventTypeOut(msgspec.Struct, frozen=True, kw_only=True):
    """An event type."""

    name: str
    description: str
    schema: msgspec.Raw
    enforcement: Enforcement
    example: msgspec.Raw
    deprecated: bool
    created_at: str
    updated_at: str


class EventTypePage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the list, by name."""

    items: list[EventTypeOut]
    next_cursor: str | None
    next: str | None


_TYPE = msgspec.json.Decoder(EventTypeIn)


@put("/v1/event-types/{name:str}", opt=rule(Scope.MANAGE, body=EventTypeIn, also=201))
async def put_event_type(
    name: PathText, body: RawBody, caller: NeedsCaller, parts: NeedsParts
) -> Response[EventTypeOut]:
    """Create an event type (201), or replace it (200). Publishing does not need one."""
    given = decode_body(body, _TYPE)
    with at_field("name"):
        check_publishable(name)
    schema, example = _given(given.schema), _given(given.example)
    await asyncio.to_thread(check_event_type, schema, example)  # of the largest it takes half a second
    if given.enforcement is not Enforcement.OFF and schema is None:
        raise InvalidField("There is no schema to enforce.", hint="Send one.", field="enforcement")
    now = parts.clock.now()
    event_type = EventType(
        tenant_id=caller.tenant,
        name=name,
        description=given.description,
        schema=schema,
        enforcement=given.enforcement,
        example=example,
        deprecated=given.deprecated,
        created_at=now,
        updated_at=now,
    )
    new = await parts.store.event_types.put(event_type)
    await parts.directory.reload(caller.tenant)
    stored = event_type if new else await parts.store.event_types.get(caller.tenant, name)
    return Response(_shaped(stored), status_code=201 if new else 200)


@get("/v1/event-types", opt=rule(Scope.READ, query=Paging))
async def list_event_types(caller: NeedsCaller, parts: NeedsParts, asked: NeedsPaging) -> EventTypePage:
    """List event types, by name."""
    listing = Listing.of("/v1/event-types", caller.tenant, asked)
    page = await parts.store.event_types.list(
        caller.tenant, after=listing.after(asked.cursor), limit=asked.limit
    )
    return EventTypePage(
        items=[_shaped(one) for one in page.items],
        next_cursor=listing.cursor(page.after),
        next=listing.link(page.after),
    )


@get("/v1/event-types/{name:str}", opt=rule(Scope.READ))
async def get_event_type(name: PathText, caller: NeedsCaller, parts: NeedsParts) -> EventTypeOut:
    """Show an event type."""
    return _shaped(await parts.store.event_types.get(caller.tenant, name))


@delete("/v1/event-types/{name:str}", opt=rule(Scope.MANAGE))
async def delete_event_type(name: PathText, caller: NeedsCaller, parts: NeedsParts) -> None:
    """Delete an event type. Events of this name stay, and can be published on."""
    await parts.store.event_types.delete(caller.tenant, name)
    await parts.directory.reload(caller.tenant)


def _given(raw: msgspec.Raw) -> msgspec.Raw | None:
    value = bytes(raw)
    return None if not value or value == _NULL else msgspec.Raw(value)


def _shaped(event_type: EventType) -> EventTypeOut:
    return EventTypeOut(
        name=event_type.name,
        description=event_type.description,
        schema=event_type.schema if event_type.schema is not None else msgspec.Raw(_NULL),
        enforcement=event_type.enforcement,
        example=event_type.example if event_type.example is not None else msgspec.Raw(_NULL),
        deprecated=event_type.deprecated,
        created_at=iso(event_type.created_at),
        updated_at=iso(event_type.updated_at),
    )


HANDLERS = (put_event_type, list_event_types, get_event_type, delete_event_type)
