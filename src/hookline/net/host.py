"""Hosts of URLs: one canonical ASCII spelling for names and IP literals, everything else refused."""

import ipaddress
import re
import unicodedata

import idna

from hookline.errors import InvalidUrl

MAX_NAME = 253
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_WRITTEN_TOGETHER = (
    frozenset({"LATIN", "CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
"""The scripts that one label may mix: "highly restrictive" of Unicode's UTS 39."""


def canonical_host(text: str) -> str:
    """A name (lower case, IDNA 2008, no last dot), an IPv4, or an IPv6 address (compressed, no brackets)."""
    if not text:
        raise refused("The URL has no host", "Write it as https://example.com/path")
    if text.startswith("["):
        return _ipv6(text)
    name = _name(text)
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        return _ipv4(text)
    return name


def literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a canonical host spells, if it is not a name."""
    if ":" not in host and not host[-1:].isdigit():
        return None
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def refused(detail: str, hint: str) -> InvalidUrl:
    return InvalidUrl(detail, hint=hint, field="url")


def _name(text: str) -> str:
    if len(text) > MAX_NAME + 1:
        raise refused(f"The host is longer than {MAX_NAME} characters", "Use a shorter name")
    if unicodedata.normalize("NFKC", text) != text:
        raise refused("The host holds look-alike characters", "Type it in plain letters, or as xn--…")
    name = ".".join(_label(label) for label in text.removesuffix(".").lower().split("."))
    if len(name) > MAX_NAME:
        raise refused(f"The host is longer than {MAX_NAME} characters", "Use a shorter name")
    return name


def _label(label: str) -> str:
    if label.isascii() and not label.startswith("xn--"):
        if not _LABEL.fullmatch(label):
            raise refused(
                "The host is not a valid name",
                "Each part between dots has 1 to 63 letters, digits, - or _ and no - at its ends",
            )
        return label
    return _international(label)


def _international(label: str) -> str:
    try:
        spelled = idna.ulabel(label) if label.isascii() else label
        coded = idna.alabel(spelled).decode("ascii")
    except UnicodeError:
        coded = spelled = ""
    if not coded or (label.isascii() and coded != label):
        raise refused("The host is not a valid international name", "See IDNA 2008, RFC 5891")
    if _mixes_scripts(spelled):
        raise refused("The host mixes scripts in one label", "Type it in the letters of one script")
    return coded


def _mixes_scripts(label: str) -> bool:
    """The first word of a character's Unicode name stands for its script, which Python does not know."""
    letters = (char for char in label if char.isalnum() and not (char.isascii() and char.isdigit()))
    scripts = {unicodedata.name(char, "?").partition(" ")[0] for char in letters}
    return len(scripts) > 1 and not any(scripts <= allowed for allowed in _WRITTEN_TOGETHER)


def _ipv4(text: str) -> str:
    """What ends in a number is an address (WHATWG), and only the one spelling that all parsers share is taken."""
    try:
        address = str(ipaddress.IPv4Address(text))
    except ValueError:
        address = ""
    if address != text:
        raise refused(
            "The host is not a valid IPv4 address", "Write four decimal numbers without leading zeros"
        )
    return address


def _ipv6(text: str) -> str:
    try:
        address = ipaddress.IPv6Address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        address = None
    if address is None or address.scope_id or not text.endswith("]"):
        raise refused("The host is not a valid IPv6 address", "Write it as [2001:db8::1], without a zone")
    if address.ipv4_mapped is not None:  # Python 3.13 spells these in another way than 3.11 and WHATWG
        low = int(address) & 0xFFFFFFFF
        return f"::ffff:{low >> 16:x}:{low & 0xFFFF:x}"
    return str(address)
