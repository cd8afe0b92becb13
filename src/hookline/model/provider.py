"""Provider: how one sender of webhooks signs, names and numbers what it sends, as data. Read from `catalog/providers/`.

Texts may hold places (`model/place.py`), and everywhere `{parameter.NAME}`: what the source says, put in before
anything else is read.
"""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec

Status = Annotated[int, msgspec.Meta(ge=200, le=599)]
Text = Annotated[str, msgspec.Meta(max_length=1000)]
"""With places. What a source overrides runs for every request that a stranger sends, so everything has a bound."""
Texts = Annotated[tuple[Text, ...], msgspec.Meta(max_length=16)]
Equal = Annotated[dict[Text, Text], msgspec.Meta(max_length=16)]
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class Algorithm(StrEnum):
    HMAC_SHA1 = "hmac-sha1"
    HMAC_SHA256 = "hmac-sha256"
    HMAC_SHA512 = "hmac-sha512"
    SHA256 = "sha256"
    """A plain hash: the secret stands in the signed content as `{secret}`."""
    ED25519 = "ed25519"
    ECDSA_SHA256 = "ecdsa-sha256"
    """P-256; the signature is DER."""
    RSA_SHA1 = "rsa-sha1"
    """PKCS#1 v1.5."""
    RSA_SHA256 = "rsa-sha256"
    """PKCS#1 v1.5."""
    JWT_HS256 = "jwt-hs256"
    """The signature is a whole token (RFC 7519), and signs itself; `expect` ties its claims to the request."""
    JWT_ES256 = "jwt-es256"
    JWT_RS256 = "jwt-rs256"
    EQUAL = "equal"
    """The value is the secret itself."""
    BASIC = "basic"
    """HTTP Basic (RFC 7617); the secret is `user:password`."""
    NONE = "none"
    """Nothing is verified."""


TOKENS = frozenset({Algorithm.JWT_HS256, Algorithm.JWT_ES256, Algorithm.JWT_RS256})
STATIC = frozenset({Algorithm.EQUAL, Algorithm.BASIC})
"""What is shown is the credential itself; nothing is signed."""


class Encoding(StrEnum):
    HEX = "hex"
    """Lower case."""
    BASE64 = "base64"
    """Standard alphabet, with padding."""


class KeyForm(StrEnum):
    """How a secret becomes the bytes of a key."""

    TEXT = "text"
    """As it stands, in UTF-8: also where it looks encoded."""
    HEX = "hex"
    BASE64 = "base64"
    WHSEC = "whsec"
    """Base64 of 24 to 64 bytes, after `whsec_` if that stands before it (Standard Webhooks)."""
    WHPK = "whpk"
    """`whpk_` and base64 of an ed25519 public key (Standard Webhooks)."""
    ED25519_HEX = "ed25519-hex"
    """A public key."""
    SPKI = "spki"
    """A public key: DER in base64, or PEM."""
    CERTIFICATE = "certificate"
    """X.509, PEM."""
    JWK = "jwk"
    """A public key as JSON (RFC 7517), or a set of them."""


class Pairs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A header of `name=value` fields; those of the name `signature` are signatures, the others `{signed.NAME}`."""

    signature: str
    separator: Annotated[str, msgspec.Meta(min_length=1, max_length=8)] = ","


class Signature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where signatures stand, and how they are written. Any one that fits will do."""

    at: Texts
    """Texts with places; those that are absent are passed over."""
    encoding: Encoding = Encoding.HEX
    prefix: str = ""
    """What stands before each signature, exactly."""
    pairs: Pairs | None = None
    versions: str = ""
    """Items `VERSION,signature` with blanks between them; this version counts, others are passed over."""
    pattern: str = ""
    """A regular expression for the whole value; its group `signature` is the signature, other groups are `{signed.NAME}`."""


class TimeForm(StrEnum):
    """How a time is written; what is signed is always the text as it came."""

    SECONDS = "seconds"
    """Since 1970."""
    MILLIS = "millis"
    RFC3339 = "rfc3339"
    """With up to nine digits of a second, and `Z` or an offset."""


class Timestamp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When it was signed, for protection against replays. The bound itself is accepted; 0 is no bound."""

    at: Text
    form: TimeForm = TimeForm.SECONDS
    past: Annotated[int, msgspec.Meta(ge=0)] = 300
    """Seconds that it may lie back."""
    future: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """Seconds that it may lie ahead; left out: as many as back."""


class Fetch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key that must be fetched: over https, from a fixed host, kept for a while. Never where a secret was given."""

    url: Text
    host: str
    """A regular expression for the whole host name."""
    path: str = ".*"
    """A regular expression for the whole path."""
    form: KeyForm
    subject: str = ""
    """A certificate's common name must end so."""
    body: object = None
    """JSON to post; left out: a GET. Its texts may hold places."""
    key: str = ""
    """Where in the answer the key stands, as a path; left out: the whole answer."""


class Scheme(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to prove who sent a request."""

    description: str = ""
    algorithm: Algorithm
    signature: Signature | None = None
    content: Annotated[tuple[Text, ...], msgspec.Meta(max_length=4)] = ("{body}",)
    """What is signed; of several, any one."""
    key: KeyForm = KeyForm.TEXT
    timestamp: Timestamp | None = None
    require: Equal = {}
    """Text with places → its value, for the scheme to be used at all. `*`: any; empty: absent."""
    expect: Equal = {}
    """Text with places → the same value as another text; compared after the signature has proved good."""
    each: Text = ""
    """A path to a list in the body: every item bears a signature of its own, and all must be good."""
    fetch: Fetch | None = None
    default: bool = True
    """Used by a source that names no schemes."""


class Parameter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a source may or must say, beside its secrets."""

    description: str
    default: str = ""
    required: bool = False
    secret: bool = False
    blank: bool = False
    """An empty value counts; else it stands for the default."""
    choices: tuple[str, ...] = ()
    example: str = ""
    """With which the file is checked where there is no default."""


class Reply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer. `json`: any tree, its texts may hold places; else `text`."""

    status: Status = 200
    json: object = None
    text: Text = ""
    headers: Equal = {}


class Compute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`{computed}`: an HMAC-SHA256 under the newest secret."""

    content: Text
    encoding: Encoding = Encoding.HEX


class Learn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The provider tells its secret: a source without one keeps it; one that has a secret refuses another."""

    at: Text
    confirm: bool = False
    """It counts only when an operator has confirmed it."""


class Visit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A URL of the request that must be fetched once, to subscribe."""

    url: Text
    host: str
    """A regular expression for the whole host name."""


class Handshake(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request that is no event: it is answered, and makes nothing else."""

    description: str = ""
    method: tuple[Method, ...] = ("POST",)
    when: Equal = {}
    """Text with places → its value. `*`: any; empty: absent."""
    signed: bool = False
    """It must verify as an event does. Without it, it does nothing but answer."""
    expect: Equal = {}
    """Text with places → the same value as another text; otherwise it is refused as everything else is: with 401."""
    compute: Compute | None = None
    learn: Learn | None = None
    visit: Visit | None = None
    answer: Reply = Reply()


class Provider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
    """Its folder's name."""
    title: str
    url: str = ""
    """Where the provider documents it."""
    description: str = ""
    prefix: str = ""
    """Of its event types; left out: its name, with underscores for hyphens."""
    schemes: Annotated[dict[str, Scheme], msgspec.Meta(max_length=8)]
    """In the order of preference."""
    parameters: dict[str, Parameter] = {}
    methods: tuple[Method, ...] = ("POST",)
    """Of requests that carry events."""
    items: Texts = ()
    """Paths to lists in the body of which every item is an event of its own (`.` is the body itself). The items of lists
    in lists: `entry.*.changes`; they bear the plain fields of what holds them, too.
    """
    id: Texts = ()
    """What stays the same when the provider sends again; the first that is there. None: nothing is deduplicated."""
    type: Texts = ()
    """The provider's own name of what happened; the first that is there."""
    handshakes: Annotated[dict[str, Handshake], msgspec.Meta(max_length=8)] = {}
    answer: Reply = Reply()
    """To what was accepted, and to a duplicate."""
    unconfirmed: tuple[str, ...] = ()
    """Facts here that nobody has yet seen in the provider's documents or code: check them, or override them."""
    notes: tuple[str, ...] = ()
    """What whoever sets up a source should know."""

    @property
    def event_prefix(self) -> str:
        return self.prefix or self.name.replace("-", "_")
