"""What a dialect must keep to beyond the types of its fields, checked when the catalogue is loaded."""

import re
from collections.abc import Set as AbstractSet

from hookline.catalog.json_tree import texts_of
from hookline.errors import InvalidField
from hookline.model.dialect import DATA_PATH, Dialect, TimeForm
from hookline.model.form import parse_form, slots
from hookline.model.zones import check_zone

OF_EVENT = frozenset(
    {
        "event_id",
        "tenant",
        "type",
        "type.first",
        "type.last",
        "time",
        "time.unix",
        "time.millis",
        "content_type",
    }
)
OF_BODY = OF_EVENT | {"id", "data", "data.base64"}
OF_CONTENT = OF_EVENT | {"id", "now", "now.unix", "now.millis", "attempt", "version", "body"}
OF_HEADERS = OF_CONTENT - {"body"} | {"signature"}
OF_SIGNATURE = frozenset({"hex", "base64"})
NUMBERS = frozenset({"time.unix", "time.millis"})
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, 5.6.2."""


def check_dialect(dialect: Dialect) -> None:
    """Raises InvalidField, with the field, for what types cannot say."""
    _check_form("id", dialect.id, OF_EVENT, data=True)
    _check_tree("body.json", dialect.body.json, splice=True)
    _check_tree("body.binary", dialect.body.binary, splice=dialect.body.binary == "{data}")
    if dialect.batch is not None:
        _check_tree("batch.json", dialect.batch.json, splice=True)
        _check_tree("batch.binary", dialect.batch.binary, splice=False)
    _check_headers(dialect.headers)
    _check_zone(dialect.time)
    _check_signing(dialect)


def _check_headers(headers: dict[str, str]) -> None:
    if len({name.lower() for name in headers}) != len(headers):
        raise InvalidField("A header stands there twice, in two spellings.", field="headers")
    for name, text in headers.items():
        if not TOKEN.fullmatch(name) or not text.isprintable():
            raise InvalidField("A name or value that HTTP does not allow.", field=f"headers.{name}")
        _check_form(f"headers.{name}", text, OF_HEADERS)


def _check_signing(dialect: Dialect) -> None:
    signed = any("{signature}" in text for text in dialect.headers.values())
    signing = dialect.signing
    if signing is None:
        if signed:
            raise InvalidField("A header holds {signature}, but nothing says how to sign.", field="signing")
        return
    if not signed:
        raise InvalidField("No header holds {signature}.", field="headers")
    _check_form("signing.content", signing.content, OF_CONTENT)
    for field, text in (("signing.hmac", signing.hmac), ("signing.ed25519", signing.ed25519)):
        if text is not None:
            _check_form(field, text, OF_SIGNATURE)
            if text.count("{") != 1:
                raise InvalidField("A signature is written with {hex} or {base64}, once.", field=field)
    if signing.content.count("{body}") != 1:
        raise InvalidField("The signed content holds {body} exactly once.", field="signing.content")
    if "{id}" in signing.content and dialect.id != "{event_id}":
        raise InvalidField(
            "An id that is signed must be {event_id}: one with a `.` in it could move bytes between id, time and body.",
            field="id",
        )


def _check_zone(time: TimeForm) -> None:
    if time.zone == "UTC":
        return
    if time.mark == "Z":
        raise InvalidField(
            "The mark Z means UTC: another zone needs the mark offset or none.", field="time.mark"
        )
    check_zone(time.zone, "time.zone")


def _check_tree(field: str, tree: object, *, splice: bool) -> None:
    for path, text in texts_of(field, tree):
        if text == "{data}":
            if not splice:
                raise InvalidField("Data that is not JSON can only stand for the whole body.", field=path)
            continue
        _check_form(path, text, OF_BODY - {"data"}, data=True)
        form = parse_form(text)
        numbers = [slot.name for slot in slots(form) if slot.number]
        if numbers and (len(form) > 1 or numbers[0] not in NUMBERS):
            raise InvalidField("Only a time alone, as {time.unix:number}, can be a number.", field=path)


def _check_form(field: str, text: str, allowed: AbstractSet[str], *, data: bool = False) -> None:
    try:
        places = slots(parse_form(text))
    except InvalidField as error:
        raise InvalidField(error.detail, field=field) from error
    for slot in places:
        if slot.name not in allowed and not (data and slot.name.startswith(DATA_PATH)):
            known = ", ".join(sorted(allowed))
            raise InvalidField(
                f"{{{slot.name}}} cannot be filled in here.", hint=f"Known here: {known}", field=field
            )
