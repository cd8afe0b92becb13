"""Inbound: one request as it came, and what may be looked up in it. Values are bytes, as whoever signs sees them."""

import binascii
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from hookline.errors import InvalidJson
from hookline.model.json import parse_json
from hookline.receive import form as forms

MAX_ITEMS = 1_000
"""Events, or items that are signed each by itself, in one body. With more events it is kept whole, as one."""
_UNREAD = object()
_STEP = re.compile(r"[^.]+")


class Absent(Exception):
    """The request does not have this."""


class Malformed(Exception):
    """The request has it, in a form that cannot be right: given twice, or not decodable."""


class Unparsable(Malformed):
    """The body is not the JSON that it would have to be."""


class Inbound:
    """Immutable by habit; what is parsed is parsed once."""

    _json: object = _UNREAD
    _fault = ""

    def __init__(self, method: str, url: str, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
        """`url`: as the provider knows it, with the query that came. `headers`: names in lower case."""
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.by_name: dict[bytes, bytes | None] = dict(headers)
        """In lower case; None: given several times."""
        if len(self.by_name) < len(headers):
            self.by_name.update(_doubled(headers))

    def header(self, name: bytes) -> bytes:
        """`name` in lower case. Raises Absent; Malformed when it is given twice: whoever signs and whoever reads could
        take another one.
        """
        if name not in self.by_name:
            raise Absent(name)
        value = self.by_name[name]
        if value is None:
            raise Malformed(f"{name.decode('latin-1')} is given several times")
        return value

    def query(self, name: str) -> bytes:
        return _one([value for given, value in self._query if given == name.encode()], name)

    def form(self, name: str) -> bytes:
        return _one([value for given, value in self.fields if given == name.encode()], name)

    def form_json(self, name: str) -> object:
        """The JSON in a field of a form. Raises Unparsable."""
        if name not in self._form_json:
            try:
                self._form_json[name] = parse_json(self.form(name))
            except InvalidJson as error:
                raise Unparsable(error.detail) from None
        return self._form_json[name]

    @cached_property
    def _form_json(self) -> dict[str, object]:
        return {}

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the body, in hex. Of a body with a thousand events, each may ask for it."""
        return hashlib.sha256(self.body).hexdigest().encode()

    @cached_property
    def crc32(self) -> bytes:
        """Of the body, in decimal."""
        return str(binascii.crc32(self.body)).encode()

    @property
    def fields(self) -> Sequence[tuple[bytes, bytes]]:
        """Of a form, in order, without files. Raises as `whole_form`."""
        return self.whole_form.fields

    @cached_property
    def whole_form(self) -> forms.Form:
        """Raises Absent for any other body, Malformed for what is no such form."""
        given = self.header(b"content-type").decode("latin-1")
        try:
            match given.partition(";")[0].strip().lower():
                case forms.URL_ENCODED:
                    return forms.Form(forms.url_encoded(self.body))
                case forms.MULTIPART:
                    return forms.multipart(self.body, given)
        except ValueError as error:
            raise Malformed(str(error)) from None
        raise Absent("form")

    @property
    def json(self) -> object:
        """The body. Raises Unparsable."""
        if self._json is _UNREAD:
            self._parse()
        if self._fault:
            raise Unparsable(self._fault)
        return self._json

    @property
    def fault(self) -> str:
        """Why the body is no JSON; empty: it is."""
        if self._json is _UNREAD:
            self._parse()
        return self._fault

    def _parse(self) -> None:
        try:
            self._json = parse_json(self.body)
        except InvalidJson as error:
            self._json, self._fault = None, error.detail

    @cached_property
    def _query(self) -> Sequence[tuple[bytes, bytes]]:
        try:
            return forms.url_encoded(self.url.partition("?")[2].encode("latin-1", "replace"))
        except ValueError as error:
            raise Malformed(str(error)) from None


def _doubled(headers: Sequence[tuple[bytes, bytes]]) -> Mapping[bytes, None]:
    counts = Counter(name for name, _ in headers)
    return {name: None for name, count in counts.items() if count > 1}


def look_up(value: object, path: str) -> object:
    """What stands at `path` (`a.b.0`; `.` is the whole) in JSON. Raises Absent; null is absent too."""
    for step in _STEP.findall(path):
        value = _below(value, step)
    if value is None:
        raise Absent(path)
    return value


def steps_of(path: str) -> Sequence[str]:
    return _STEP.findall(path)


def below(value: object, step: str) -> object:
    """None for what is not there."""
    try:
        return _below(value, step)
    except Absent:
        return None


def text_of(value: object) -> bytes:
    """A scalar as it stands in signed texts. Raises Absent for lists and objects."""
    text = scalar(value)
    if text is None:
        raise Absent("a value")
    return text


def scalar(value: object) -> bytes | None:
    """As it stands in signed texts. None for null, lists and objects."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, bool):
        return b"true" if value else b"false"
    return str(value).encode() if isinstance(value, int | float) else None


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
