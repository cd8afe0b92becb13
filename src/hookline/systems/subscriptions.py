"""Subscriptions: the endpoints of a system, as its own API keeps them."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from hookline.api.body import convert_values, decode_guarded, empty_body, unknown_field
from hookline.api.endpoint_in import as_given, with_defaults
from hookline.api.endpoint_verbs import create, replace
from hookline.api.merge import merged
from hookline.api.parts import Parts
from hookline.clock import Micros
from hookline.deliver.times import iso
from hookline.errors import NotFound
from hookline.model.dialect import TimeForm
from hookline.model.endpoint import Counters, Endpoint
from hookline.model.ids import EndpointId
from hookline.model.json import guard_json, nearest
from hookline.systems.access import Mounted

T = TypeVar("T", bound=msgspec.Struct)
_OBJECT = msgspec.json.Decoder(dict[str, Any])


def read_fields(body: bytes, kind: type[T]) -> tuple[T, frozenset[str]]:
    """A body as the system's callers send it, and the names of the fields that it has.

    Other fields are passed over, as the system passed them over; not those that look like a misspelling: a filter that
    is not applied is worse than an error. Raises InvalidJson or InvalidField.
    """
    if not body:
        raise empty_body()
    guard_json(body)
    values = decode_guarded(body, _OBJECT)
    known = list(kind.__struct_encode_fields__)
    for name in values:
        if name not in known and nearest(name, known):
            raise unknown_field(name, known)
    fields = {name: value for name, value in values.items() if name in known}
    return convert_values(fields, kind), frozenset(fields)


async def endpoints_of(mounted: Mounted, parts: Parts) -> Sequence[Endpoint]:
    """Oldest first."""
    config = await parts.config(mounted.tenant)
    found = [one for one in config.endpoints.values() if one.system == mounted.system.name]
    return sorted(found, key=lambda endpoint: endpoint.id)


async def endpoint_of(mounted: Mounted, parts: Parts, endpoint_id: str) -> Endpoint:
    """Raises NotFound."""
    config = await parts.config(mounted.tenant)
    found = config.endpoints.get(EndpointId(endpoint_id))
    if found is None or found.system != mounted.system.name:
        raise NotFound(f"There is no webhook {endpoint_id!r:.100}.", hint="List them to see which there are.")
    return found


async def counted(
    parts: Parts, mounted: Mounted, endpoints: Sequence[Endpoint]
) -> Sequence[tuple[Endpoint, Counters]]:
    found = await parts.store.counters.many(mounted.tenant, [one.id for one in endpoints])
    return [(one, found[one.id]) for one in endpoints]


async def subscribe(
    mounted: Mounted, parts: Parts, fields: Mapping[str, Any], *, alone: bool = False
) -> Endpoint:
    """`fields`: of an endpoint of `/v1`; what they leave out is the system's. Raises InvalidField, Conflict."""
    values = {**fields, "system": mounted.system.name}
    given = await with_defaults(values, parts, mounted.tenant)
    return await create(parts, mounted.tenant, given, alone=alone)


async def change(known: Endpoint, parts: Parts, fields: Mapping[str, Any]) -> Endpoint:
    """Only the given fields, of an endpoint of `/v1`. Raises InvalidField, Conflict."""
    before = msgspec.to_builtins(as_given(known))
    if fields.get("secrets") is not None:
        before["unsigned"] = False
    given = await with_defaults(merged(before, fields), parts, known.tenant_id)
    return await replace(parts, given, known, filter_saved="filter" in fields)


def local_time(at: Micros | None, zone: str, *, mark: str = "none", digits: int = 0) -> str | None:
    """As the system writes times in its answers. `mark`: `Z`, `offset` or `none`."""
    form = msgspec.convert({"digits": digits, "mark": mark, "zone": zone}, TimeForm)
    return None if at is None else iso(form)(at)
