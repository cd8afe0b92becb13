"""Masking: the secrets of an endpoint's settings, taken out of everything that is kept of its requests and answers."""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from hookline.errors import InvalidUrl
from hookline.model.mask import SHORTEST
from hookline.net.header import MASK
from hookline.net.url import parse_url

_TELLING = 8
"""Characters of a part of a URL that is taken for a secret: shorter ones are words, as `webhook`."""
_STEPS = 8
"""Of a path, counted from its end, that a part may begin with."""
_URL = re.compile(r"https?://[^/?#]*([^#]*)(?:#.*)?", re.IGNORECASE)
_HEX = re.compile(r"%[0-9A-F]{2}")
_ESCAPE = re.compile(r"\\u([0-9a-f]{4})")
_DOTNET = str.maketrans({mark: f"\\u{ord(mark):04X}" for mark in "<>&'+`"})
_GO = str.maketrans({mark: f"\\u{ord(mark):04x}" for mark in "<>&"})
_URL_SAFE = str.maketrans("+/", "-_")


class Mask:
    def __init__(self, secrets: Iterable[str]) -> None:
        known = {secret for secret in secrets if secret}
        self._blind = any(len(secret) < SHORTEST for secret in known)
        forms = {form for secret in known for form in _forms(secret) if len(form) >= SHORTEST}
        self._forms = sorted(forms, key=len, reverse=True)  # one that holds another goes first

    def text(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, MASK)
        return text

    def body(self, body: bytes) -> bytes | None:
        """None where it could hold a secret that is too short to be found (fails closed)."""
        if self._blind:
            return None
        for form in self._forms:
            body = body.replace(form.encode(), MASK.encode())
        return body

    def answer(self, body: bytes, *, cut: bool = False) -> bytes:
        """What came back may repeat what was sent. `cut`: its end is missing, and may have been in the middle of a secret."""
        masked = self.body(body) or b""
        return self._without_beginning(masked) if cut else masked

    def _without_beginning(self, body: bytes) -> bytes:
        for form in map(str.encode, self._forms):
            for length in range(min(len(form), len(body)), SHORTEST - 1, -1):
                if body.endswith(form[:length]):
                    return body[:-length] + MASK.encode()
        return body


def _forms(secret: str) -> Iterator[str]:
    for text in (secret, *_parts(secret)):
        yield from _spelled(text)
    yield from _in_base64(secret.encode())


def _parts(secret: str) -> Iterator[str]:
    """Of a URL, what of it says where to post. Servers know it without its host, those behind them without its first steps, and
    pages of a 404 repeat what they know.
    """
    targets = {found[1] for found in [_URL.fullmatch(secret)] if found is not None}
    with suppress(InvalidUrl):
        targets.add(parse_url(secret).target)
    for target in targets:
        path, _, query = target.partition("?")
        steps = {0, *[at for at, mark in enumerate(path) if mark == "/"][-_STEPS:]}
        whole = [text[at:] for text in (target, path) for place in steps for at in (place, place + 1)]
        values = [pair.partition("=")[2] for pair in query.split("&")]
        for part in (*whole, query, *values):
            yield from (one for one in (part, unquote(part), unquote_plus(part)) if len(one) >= _TELLING)


def _spelled(text: str) -> Iterator[str]:
    """As it stands in texts, in JSON as several languages write it, in URLs, and in HTML."""
    escaped, readable = json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]
    yield from (text, escaped, readable)
    yield escaped.replace("/", "\\/")
    yield from (_dotnet(escaped), readable.translate(_GO))
    for encoded in (quote(text, safe=""), quote_plus(text)):
        yield encoded
        yield _HEX.sub(lambda found: found[0].lower(), encoded)
    yield from (html.escape(text), html.escape(text, quote=False))


def _dotnet(escaped: str) -> str:
    upper = _ESCAPE.sub(lambda found: f"\\u{found[1].upper()}", escaped)
    return upper.replace('\\"', "\\u0022").translate(_DOTNET)


def _in_base64(secret: bytes) -> Iterator[str]:
    """As it stands in Basic credentials, behind a name: what is spelled alike whatever comes before and after it."""
    for before in range(3):
        written = base64.b64encode(bytes(before) + secret).decode()
        own = written[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
        yield from (own, own.translate(_URL_SAFE))
