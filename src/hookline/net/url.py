"""URLs of endpoints: one strict parser whose canonical text is what is stored, checked and dialled."""

import re
from urllib.parse import quote

import msgspec

from hookline.net.host import canonical_host, refused

MAX_URL = 2048
MAX_PORT = 65535
DEFAULT_PORTS = {"http": 80, "https": 443}
_PARTS = re.compile(r"(https?)://([^/?#]*)([^#]*)(?:#.*)?", re.ASCII | re.IGNORECASE)
_PORT = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_KEPT = "/?:@!$&'()*+,;=-._~%[]"
"""Kept as given in path and query; what else is no letter or digit is percent-encoded."""


class Url(msgspec.Struct, frozen=True, kw_only=True):
    scheme: str
    """`http` or `https`."""
    host: str
    """Canonical ASCII, lower case; an IPv6 address compressed and without brackets."""
    port: int
    target: str
    """Path and query, ASCII, begins with "/"."""
    text: str
    """The whole canonical URL: parsing it again gives this same Url."""


def parse_url(text: str) -> Url:
    """The one meaning of `text`; InvalidUrl where two parsers could differ.

    A fragment is dropped, not refused: it never leaves a browser either, and pasted URLs often have one.
    """
    _check_characters(text)
    parts = _PARTS.fullmatch(text)
    if parts is None:
        raise refused("The URL must begin with https:// or http://", "Write it as https://example.com/path")
    scheme = parts[1].lower()
    host, port = _authority(parts[2], DEFAULT_PORTS[scheme])
    target = quote(parts[3], safe=_KEPT)
    if not target.startswith("/"):
        target = f"/{target}"
    where = f"[{host}]" if ":" in host else host
    shown_port = "" if port == DEFAULT_PORTS[scheme] else f":{port}"
    canonical = f"{scheme}://{where}{shown_port}{target}"
    if len(canonical) > MAX_URL:
        raise _too_long()
    return Url(scheme=scheme, host=host, port=port, target=target, text=canonical)


def _check_characters(text: str) -> None:
    if len(text) > MAX_URL:
        raise _too_long()
    if " " in text or not text.isprintable():
        raise refused(
            "The URL holds a space, a control character or an invisible one",
            "Percent-encode it in the path or the query, for example %20 for a space",
        )
    if "\\" in text:
        raise refused(
            "The URL holds a backslash", "Use / between the parts, and %5C for a backslash in a value"
        )


def _authority(text: str, default_port: int) -> tuple[str, int]:
    if "@" in text:
        raise refused(
            "The URL holds a user name or password",
            "Credentials in a URL end up in logs: use the endpoint's `auth` setting",
        )
    if "%" in text:
        raise refused("The host holds a percent sign", "Write the host in plain letters")
    host, colon, port = _split_port(text)
    if not colon:
        return canonical_host(host), default_port
    if not _PORT.fullmatch(port) or int(port) > MAX_PORT:
        raise refused("The port is not a number from 1 to 65535", "Leave it out for the default port")
    return canonical_host(host), int(port)


def _split_port(text: str) -> tuple[str, str, str]:
    """A bracket shields the colons of an IPv6 address."""
    end = text.rfind("]")
    host, colon, port = text[end + 1 :].partition(":")
    return text[: end + 1] + host, colon, port


def _too_long() -> Exception:
    return refused(
        f"The URL is longer than {MAX_URL} characters", "Move long values into headers or the body"
    )
