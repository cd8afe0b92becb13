"""The types of settings: how a text becomes a value, and how a value is shown to people without its secrets."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from types import MappingProxyType
from typing import Any, NewType

import msgspec

Size = NewType("Size", int)
"""Bytes."""
Seconds = NewType("Seconds", float)
Network = IPv4Network | IPv6Network
Networks = tuple[Network, ...]
Names = tuple[str, ...]

KEY_BYTES = 32
KIB = 1024
MIB = 1024 * KIB
_SIZES: Mapping[str, int] = MappingProxyType(
    {"": 1, "b": 1, "kb": 1000, "kib": KIB, "mb": 1000**2, "mib": MIB, "gb": 1000**3, "gib": 1024 * MIB}
)
_TIMES: Mapping[str, float] = MappingProxyType({"": 1, "ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400})
_TRUE = ("true", "1", "on", "yes")
_FALSE = ("false", "0", "off", "no")
_AMOUNT = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?) ?([A-Za-z]*)")
_USER = re.compile(r"^([^:/?#]+://[^:/?#@]*):.*@", re.DOTALL)
_CREDENTIAL = re.compile(r"([?&][^=&]*(?:pass|key|secret|token)[^=&]*=)[^&#]*", re.IGNORECASE)


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    AUTO = "auto"
    JSON = "json"
    TEXT = "text"


class Secret:
    """A value that shows `***`, or what may be shown of it, wherever it is printed."""

    __slots__ = ("_shown", "_value")

    def __init__(self, value: str, *, shown: str = "***") -> None:
        self._value = value
        self._shown = shown if value else ""

    def reveal(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __str__(self) -> str:
        return self._shown

    def __repr__(self) -> str:
        return f"Secret({self._shown!r})"


DatabaseUrl = NewType("DatabaseUrl", Secret)
ProxyUrl = NewType("ProxyUrl", Secret)
SecretKeys = NewType("SecretKeys", Secret)


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One type of setting."""

    words: str
    """What to write, for the docs and for errors."""
    read: Callable[[str], Any]
    """Raises ValueError; its text may be shown, so it never repeats a secret."""
    show: Callable[[Any], str] = str
    secret: bool = False


def read_flag(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(text)


def read_size(text: str) -> Size:
    """`65536`, `64KiB`, `1.5 MB`."""
    return Size(int(_amount(text, _SIZES)))


def read_seconds(text: str) -> Seconds:
    """`15s`, `250ms`, `5m`, `2h`, `1d`; a bare number is seconds."""
    return Seconds(round(_amount(text, _TIMES), 9))


def _amount(text: str, units: Mapping[str, float]) -> float:
    found = _AMOUNT.fullmatch(text)
    if found is None or found[2].lower() not in units:
        raise ValueError(text)
    return float(found[1]) * units[found[2].lower()]


def show_size(size: Size) -> str:
    if size % MIB == 0 and size:
        return f"{size // MIB}MiB"
    return f"{size // KIB}KiB" if size % KIB == 0 and size else str(size)


def read_names(text: str) -> Names:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def read_networks(text: str) -> Networks:
    """Strict: `10.0.0.1/8` has host bits set and is refused rather than guessed at."""
    return tuple(ip_network(part) for part in read_names(text))


def read_database(text: str) -> DatabaseUrl:
    if not re.match(r"(sqlite:///|postgres(ql)?://)\S", text):
        raise ValueError
    return DatabaseUrl(Secret(text, shown=masked_url(text)))


def read_proxy(text: str) -> ProxyUrl:
    if not re.fullmatch(r"https?://\S+", text):
        raise ValueError
    return ProxyUrl(Secret(text, shown=masked_url(text)))


def read_keys(text: str) -> SecretKeys:
    decode_keys(text)
    return SecretKeys(Secret(text))


def decode_keys(text: str) -> tuple[bytes, ...]:
    """Keys of 32 bytes in base64 (either alphabet), parted by commas or new lines, the newest first.

    Raises ValueError, without a word of the text, when there is none or one is not a key.
    """
    parts = text.replace(",", " ").split()
    if not parts:
        raise ValueError
    return tuple(_decode_key(part) for part in parts)


def _decode_key(part: str) -> bytes:
    plain = part.translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        key = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError
    return key


def masked_url(url: str) -> str:
    """The URL without its password; whatever stands before the last `@` is taken as credentials, so that one
    written without percent-encoding is covered too.
    """
    return _CREDENTIAL.sub(r"\1***", _USER.sub(r"\1:***@", url))


def _joined(values: tuple[object, ...]) -> str:
    return ",".join(map(str, values))


def _shown_seconds(seconds: Seconds) -> str:
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"


KINDS: Mapping[Any, Kind] = MappingProxyType(
    {
        bool: Kind(words="true or false", read=read_flag, show=lambda flag: str(flag).lower()),
        int: Kind(words="a whole number", read=int),
        str: Kind(words="text", read=str),
        Path: Kind(words="a path", read=Path),
        Size: Kind(words="a size as 65536, 64KiB or 1MiB", read=read_size, show=show_size),
        Seconds: Kind(words="a time as 250ms, 15s, 5m or 1d", read=read_seconds, show=_shown_seconds),
        Names: Kind(words="a list with commas", read=read_names, show=_joined),
        Networks: Kind(words="a list of networks as 10.0.0.0/8,fd00::/8", read=read_networks, show=_joined),
        LogLevel: Kind(words="debug, info, warning or error", read=LogLevel),
        LogFormat: Kind(words="auto, json or text", read=LogFormat),
        Secret: Kind(words="secret text", read=Secret, secret=True),
        DatabaseUrl: Kind(
            words="sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME", read=read_database, secret=True
        ),
        ProxyUrl: Kind(words="http://USER:PASSWORD@HOST:PORT", read=read_proxy, secret=True),
        SecretKeys: Kind(
            words="32 bytes in base64 (openssl rand -base64 32), or several with commas",
            read=read_keys,
            secret=True,
        ),
    }
)
