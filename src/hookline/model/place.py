"""Place: where in an inbound request a value stands, as `{header.X-Id}`; what providers are written in.

    {header.NAME} {query.NAME} {form.NAME} {json.PATH}    of the request; a path names keys and positions: `a.b.0`
    {form_json.FIELD.PATH}                                of the JSON in a field of a form
    {item.PATH} {parent.PATH}                             of one of the events that a body carries, of what holds it
    {method} {url} {url.with_port} {url.without_port}     the URL is the one that the source is known by outside
    {body} {body.sha256} {body.crc32} {body.escaped}      hex, decimal, with JSON's escapes
    {sorted_form}                                         every field, sorted: name and value, without separators
    {key.A,B}                                             the first name in the body that is none of these
    {lines.A,B,C}                                         of the body's fields that are there: name LF value LF
    {item_digest}                                         SHA-256 of one of the events, without what holds it
    {signed.NAME}                                         a field of the header that holds the signature
    {claim.NAME}                                          of the token (JWT) that holds the signature
    {timestamp} {secret} {computed}                       what the scheme or handshake names so

A question mark (`{item.a?}`) stands for nothing where nothing is; without it, the whole text is absent.
"""

import re

import msgspec

from hookline.errors import InvalidField

_PLACE = re.compile(r"\{([a-z_]+)(?:\.([^{}?]+))?(\?)?\}")
_NAMED = frozenset(
    {
        "header",
        "query",
        "form",
        "form_json",
        "json",
        "key",
        "item",
        "parent",
        "signed",
        "claim",
        "lines",
        "parameter",
    }
)
_BARE = frozenset({"method", "sorted_form", "item_digest", "timestamp", "secret", "computed"})
_ONE_OF = {
    "url": frozenset({"", "with_port", "without_port"}),
    "body": frozenset({"", "sha256", "crc32", "escaped"}),
}


class Place(msgspec.Struct, frozen=True):
    kind: str
    name: str = ""
    optional: bool = False


Text = tuple[str | Place, ...]
"""Literal parts and places, in order."""


def parse_text(text: str) -> Text:
    """Raises InvalidField for a brace that belongs to no place, and for a place that is not known."""
    parts: list[str | Place] = []
    end = 0
    for found in _PLACE.finditer(text):
        parts += [text[end : found.start()], _place(found)]
        end = found.end()
    parts.append(text[end:])
    if any("{" in part or "}" in part for part in parts if isinstance(part, str)):
        raise InvalidField(f"{text!r} has a brace that is not part of a place like {{header.X-Id}}.")
    return tuple(part for part in parts if part)


def places(text: Text) -> tuple[Place, ...]:
    return tuple(part for part in text if isinstance(part, Place))


def _place(found: re.Match[str]) -> Place:
    place = Place(found[1], found[2] or "", found[3] is not None)
    if place.kind in _NAMED:
        known = bool(place.name)
    elif place.kind in _BARE:
        known = not place.name
    else:
        known = place.name in _ONE_OF.get(place.kind, ())
    if not known:
        raise InvalidField(
            f"{found[0]} is no place of a request.", hint="Places are {header.NAME}, {json.PATH} …"
        )
    return place
