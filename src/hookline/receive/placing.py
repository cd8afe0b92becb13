"""Placing: the same request with another value at a place. What `view` reads, this writes."""

import re
from collections.abc import Sequence
from urllib.parse import quote, unquote_plus

import msgspec

from hookline.errors import InvalidField
from hookline.model.json import MAX_DIGITS
from hookline.model.place import Place, parse_text
from hookline.net.header import check_header
from hookline.receive.form import MULTIPART, URL_ENCODED
from hookline.receive.inbound import Absent, Inbound, below, steps_of

_Object = dict[str, msgspec.Raw]
_WHOLE = re.compile(rb"0|[1-9][0-9]{0,%d}" % (MAX_DIGITS - 1))
"""Digits that are a number in JSON: `007` is none."""


def place_of(text: str) -> Place:
    """The one place that `text` is. Raises InvalidField for any other text: nobody could say which part to write."""
    parts = parse_text(text)
    if len(parts) == 1 and isinstance(parts[0], Place):
        return parts[0]
    raise InvalidField(f"{text!r} is not one place of a request, so no value can be put there.")


def put(inbound: Inbound, place: Place, value: bytes, item: Sequence[str] = ()) -> Inbound:
    """`item`: the steps to the item of the body that `{item.…}` speaks of. Raises InvalidField where nothing can be put."""
    match place.kind:
        case "header":
            return _with_header(inbound, place.name.lower().encode(), value)
        case "query":
            base, _, query = inbound.url.partition("?")
            return _changed(inbound, url=f"{base}?{_with_field(query, place.name, value)}")
        case "form":
            return _with_form(inbound, place.name, value)
        case "json":
            return _with_json(inbound, steps_of(place.name), value)
        case "item":
            return _with_json(inbound, [*item, *steps_of(place.name)], value)
        case _:
            raise InvalidField(f"Nothing can be put at {{{place.kind}}} of a request.")


def _changed(inbound: Inbound, *, url: str | None = None, body: bytes | None = None) -> Inbound:
    return Inbound(
        method=inbound.method,
        url=inbound.url if url is None else url,
        headers=inbound.headers,
        body=inbound.body if body is None else body,
    )


def _with_header(inbound: Inbound, name: bytes, value: bytes) -> Inbound:
    """Where it stood; a second one of its name goes. A parameter's default may be the name of no header at all."""
    check_header(name.decode("latin-1"), value.decode("latin-1"), reserved=frozenset())
    names = [given for given, _ in inbound.headers]
    at = names.index(name) if name in names else len(names)
    before = [line for line in inbound.headers[:at] if line[0] != name]
    after = [line for line in inbound.headers[at:] if line[0] != name]
    headers = [*before, (name, value), *after]
    return Inbound(method=inbound.method, url=inbound.url, headers=headers, body=inbound.body)


def _with_form(inbound: Inbound, name: str, value: bytes) -> Inbound:
    if (inbound.by_name.get(b"content-type") or b"").lower().startswith(MULTIPART.encode()):
        raise InvalidField("No field can be written into a form of parts.", hint=f"Give it as {URL_ENCODED}.")
    body = _with_field(inbound.body.decode("latin-1"), name, value)
    return _changed(inbound, body=body.encode("latin-1"))


def _with_field(text: str, name: str, value: bytes) -> str:
    """Of a form or query: where it stood, however its name was spelled. The other fields stay as they are written."""
    field = f"{quote(name)}={quote(value)}"
    parts = [part for part in text.split("&") if part]
    found = [at for at, part in enumerate(parts) if unquote_plus(part.partition("=")[0]) == name]
    if not found:
        return "&".join([*parts, field])
    return "&".join(field if at == found[0] else part for at, part in enumerate(parts) if at not in found[1:])


def _with_json(inbound: Inbound, steps: Sequence[str], value: bytes) -> Inbound:
    old: object = inbound.json
    for step in steps:
        old = below(old, step)
    was_number = isinstance(old, int | float) and not isinstance(old, bool)
    plain = was_number and _WHOLE.fullmatch(value)
    new = value if plain else msgspec.json.encode(value.decode("utf-8", "replace"))
    return _changed(inbound, body=_spliced(inbound.body, steps, new))


def _spliced(raw: bytes, steps: Sequence[str], new: bytes) -> bytes:
    """What the steps lead through is written anew, without blanks; all beside them keeps its very bytes."""
    if not steps:
        return new
    first, rest = steps[0], steps[1:]
    if raw.lstrip()[:1] == b"[":
        items = msgspec.json.decode(raw, type=list[msgspec.Raw])
        if not first.isdecimal() or int(first) >= len(items):
            raise Absent(first)
        items[int(first)] = msgspec.Raw(_spliced(bytes(items[int(first)]), rest, new))
        return msgspec.json.encode(items)
    fields = msgspec.json.decode(raw, type=_Object) if raw.lstrip()[:1] == b"{" else {}
    fields[first] = msgspec.Raw(_spliced(bytes(fields.get(first, b"{}")), rest, new))
    return msgspec.json.encode(fields)
