"""Headers that users give: what may be sent (RFC 9110), and what of them may be shown again."""

import re
from collections.abc import Mapping

from hookline.errors import InvalidHeader
from hookline.model import mask
from hookline.model.attempt import Headers

MAX_HEADER = 8 * 1024
MAX_HEADERS = 32 * 1024
RESERVED = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-*",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Lower case; `prefix*` reserves all that begin so. The client owns these; a dialect adds those that it writes."""

MASK = mask.MASK
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_VALUE = re.compile(r"[\x20-\x7e\xa0-\xff]*")
_CREDENTIAL = re.compile(r"auth|cookie|key|passw|pwd|secret|token|credential")
_SHOWN = frozenset({"idempotency-key", "webhook-signature"})
"""Not credentials, though one is named so; and what receivers need to debug a verification."""
_AUTHORIZATION = frozenset({"authorization", "proxy-authorization"})
_SCHEME = re.compile(
    r"(?:basic|bearer|digest|token|apikey|negotiate|hawk|splunk|genie-?key|aws4-hmac-sha256)(?= )",
    re.IGNORECASE,
)


def is_credential(name: str) -> bool:
    """Whether a header or field of this name probably holds one."""
    return name.lower() not in _SHOWN and _CREDENTIAL.search(name.lower()) is not None


def is_header_name(name: str) -> bool:
    """RFC 9110, 5.1: what no request can carry is none."""
    return _TOKEN.fullmatch(name) is not None


def check_header(name: str, value: str, *, reserved: frozenset[str] = RESERVED) -> None:
    """Raises InvalidHeader, which never tells the value: it may be a secret."""
    if not is_header_name(name):
        raise _invalid(f"{name[:64]!r} is not a header name", "Use letters, digits and -")
    if _is_reserved(name.lower(), reserved):
        raise _invalid(f"The header {name[:64]} is set by Hookline itself", "Leave it out")
    check_value(name, value)
    if value != value.strip(" "):
        raise _invalid(f"The value of the header {name[:64]} begins or ends with a space", "Remove the space")
    if len(name) + len(value) > MAX_HEADER:
        raise _invalid(
            f"The header {name[:64]} is larger than {MAX_HEADER} bytes", "Put long values into the body"
        )


def check_value(name: str, value: str) -> None:
    """Of a line that was made of an event. Raises InvalidHeader, which never tells the value."""
    if not _VALUE.fullmatch(value):
        raise _invalid(
            f"The value of the header {name[:64]} holds a character that headers cannot carry",
            "Use printable ASCII or Latin-1 on one line; encode other text, for example with percent signs",
        )


def check_headers(headers: Mapping[str, str], *, reserved: frozenset[str] = RESERVED) -> None:
    """Each header, their sum, and that no two differ only in case."""
    seen: set[str] = set()
    for name, value in headers.items():
        check_header(name, value, reserved=reserved)
        if name.lower() in seen:
            raise _invalid(f"The header {name[:64]} is given twice", "Header names do not differ by case")
        seen.add(name.lower())
    if sum(len(name) + len(value) for name, value in headers.items()) > MAX_HEADERS:
        raise _invalid(
            f"The headers together are larger than {MAX_HEADERS} bytes", "Put long values into the body"
        )


def redact(headers: Headers, *, secret_names: frozenset[str] = frozenset()) -> Headers:
    """The same lines with credentials masked; `secret_names` (lower case) are those that only the caller knows."""
    return tuple((name, _shown(name.lower(), value, secret_names)) for name, value in headers)


def unmasked(given: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """What comes back as it was shown means: as it was, in whatever case its name is written. Raises InvalidHeader for a
    mask that stands for nothing.
    """
    before = {name.lower(): value for name, value in known.items()}
    return {name: _meant(name, value, before.get(name.lower())) for name, value in given.items()}


def _meant(name: str, value: str, before: str | None) -> str:
    scheme = _SCHEME.match(value)
    if value != MASK and (scheme is None or value[scheme.end() :] != f" {MASK}"):
        return value
    if before is None or (scheme and value.lower() != _shown(name.lower(), before, frozenset()).lower()):
        raise _invalid(
            f"{MASK} stands for what is hidden, and no value of the header {name[:64]!r} was shown like that",
            "Give the value itself.",
        )
    return before


def _is_reserved(name: str, reserved: frozenset[str]) -> bool:
    if name in reserved:
        return True
    return any(entry.endswith("*") and name.startswith(entry[:-1]) for entry in reserved)


def _shown(name: str, value: str, secret_names: frozenset[str]) -> str:
    if name in _AUTHORIZATION:
        scheme = _SCHEME.match(value)
        return f"{scheme[0]} {MASK}" if scheme else MASK
    if name in secret_names or is_credential(name):
        return MASK
    return value


def _invalid(detail: str, hint: str) -> InvalidHeader:
    return InvalidHeader(detail, hint=hint, field="headers")
