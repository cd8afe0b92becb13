"""The envelope of a published event: what may be said, read strictly, as a Draft."""

import base64
import binascii
import re
from datetime import datetime
from typing import Annotated

import msgspec

from hookline.api.body import absent
from hookline.api.text import LINE
from hookline.api.times import micros
from hookline.errors import InvalidField
from hookline.model.event import JSON
from hookline.model.patterns import MAX_NAME, check_publishable
from hookline.route.draft import Draft

_CONTENT_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+( ?;[\x20-\x7e]*)?")

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=LINE)]
OrderKey = Annotated[str, msgspec.Meta(max_length=128, pattern=LINE)]
Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=LINE)]


# Checked by `check_publishable`; this only tells the document.
TypeName = Annotated[
    str,
    msgspec.Meta(extra_json_schema={"pattern": r"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$", "maxLength": MAX_NAME}),
]
DATA_CHOICE = {"anyOf": [{"required": ["data"]}, {"required": ["data_base64", "content_type"]}]}
_EVENTS = {"items": {"$ref": "#/components/schemas/EventIn"}}


class EventIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """An event to publish: its `type`, and its `data` as any JSON value, or `data_base64` with `content_type`."""

    type: TypeName
    """A name like `call.started`."""
    data: msgspec.Raw = msgspec.field(default_factory=absent)
    """Any JSON value. It is stored and sent as the bytes that came."""
    data_base64: str | None = None
    """Data that is not JSON."""
    content_type: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    """What `data_base64` is."""
    time: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    """When it happened; left out, it is now."""
    idempotency_key: Key | None = None
    """The same key with the same content gives the same event, for seven days by default."""
    order_key: OrderKey = ""
    """Endpoints that order by key send events of one key one after the other."""
    tags: Annotated[tuple[Tag, ...], msgspec.Meta(max_length=20)] = ()
    system: str = ""
    """The system that it belongs to: endpoints of other systems do not get it. Left out: all may."""


class BatchIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Each event is read on its own: a bad one does not harm the others."""

    events: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1, extra_json_schema=_EVENTS)]
    """Each as `POST /v1/events` takes it."""


EVENT = msgspec.json.Decoder(EventIn)
BATCH = msgspec.json.Decoder(BatchIn)


def draft_of(given: EventIn, header_key: bytes = b"") -> Draft:
    """`header_key`: the value of the header Idempotency-Key, if there is one."""
    data, content_type = _data(given)
    try:
        check_publishable(given.type)
    except InvalidField as error:
        error.field = "type"
        raise
    return Draft(
        type=given.type,
        data=data,
        content_type=content_type,
        time=None if given.time is None else micros(given.time, "time"),
        idempotency_key=_key(given.idempotency_key, header_key) if header_key else given.idempotency_key,
        order_key=given.order_key,
        tags=given.tags,
        system=given.system,
    )


def _data(given: EventIn) -> tuple[bytes, str]:
    if given.data_base64 is not None:
        return _binary(given.data_base64, given)
    data = bytes(given.data)
    if not data:
        raise InvalidField(
            "The field data is required.",
            hint="Send any JSON value, or data_base64 with content_type.",
            field="data",
        )
    if given.content_type is not None:
        raise InvalidField(
            "content_type goes with data_base64: data is JSON.", hint="Leave it out.", field="content_type"
        )
    return data, JSON


def _binary(text: str, given: EventIn) -> tuple[bytes, str]:
    if bytes(given.data):
        raise InvalidField("data and data_base64 are both given.", hint="Send one of them.", field="data")
    kind = given.content_type
    if kind is None or not _CONTENT_TYPE.fullmatch(kind):
        raise InvalidField(
            "data_base64 needs its content_type.", hint="Write it as text/plain.", field="content_type"
        )
    if kind.partition(";")[0].strip().lower() == JSON:
        raise InvalidField("JSON is sent as data, not as data_base64.", field="content_type")
    try:
        return base64.b64decode(text, validate=True), kind
    except (binascii.Error, ValueError):
        raise InvalidField(
            "This is not base64.", hint="Use RFC 4648, section 4.", field="data_base64"
        ) from None


def _key(field: str | None, header: bytes) -> str:
    try:
        key = msgspec.convert(header.decode(), Key)
    except (UnicodeDecodeError, msgspec.ValidationError):
        raise InvalidField(
            "The header Idempotency-Key is not 1 to 255 printable characters.", field="Idempotency-Key"
        ) from None
    if field is not None and field != key:
        raise InvalidField(
            "The header Idempotency-Key and the field idempotency_key differ.",
            hint="Send one of them.",
            field="idempotency_key",
        )
    return key
