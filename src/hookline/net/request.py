"""Request: one HTTP request as a value, and its header section as bytes."""

import re
from collections.abc import Iterable

import msgspec

from hookline.model.attempt import Headers
from hookline.net.identity import Identity
from hookline.net.url import Url

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110 section 5.6.2."""
FRAMING = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"}
)
"""They decide where a request ends: only the client writes them."""
_DEFAULT_PORTS = {"http": 80, "https": 443}
_WITHOUT_BODY = frozenset({"GET", "HEAD"})


class Request(msgspec.Struct, frozen=True, kw_only=True):
    url: Url
    method: str = "POST"
    headers: Headers = ()
    """As they go out. The client adds Host, Content-Length, Connection and, unless given, Accept-Encoding: identity."""
    body: bytes = b""
    timeout: float = 15.0
    """Seconds: one deadline over DNS, connect, TLS, write, headers and body."""
    tenant: str = ""
    """Part of the pool's key: tenants never share a connection."""
    identity: Identity | None = None
    """Part of it too. None: no certificate of ours, and the machine's authorities."""
    once: bool = False
    """Never sent again by the client itself, so it goes on a fresh connection: one that was kept may end unanswered, and nobody
    knows then whether the receiver has done its work.
    """
    prefix: bytes = b""
    """The head's first lines, made once by `prefix_of` for many requests; then `headers` are those that follow, and
    their names have passed `check_names`.
    """


def head_of(request: Request) -> bytes:
    """The header section, ready to send.

    Raises ValueError for anything that would end a line early or move the end of the request. Whoever took the
    headers in has checked them; this is the last guard and fails closed, because a header injected here is another
    request at the receiver.
    """
    if request.prefix:
        prefix, lines = request.prefix, list(map(": ".join, request.headers))
    else:
        prefix, lines = prefix_of(request.url, request.method, request.headers), []
    if request.body or request.method not in _WITHOUT_BODY:
        lines.append(f"Content-Length: {len(request.body)}")
    lines.append("Connection: keep-alive\r\n\r\n")
    return prefix + _sealed(lines, len(lines) + 1)


def prefix_of(url: Url, method: str, headers: Headers) -> bytes:
    """Request line, Host and `headers`: what may be the same in many requests. Raises ValueError as `head_of`."""
    if " " in url.target or not _is_token(method):
        raise ValueError("the method or the URL holds a blank")
    lines = [f"{method} {url.target} HTTP/1.1", f"Host: {_authority(url)}", *_lines(headers)]
    if all(name.lower() != "accept-encoding" for name, _ in headers):
        lines.append("Accept-Encoding: identity")
    lines.append("")
    return _sealed(lines, len(lines) - 1)


def check_names(names: Iterable[str]) -> None:
    """Raises ValueError for a header that would move the end of the request, or is none."""
    for name in names:
        if name.lower() in FRAMING or not _is_token(name):
            raise ValueError(f"the header {name!r} may not be set")


def _lines(headers: Headers) -> list[str]:
    check_names(name for name, _ in headers)
    return [f"{name}: {value}" for name, value in headers]


def _sealed(lines: list[str], ends: int) -> bytes:
    """`ends`: how many line ends there must be, and no other."""
    text = "\r\n".join(lines)
    if text.count("\n") != ends or text.count("\r") != ends or "\0" in text:
        raise ValueError("the method, the URL or a header holds CR, LF or NUL")
    return text.encode("latin-1")


def _is_token(name: str) -> bool:
    plain = name.isascii() and name.replace("-", "").isalnum()
    return plain or _TOKEN.fullmatch(name) is not None


def _authority(url: Url) -> str:
    host = f"[{url.host}]" if ":" in url.host else url.host
    return host if _DEFAULT_PORTS.get(url.scheme) == url.port else f"{host}:{url.port}"
