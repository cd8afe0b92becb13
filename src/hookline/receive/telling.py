"""What a receipt keeps of a request: headers and query without credentials, and what stays with its events."""

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import unquote_plus

import msgspec

from hookline.errors import InvalidField
from hookline.model.place import Place, parse_text, places
from hookline.model.provider import STATIC, TOKENS, Provider, Scheme
from hookline.model.receipt import Headers
from hookline.net.header import MASK, is_credential, redact
from hookline.receive.inbound import Inbound

MAX_HEADERS = 16 * 1024
"""Bytes of headers that are kept."""
MAX_NAMES = 64
"""Of headers, of which is remembered whether they are credentials."""
NEVER_FORWARDED = frozenset(
    {
        "host",
        "connection",
        "content-length",
        "transfer-encoding",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
        "expect",
    }
)


class Told(msgspec.Struct, frozen=True, gc=False):
    shown: Headers
    """Signatures too: they prove nothing to whoever reads them later, and people compare them."""
    forwarded: Headers
    """Of all that came, what the dialect `raw` may send on."""


_Name = tuple[str, bool, bool]
"""What is known of headers of one name: as text; may its value be shown whatever it is; does it go on. A plain tuple is
taken apart at a third of the cost.
"""


class Telling:
    """Of one source."""

    def __init__(self, provider: Provider, forward: Sequence[str]) -> None:
        """`forward`: names of headers; empty: those that the provider's schemes and identifiers read, and no credential."""
        self._secret_headers = frozenset(name.lower() for name in _names(provider, "header", secret=True))
        self._signatures = frozenset(name.lower() for name in _names(provider, "header", secret=False))
        self._secret_queries = frozenset(_names(provider, "query", secret=True)) | _checked(provider)
        self._names: dict[bytes, _Name] = {}
        usual = (self._signatures - self._secret_headers) | {"content-type"}
        names = frozenset(name.lower() for name in forward) if forward else usual
        self._forward = names - NEVER_FORWARDED

    def headers(self, inbound: Inbound) -> Told:
        left, shown, forwarded, names = MAX_HEADERS, [], [], self._names
        for name, value in inbound.headers:
            text, plain, forward = names[name] if name in names else self._learned(name)
            line = (text, value.decode("latin-1"))
            left -= len(name) + len(value)
            if left >= 0:
                shown.append(line if plain else self._redacted(*line))
            if forward:
                forwarded.append(line)
        return Told(tuple(shown), tuple(forwarded))

    def _learned(self, name: bytes) -> _Name:
        """Kept: the same names come again and again."""
        text = name.decode("latin-1")
        signature = text in self._signatures and text not in self._secret_headers
        plain = signature or self._redacted(text, "") == (text, "")
        known = (text, plain, text in self._forward)
        if len(self._names) < MAX_NAMES:
            self._names[name] = known
        return known

    def _redacted(self, name: str, value: str) -> tuple[str, str]:
        return redact(((name, value),), secret_names=self._secret_headers)[0]

    def query(self, inbound: Inbound, *, whole: bool = True) -> str:
        """`whole` False: of a handshake, whose values may be secrets."""
        query = inbound.url.partition("?")[2]
        if not query:
            return ""
        parts = [self._told(part) if whole else _masked(part) for part in query.split("&")]
        return "&".join(parts)[:MAX_HEADERS]

    def _told(self, part: str) -> str:
        name = unquote_plus(part.partition("=")[0])
        return _masked(part) if name in self._secret_queries or is_credential(name) else part


def _masked(part: str) -> str:
    name, equals, _ = part.partition("=")
    return f"{name}={MASK}" if equals else part and MASK


def check_forward(names: Sequence[str]) -> None:
    """Raises InvalidField for headers that belong to one connection."""
    for name in names:
        if name.lower() in NEVER_FORWARDED or name.lower().startswith(("proxy-", "x-forwarded-")):
            raise InvalidField(
                f"The header {name[:64]} belongs to one connection and is not forwarded.", field="forward"
            )


def _names(provider: Provider, kind: str, *, secret: bool) -> Iterable[str]:
    for scheme in provider.schemes.values():
        static = scheme.algorithm in STATIC | TOKENS
        if static == secret:
            yield from (place.name for place in _read_by(scheme) if place.kind == kind)
    if not secret:
        for text in (*provider.id, *provider.type):
            yield from (place.name for place in places(parse_text(text)) if place.kind == kind)


def _read_by(scheme: Scheme) -> Iterable[Place]:
    texts = [*scheme.content, *scheme.require]
    texts += scheme.signature.at if scheme.signature else ()
    texts += [scheme.timestamp.at] if scheme.timestamp else ()
    for text in texts:
        yield from places(parse_text(text))


def _checked(provider: Provider) -> frozenset[str]:
    """Query fields that a handshake compares with a secret of the source."""
    rules: list[Mapping[str, str]] = [rule.expect for rule in provider.handshakes.values()]
    found = [place for rule in rules for text in rule for place in places(parse_text(text))]
    return frozenset(place.name for place in found if place.kind == "query")
