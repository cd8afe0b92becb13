"""Dialect: an outbound wire format as data: body, headers, signature, id and time. Read from `catalog/dialects/`.

Every text is a form: literal text with places in braces. What may be filled in where:

    id, body, batch    event_id tenant type type.first type.last time time.unix time.millis content_type data.PATH
    body, batch only   id data data.base64
    headers            as id, without data.PATH, and: id now now.unix now.millis attempt signature version
    signing.content    as headers, without signature, and: body (once)
    signing.hmac, signing.ed25519    hex base64
"""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec

DATA_PATH = "data."
FREE_HEADERS = frozenset({"content-type", "user-agent", "authorization"})
"""An endpoint's own header may replace these; all others of its dialect are reserved."""


class Style(StrEnum):
    """How the JSON of the body is written. All but `exact` write `data` anew, token by token, numbers as they came."""

    EXACT = "exact"
    """`data` byte for byte as it was published."""
    COMPACT = "compact"
    """No blanks, as JavaScript's JSON.stringify."""
    PHP = "php"
    """As PHP's json_encode: no blanks, `\\/`, `\\u00fc`."""
    PYTHON = "python"
    """As Python's json.dumps: `, ` and `: `, `\\u00fc`."""


class Keys(StrEnum):
    """What a secret is: `webhook`: whsec_ or whsk_ and base64; `text`: any text, keyed on its UTF-8 bytes."""

    WEBHOOK = "webhook"
    TEXT = "text"


class TimeForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """ISO 8601. `mark` is what stands at its end: `Z` (then it is UTC), an `offset` like +01:00, or `none`."""

    digits: Literal[0, 3, 6] = 6
    mark: Literal["Z", "offset", "none"] = "Z"
    zone: str = "UTC"
    """An IANA name; a tenant may have its own."""


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Any tree of YAML; its texts are forms, its order is kept. `"{data}"` alone stands for the data itself."""

    json: object
    """For data that is JSON."""
    binary: object
    """For any other content type."""


class BatchBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A batch is an event of `type` whose data is a JSON array of such items."""

    type: str = "hookline.batch"


class Signing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    keys: Keys
    content: str = "{body}"
    """What is signed."""
    hmac: str
    """HMAC-SHA256: how one signature is written."""
    ed25519: str | None = None
    join: str | None = None
    """Between the signatures of several live secrets, newest first; None: the newest alone signs."""


class Dialect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
    """Its folder's name."""
    title: str
    description: str = ""
    id: str = "{event_id}"
    """The same over all attempts and replays. An event that lacks a data path used here keeps its own id."""
    time: TimeForm = TimeForm()
    style: Style = Style.EXACT
    body: Body
    batch: BatchBody | None = None
    """None: events cannot be sent in batches."""
    headers: dict[str, str]
    """In this order. One that holds {signature} is sent only when the endpoint has a secret."""
    forward: bool = False
    """The headers that an inbound event was received with, as many as its source forwards, go out behind these, and
    in place of those of the same name.
    """
    signing: Signing | None = None
