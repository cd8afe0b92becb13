"""JSON in a given style: texts, separators, and the writing anew of data that is JSON already.

Data is written anew token by token, never decoded as a whole: numbers keep their spelling, keys their order, and a
key that stands twice stays twice.
"""

import json
import re
from collections.abc import Callable

import msgspec

from hookline.model.dialect import Style

_TOKEN = re.compile(rb'("(?:[^"\\]|\\.)*")|([:,])|[ \t\r\n]+', re.DOTALL)


class Writer:
    def __init__(self, style: Style) -> None:
        blank = b" " if style is Style.PYTHON else b""
        self.comma = b"," + blank
        self.colon = b":" + blank
        self.text: Callable[[str], bytes] = _TEXTS[style]
        self.data: Callable[[bytes], bytes] = bytes if style is Style.EXACT else self._anew

    def value(self, value: object) -> bytes:
        """A constant that is neither text nor a collection."""
        return msgspec.json.encode(value)

    def _anew(self, data: bytes) -> bytes:
        return _TOKEN.sub(self._token, data)

    def _token(self, token: re.Match[bytes]) -> bytes:
        text, mark = token.groups()
        if text is not None:
            return self.text(json.loads(text))
        if mark is None:
            return b""
        return self.comma if mark == b"," else self.colon


def _plain(text: str) -> bytes:
    """Half a surrogate pair is valid JSON as an escape, but is no text in UTF-8."""
    try:
        return msgspec.json.encode(text)
    except UnicodeEncodeError:
        return _ascii(text)


def _ascii(text: str) -> bytes:
    return json.dumps(text).encode()


def _php(text: str) -> bytes:
    return _ascii(text).replace(b"/", b"\\/")


_TEXTS: dict[Style, Callable[[str], bytes]] = {
    Style.EXACT: _plain,
    Style.COMPACT: _plain,
    Style.PHP: _php,
    Style.PYTHON: _ascii,
}
