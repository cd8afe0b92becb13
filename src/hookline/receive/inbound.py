"""Inbound: one request as it came, and what may be looked up in it. Values are bytes, as whoever signs sees them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from urllib.parse import unquote_to_bytes

from hookline.errors import InvalidJson
from hookline.model.json import parse_json

MAX_FIELDS = 1_000
"""Of a form or query: more are not looked at, and what needs them fails."""
_FORM = b"application/x-www-form-urlencoded"
_STEP = re.compile(r"[^.]+")


class Absent(Exception):
    """The request does not have this."""


class Malformed(Exception):
    """The request has it, in a form that cannot be right: given twice, or not decodable."""


class Unparsable(Malformed):
    """The body is not the JSON that it would have to be."""


class Inbound:
    """Immutable by habit; what is parsed is parsed once."""

    def __init__(self, *, method: str, url: str, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
        """`url`: as the provider knows it, with the query that came. `headers`: names in lower case."""
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body

    def header(self, name: str) -> bytes:
        """Raises Absent; Malformed when it is given twice: whoever signs and whoever reads could take another one."""
        wanted = name.lower().encode()
        found = [value for given, value in self.headers if given == wanted]
        return _one(found, name)

    def query(self, name: str) -> bytes:
        return _one([value for given, value in self._query if given == name.encode()], name)

    def form(self, name: str) -> bytes:
        return _one([value for given, value in self.fields if given == name.encode()], name)

    def form_json(self, name: str) -> object:
        """The JSON in a field of a form. Raises Unparsable."""
        try:
            return parse_json(self.form(name))
        except InvalidJson as error:
            raise Unparsable(error.detail) from None

    @cached_property
    def fields(self) -> Sequence[tuple[bytes, bytes]]:
        """Of a form (application/x-www-form-urlencoded), in order. Raises Absent for any other body."""
        if self.header("content-type").partition(b";")[0].strip().lower() != _FORM:
            raise Absent("form")
        return _pairs(self.body)

    @cached_property
    def json(self) -> object:
        """The body. Raises Unparsable."""
        try:
            return parse_json(self.body)
        except InvalidJson as error:
            raise Unparsable(error.detail) from None

    @cached_property
    def _query(self) -> Sequence[tuple[bytes, bytes]]:
        return _pairs(self.url.partition("?")[2].encode("latin-1", "replace"))


def look_up(value: object, path: str) -> object:
    """What stands at `path` (`a.b.0`; `.` is the whole) in JSON. Raises Absent; null is absent too."""
    for step in _STEP.findall(path):
        value = _below(value, step)
    if value is None:
        raise Absent(path)
    return value


def text_of(value: object) -> bytes:
    """A scalar as it stands in signed texts. Raises Absent for lists and objects."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, int | float):
        return str(value).encode()
    raise Absent("a value")


def found_lists(value: object, path: str) -> Iterator[tuple[object, Sequence[object]]]:
    """Every list at `path`, with what holds it: the innermost value that a `*` went through, else nothing (None)."""
    yield from _lists(value, _STEP.findall(path), None)


def _lists(value: object, steps: Sequence[str], parent: object) -> Iterator[tuple[object, Sequence[object]]]:
    if not steps:
        if isinstance(value, list):
            yield parent, value
    elif steps[0] != "*":
        try:
            below = _below(value, steps[0])
        except Absent:
            return
        yield from _lists(below, steps[1:], parent)
    elif isinstance(value, list):
        for one in value:
            yield from _lists(one, steps[1:], one)


def _below(value: object, step: str) -> object:
    if isinstance(value, Mapping) and step in value:
        return value[step]
    if isinstance(value, list) and step.isascii() and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    raise Absent(step)


def _one(found: Sequence[bytes], name: str) -> bytes:
    if not found:
        raise Absent(name)
    if len(found) > 1:
        raise Malformed(f"{name} is given {len(found)} times")
    return found[0]


def _pairs(text: bytes) -> list[tuple[bytes, bytes]]:
    """URL-encoded (WHATWG URL, 5.1). Raises Malformed above MAX_FIELDS."""
    parts = text.split(b"&", MAX_FIELDS)
    if len(parts) > MAX_FIELDS:
        raise Malformed(f"more than {MAX_FIELDS} fields")
    pairs = []
    for part in parts:
        if part:
            name, _, value = part.replace(b"+", b" ").partition(b"=")
            pairs.append((unquote_to_bytes(name), unquote_to_bytes(value)))
    return pairs
