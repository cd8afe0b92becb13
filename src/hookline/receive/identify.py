"""Identify: which events a request holds, and for each its id, its type and its data. Values in, values out."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import msgspec

from hookline.model.patterns import MAX_NAME
from hookline.model.provider import Provider
from hookline.receive.inbound import MAX_ITEMS, Absent, Inbound, Malformed, Unparsable
from hookline.receive.view import Peek, View, compile_peek, first_of

MAX_ID = 200
"""Characters of an id that is kept as it is; a longer one is kept as its digest."""
MAX_GROWTH, SLACK = 4, 64 * 1024
"""The events of a body together are at most so many times as large as it, and some bytes: each repeats the plain fields
of what holds it.
"""
MAX_ORIGINAL = 200
"""Characters of a provider's type."""
MAX_NAMES = 1_000
"""Types of one source that are remembered."""
UNNAMED = "webhook"
"""The type of what has no name."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER = re.compile(r"[^a-z0-9._]+")
_STEP = re.compile(r"[^.]+")
_Raws = dict[str, msgspec.Raw]
_decode_object = msgspec.json.Decoder(_Raws).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


class TooMuch(Exception):
    """Every event would repeat a large part of what holds it."""


class Item(msgspec.Struct, frozen=True, gc=False):
    """One event of a request."""

    id: str
    """The provider's; empty when there is none: then nothing is deduplicated."""
    type: str
    """As events are matched: `retell.call_started`."""
    original: str
    """As the provider writes it; empty when it says nothing."""
    data: bytes


class Identity(msgspec.Struct, frozen=True, gc=False):
    items: Sequence[Item]
    flag: str = ""
    """Why the request was not taken apart as its provider's file says; empty when it was."""


class Identifier:
    def __init__(self, provider: Provider, mapping: Mapping[str, str], *, split: bool = True) -> None:
        """`mapping`: the provider's type → the type that it becomes. `split` False: one event, whatever it holds."""
        self._prefix = provider.event_prefix
        self._mapping = mapping
        self._names: dict[str, str] = {}
        self._ids = tuple(compile_peek(text) for text in provider.id)
        self._type = first_of(provider.type)
        self._paths = provider.items if split else ()

    def identify(self, inbound: Inbound) -> Identity:
        """Never fails: what cannot be read is one event without a name."""
        if not self._paths or _is_form(inbound):
            return self._whole(inbound)
        try:
            found = list(islice(_split(inbound, self._paths), MAX_ITEMS + 1))
        except Absent:  # some of a provider's requests hold one event, and no list
            return self._whole(inbound)
        except TooMuch as error:
            return self._whole(inbound, str(error))
        except (Malformed, msgspec.DecodeError, RecursionError):
            return self._whole(inbound, "the body is not JSON")
        if len(found) > MAX_ITEMS:
            return self._whole(inbound, f"the body holds more than {MAX_ITEMS} events")
        return Identity([self._item(view, data) for view, data in found])

    def _whole(self, inbound: Inbound, flag: str = "") -> Identity:
        return Identity([self._item(View(inbound), inbound.body)], flag)

    def _item(self, view: View, data: bytes) -> Item:
        original = _text(self._type, view)[:MAX_ORIGINAL]
        return Item(_short(_id(self._ids, view)), self._named(original), original, data)

    def _named(self, original: str) -> str:
        """Kept: the same types come again and again."""
        known = self._names.get(original)
        if known is None:
            known = self._made(original)
            if len(self._names) < MAX_NAMES:
                self._names[original] = known
        return known

    def _made(self, original: str) -> str:
        mapped = self._mapping.get(original) if original else None
        return mapped or f"{self._prefix}.{snake(original) or UNNAMED}"[:MAX_NAME].rstrip(".")


def snake(original: str) -> str:
    """A provider's type in lower snake case: `BOOKING_CREATED`, `updateCard`, `repo:push`, `orders/create`; dots stay."""
    words = _OTHER.sub("_", _HUMP.sub("_", original).lower())
    return ".".join(part for part in (part.strip("_") for part in words.split(".")) if part)


def _is_form(inbound: Inbound) -> bool:
    """A provider that sends lists as JSON may send forms too, for other things."""
    try:
        return bool(inbound.fields)
    except (Absent, Malformed):
        return False


def _id(peeks: Sequence[Peek], view: View) -> str:
    """The first that is there. Where one is there twice and no other is there once, a digest of the event: whoever can
    double a header must not switch off that repeats are known.
    """
    unclear = False
    for peek in peeks:
        try:
            value = peek(view)
        except Unparsable:  # what is not JSON has none of its fields
            continue
        except Malformed:
            unclear = True
            continue
        if value:
            return value.decode("utf-8", "replace")
    whole = view.inbound.body if view.raw is None else view.raw
    return f"sha256:{hashlib.sha256(whole).hexdigest()}" if unclear else ""


def _text(peek: Peek, view: View) -> str:
    """What cannot be read is not there: the event is kept all the same."""
    try:
        value = peek(view)
    except Malformed:
        return ""
    return "" if value is None else value.decode("utf-8", "replace")


def _short(given: str) -> str:
    if len(given) <= MAX_ID and given.isascii() and given.isprintable():
        return given
    return "sha256:" + hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()


def _split(inbound: Inbound, paths: Sequence[str]) -> Iterator[tuple[View, bytes]]:
    """Each item of every list at one of the paths, and its data. Raises Absent where no list is, Unparsable first of all."""
    _ = inbound.json
    lists = [
        found for path in paths for found in _raw_lists(msgspec.Raw(inbound.body), _STEP.findall(path), None)
    ]
    if not lists:
        raise Absent("a list")
    decode, left = msgspec.json.decode, MAX_GROWTH * len(inbound.body) + SLACK
    for parent, items in lists:
        above = decode(parent) if parent is not None else None
        for item in items:
            data = _with_parent(item, parent)
            left -= len(data)
            if left < 0:
                raise TooMuch("taken apart, the body would grow too much")
            yield View(inbound, item=decode(item), parent=above, raw=bytes(item)), data


def _raw_lists(
    raw: msgspec.Raw, steps: Sequence[str], parent: msgspec.Raw | None
) -> Iterator[tuple[msgspec.Raw | None, list[msgspec.Raw]]]:
    first = bytes(raw).lstrip()[:1]
    if not steps:
        if first == b"[":
            yield parent, _decode_list(raw)
    elif steps[0] == "*":
        if first == b"[":
            for one in _decode_list(raw):
                yield from _raw_lists(one, steps[1:], one)
    elif first == b"{":
        below = _decode_object(raw).get(steps[0])
        if below is not None:
            yield from _raw_lists(below, steps[1:], parent)


def _with_parent(item: msgspec.Raw, parent: msgspec.Raw | None) -> bytes:
    """An item of a list in a list, with the plain fields of what holds it, which name the account it belongs to."""
    if parent is None or bytes(item).lstrip()[:1] != b"{":
        return bytes(item)
    own = _decode_object(item)
    above = {
        name: value
        for name, value in _decode_object(parent).items()
        if name not in own and bytes(value).lstrip()[:1] not in (b"{", b"[")
    }
    return msgspec.json.encode({**above, **own})
