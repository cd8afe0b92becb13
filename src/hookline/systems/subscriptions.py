"""Subscriptions: the endpoints of a system, as its own API keeps them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec

from hookline.api.body import convert_values, decode_guarded, empty_body, unknown_field
from hookline.api.endpoint_in import as_given, with_defaults
from hookline.api.endpoint_verbs import create, replace
from hookline.api.parts import Parts
from hookline.clock import Micros
from hookline.deliver.times import iso
from hookline.errors import BadRequest, NotFound
from hookline.model.dialect import TimeForm
from hookline.model.endpoint import Batch, Counters, Endpoint, Rate
from hookline.model.ids import EndpointId
from hookline.model.json import guard_json, nearest
from hookline.model.retry import AnyRetryPolicy
from hookline.model.template import Template
from hookline.systems.access import Mounted

T = TypeVar("T", bound=msgspec.Struct)
_OBJECT = msgspec.json.Decoder(dict[str, Any])


class Extras(msgspec.Struct, frozen=True, kw_only=True):
    """What a system had no field for, or had only planned. Null, of one that is there: as if it was never given."""

    filter: str | None = None
    """A CEL expression over `type`, `data`, `tags` and `time`."""
    template: Template | None = None
    """What is sent in the place of the system's body, in Liquid."""
    retry: AnyRetryPolicy | None = None
    """In the place of the system's policy."""
    batch: Batch | None = None
    rate: Rate | None = None


def extras(given: Extras, named: frozenset[str]) -> dict[str, Any]:
    """As `/v1` takes them: those that the body has."""
    return {name: getattr(given, name) for name in Extras.__struct_fields__ if name in named}


def read_fields(
    body: bytes, kind: type[T], shown: type[msgspec.Struct] | None = None
) -> tuple[T, frozenset[str]]:
    """A body as the system's callers send it, and the names of the fields that it has.

    Other fields are passed over, as the system passed them over; not those that look like a misspelling: a filter that
    is not applied is worse than an error. `shown`: the answer, whose fields may come back. Raises InvalidJson or
    InvalidField.
    """
    if not body:
        raise empty_body()
    guard_json(body)
    values = decode_guarded(body, _OBJECT)
    known = list(kind.__struct_encode_fields__)
    answered = shown.__struct_encode_fields__ if shown is not None else ()
    for name in values:
        if name not in known and name not in answered and nearest(name, known):
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
    mounted: Mounted,
    parts: Parts,
    fields: Mapping[str, Any],
    called: Mapping[str, str],
    *,
    alone: bool = False,
) -> Endpoint:
    """`fields`: of an endpoint of `/v1`; what they leave out is the system's. `called`: how the system calls them, where
    it has other names. Raises InvalidField, Conflict.
    """
    values = {**_told(fields), "system": mounted.system.name}
    with _in_words(called):
        given = await with_defaults(values, parts, mounted.tenant)
        return await create(parts, mounted.tenant, given, alone=alone)


async def change(
    known: Endpoint,
    parts: Parts,
    fields: Mapping[str, Any],
    called: Mapping[str, str],
    *,
    filter_saved: bool,
) -> Endpoint:
    """Only the given fields, of an endpoint of `/v1`, each whole; None: as if it was never given. `filter_saved`: one that
    was switched off has another chance. Raises InvalidField, Conflict.
    """
    before = msgspec.to_builtins(as_given(known))
    if fields.get("secrets") is not None:
        before["unsigned"] = False
    kept = {name: value for name, value in before.items() if name not in fields}
    with _in_words(called):
        given = await with_defaults(kept | _told(fields), parts, known.tenant_id)
        return await replace(parts, given, known, filter_saved=filter_saved)


@contextmanager
def _in_words(called: Mapping[str, str]) -> Iterator[None]:
    """What is refused inside is told as a fault of the field that the caller wrote."""
    try:
        yield
    except BadRequest as error:
        error.field = _called(error.field or "", called) or None
        raise


def _called(field: str, called: Mapping[str, str]) -> str:
    """The longest name counts, as `template.text` before `template`."""
    for name in sorted(called, key=len, reverse=True):
        if field == name or field.startswith((f"{name}.", f"{name}[")):
            return called[name] + field.removeprefix(name)
    return field


def _told(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: msgspec.to_builtins(value) for name, value in fields.items() if value is not None}


def local_time(at: Micros | None, zone: str, *, mark: str = "none", digits: int = 0) -> str | None:
    """As the system writes times in its answers. `mark`: `Z`, `offset` or `none`."""
    form = msgspec.convert({"digits": digits, "mark": mark, "zone": zone}, TimeForm)
    return None if at is None else iso(form)(at)
