"""Forms: the fields of a body or query, as bytes and in order."""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

MAX_FIELDS = 1_000
"""Of a form or query: more are not looked at, and what needs them fails."""
URL_ENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

Fields = list[tuple[bytes, bytes]]


class Form(NamedTuple):
    fields: Fields
    files: bool = False
    """It holds files too, which are none of its fields."""


def url_encoded(text: bytes) -> Fields:
    """WHATWG URL, 5.1. Raises ValueError above MAX_FIELDS."""
    parts = text.split(b"&", MAX_FIELDS)
    if len(parts) > MAX_FIELDS:
        raise ValueError(f"more than {MAX_FIELDS} fields")
    pairs = []
    for part in parts:
        if part:
            name, _, value = part.replace(b"+", b" ").partition(b"=")
            pairs.append((unquote_to_bytes(name), unquote_to_bytes(value)))
    return pairs


def multipart(body: bytes, content_type: str) -> Form:
    """RFC 7578. Raises ValueError for what is written in a way that two readers could understand differently."""
    _, options = parse_options_header(content_type)
    try:
        parser = PushMultipartParser(
            options.get("boundary", ""), len(body), max_segment_count=MAX_FIELDS, strict=True
        )
        parts = list(_parts(parser, body))
    except MultipartError as error:
        raise ValueError(str(error)) from None
    fields = [(part.name.encode(), value) for part, value in parts if part.filename is None]
    return Form(fields, files=len(fields) < len(parts))


def _parts(parser: PushMultipartParser, body: bytes) -> Iterator[tuple[MultipartSegment, bytes]]:
    part, parts = None, list[bytes]()
    for one in [*parser.parse(body), *parser.parse(b"")]:
        if isinstance(one, MultipartSegment):
            part, parts = one, []
        elif one:
            parts.append(bytes(one))
        elif part is not None:
            yield part, b"".join(parts)
