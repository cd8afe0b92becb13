"""View: a request with what is known of it so far, and texts with places compiled to functions of it."""

import hashlib
import json
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, urlsplit

import msgspec

from hookline.model.place import Place, parse_text
from hookline.net.header import is_header_name
from hookline.receive.inbound import (
    Absent,
    Inbound,
    Malformed,
    Unparsable,
    below,
    look_up,
    scalar,
    steps_of,
    text_of,
)

_DEFAULT_PORTS = {"http": 80, "https": 443}


class View(msgspec.Struct, gc=False):
    inbound: Inbound
    item: object = None
    parent: object = None
    raw: bytes | None = None
    """The item as it came."""
    signed: Mapping[str, bytes | None] | None = None
    """Fields of the signature's header; None: given twice."""
    claims: object = None
    timestamp: bytes | None = None
    secret: bytes | None = None
    computed: bytes | None = None


Read = Callable[[View], bytes]
"""Raises Absent or Malformed."""
Peek = Callable[[View], bytes | None]
"""None for what is absent. Raises Malformed."""


def compile_text(text: str) -> Read:
    """`text` was checked when the catalogue was loaded."""
    reads = [
        _optional(read_of(part)) if isinstance(part, Place) and part.optional else read_of(part)
        for part in parse_text(text)
    ]
    if len(reads) == 1:
        return reads[0]
    return lambda view: b"".join([read(view) for read in reads])


def compile_peek(text: str) -> Peek:
    """As `compile_text`, with None for what is absent: most of what is asked for is not there, and raising costs more
    than looking.
    """
    parts = parse_text(text)
    if len(parts) == 1 and isinstance(parts[0], Place) and parts[0].kind in _PEEKS:
        return _PEEKS[parts[0].kind](parts[0].name)
    read = compile_text(text)

    def peek(view: View) -> bytes | None:
        try:
            return read(view)
        except Absent:
            return None

    return peek


def is_fixed(text: str) -> bool:
    """Whether it is the same of all requests: no place, or but a header that none can have, as `generic` names one that
    is not used.
    """
    return all(
        isinstance(part, str) or (part.kind == "header" and not is_header_name(part.name))
        for part in parse_text(text)
    )


def compile_tree(value: object) -> object:
    """A tree of JSON whose texts have places; `filled` makes plain JSON of it."""
    if isinstance(value, str):
        return compile_text(value)
    if isinstance(value, dict):
        return {key: compile_tree(one) for key, one in value.items()}
    if isinstance(value, list):
        return [compile_tree(one) for one in value]
    return value


def filled(tree: object, view: View) -> object:
    if isinstance(tree, dict):
        return {key: filled(one, view) for key, one in tree.items()}
    if isinstance(tree, list):
        return [filled(one, view) for one in tree]
    return tree(view).decode("utf-8", "replace") if callable(tree) else tree


def first_of(texts: tuple[str, ...]) -> Peek:
    """The first of several texts that is there, and not empty. Raises Malformed."""
    peeks = [compile_peek(text) for text in texts]
    if not peeks:
        return lambda _: None

    def read(view: View) -> bytes | None:
        for peek in peeks:
            try:
                value = peek(view)
            except Unparsable:  # what is not JSON has none of its fields
                continue
            if value:
                return value
        return None

    return read


def read_of(part: str | Place) -> Read:
    if isinstance(part, str):
        literal = part.encode()
        return lambda _: literal
    if part.kind in _BARE:
        return _BARE[part.kind]
    if part.kind in _VARIANTS:
        return _VARIANTS[part.kind][part.name]
    return _NAMED[part.kind](part.name)


def _optional(read: Read) -> Read:
    def optional(view: View) -> bytes:
        try:
            return read(view)
        except Absent:
            return b""

    return optional


def _known(name: str, value: bytes | None) -> bytes:
    if value is None:
        raise Absent(name)
    return value


def _header(name: bytes) -> Read:
    return lambda view: view.inbound.header(name)


def _peek_header(name: str) -> Peek:
    wanted = name.lower().encode()

    def peek(view: View) -> bytes | None:
        inbound = view.inbound
        if wanted not in inbound.by_name:
            return None
        value = inbound.by_name[wanted]
        return inbound.header(wanted) if value is None else value

    return peek


def _peek_json(path: str) -> Peek:
    steps = steps_of(path)
    if len(steps) == 1:
        return _peek_field(steps[0])

    def peek(view: View) -> bytes | None:
        value = view.inbound.json
        for step in steps:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list):
                value = below(value, step)
            else:
                return None
        return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else scalar(value)

    return peek


def _peek_field(name: str) -> Peek:
    """Most of what is looked up stands at the top."""

    def peek(view: View) -> bytes | None:
        body = view.inbound.json
        value = body.get(name) if isinstance(body, dict) else below(body, name)
        if value is None:
            return None
        return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else scalar(value)

    return peek


def _json(path: str) -> Read:
    return lambda view: text_of(look_up(view.inbound.json, path))


def _form_json(name: str) -> Read:
    field, _, path = name.partition(".")
    return lambda view: text_of(look_up(view.inbound.form_json(field), path or "."))


def _key(names: str) -> Read:
    others = frozenset(names.split(","))

    def read(view: View) -> bytes:
        value = view.inbound.json
        for name in value if isinstance(value, dict) else ():
            if name not in others:
                return text_of(name)
        raise Absent("another name")

    return read


def _signed(name: str) -> Read:
    def read(view: View) -> bytes:
        if view.signed is None or name not in view.signed:
            raise Absent(name)
        value = view.signed[name]
        if value is None:
            raise Malformed(f"{name} is given twice beside the signature")
        return value

    return read


def _lines(names: str) -> Read:
    """As Amazon SNS signs: name LF value LF, of the fields that are there, in this order."""
    wanted = names.split(",")

    def read(view: View) -> bytes:
        parts: list[bytes] = []
        for name in wanted:
            try:
                parts += [name.encode(), b"\n", text_of(look_up(view.inbound.json, name)), b"\n"]
            except Absent:
                continue
        return b"".join(parts)

    return read


def _sorted_form(view: View) -> bytes:
    """Each name with each of its values, once (Twilio). A file would come in unsigned beside them."""
    fields, files = view.inbound.whole_form
    if files:
        raise Malformed("the form holds a file")
    return b"".join([name + value for name, value in sorted(set(fields))])


def _url(view: View) -> bytes:
    return view.inbound.url.encode("latin-1", "replace")


def _parts_of(view: View) -> tuple[SplitResult, int | None]:
    """Of the URL, and its port. Raises Malformed: it may be made of a header that came."""
    try:
        parts = urlsplit(view.inbound.url)
        port = parts.port
    except ValueError:
        raise Malformed("the URL is none") from None
    return parts, port


def _with_port(view: View) -> bytes:
    parts, port = _parts_of(view)
    if port is not None or parts.scheme not in _DEFAULT_PORTS:
        raise Absent("a URL without a port")
    netloc = f"{parts.netloc}:{_DEFAULT_PORTS[parts.scheme]}"
    return _rebuilt(view.inbound.url, parts.netloc, netloc)


def _without_port(view: View) -> bytes:
    parts, port = _parts_of(view)
    if port is None:
        raise Absent("a URL with a port")
    return _rebuilt(view.inbound.url, parts.netloc, parts.netloc.rpartition(":")[0])


def _rebuilt(url: str, netloc: str, other: str) -> bytes:
    """Nothing but the authority changes: another library's idea of a URL's normal form is not what was signed."""
    return url.replace(netloc, other, 1).encode("latin-1", "replace")


def _sha256(view: View) -> bytes:
    return view.inbound.digest


def _crc32(view: View) -> bytes:
    return view.inbound.crc32


def _escaped(view: View) -> bytes:
    r"""The body with what is not printable ASCII escaped as in JSON (`\n`, `\u00fc`), and lone backslashes doubled, as
    Box signs it. Absent where that changes nothing.
    """
    try:
        text = json.dumps(view.inbound.body.decode())[1:-1]
    except UnicodeDecodeError:
        raise Absent("a body in UTF-8") from None
    escaped = text.replace('\\"', '"').replace("\\\\/", "\\/").encode()  # those two stand as they came
    if escaped == view.inbound.body:
        raise Absent("a body that needs escapes")
    return escaped


_BARE: dict[str, Read] = {
    "method": lambda view: view.inbound.method.encode(),
    "sorted_form": _sorted_form,
    "item_digest": lambda view: hashlib.sha256(_known("item", view.raw)).hexdigest().encode(),
    "timestamp": lambda view: _known("timestamp", view.timestamp),
    "secret": lambda view: _known("secret", view.secret),
    "computed": lambda view: _known("computed", view.computed),
}
_VARIANTS: dict[str, dict[str, Read]] = {
    "url": {"": _url, "with_port": _with_port, "without_port": _without_port},
    "body": {"": lambda view: view.inbound.body, "sha256": _sha256, "crc32": _crc32, "escaped": _escaped},
}
_PEEKS: dict[str, Callable[[str], Peek]] = {"header": _peek_header, "json": _peek_json}
_NAMED: dict[str, Callable[[str], Read]] = {
    "header": lambda name: _header(name.lower().encode()),
    "query": lambda name: lambda view: view.inbound.query(name),
    "form": lambda name: lambda view: view.inbound.form(name),
    "json": _json,
    "form_json": _form_json,
    "key": _key,
    "item": lambda path: lambda view: text_of(look_up(view.item, path)),
    "parent": lambda path: lambda view: text_of(look_up(view.parent, path)),
    "claim": lambda path: lambda view: text_of(look_up(view.claims, path)),
    "signed": _signed,
    "lines": _lines,
}
