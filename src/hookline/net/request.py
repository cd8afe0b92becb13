"""Request: one HTTP request as a value, and its header section as bytes."""

import re

import msgspec

from hookline.model.attempt import Headers
from hookline.net.url import Url

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110 section 5.6.2."""
_OURS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"}
)
"""They decide where a request ends: only the client writes them."""
_FAMILIAR = frozenset({"Content-Type", "User-Agent", "webhook-id", "webhook-timestamp", "webhook-signature"})
"""Known to be fine, so that most requests skip the look at each letter."""
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


def head_of(request: Request) -> bytes:
    """The header section, ready to send.

    Raises ValueError for anything that would end a line early or move the end of the request. Whoever took the
    headers in has checked them; this is the last guard and fails closed, because a header injected here is another
    request at the receiver.
    """
    url = request.url
    lines = [f"{request.method} {url.target} HTTP/1.1", f"Host: {_authority(url)}"]
    encoding = True
    for name, value in request.headers:
        if name not in _FAMILIAR:
            lower = name.lower()
            if lower in _OURS or not _is_token(name):
                raise ValueError(f"the header {name!r} may not be set")
            encoding = encoding and lower != "accept-encoding"
        lines.append(f"{name}: {value}")
    if encoding:
        lines.append("Accept-Encoding: identity")
    if request.body or request.method not in _WITHOUT_BODY:
        lines.append(f"Content-Length: {len(request.body)}")
    lines.append("Connection: keep-alive\r\n\r\n")
    return _sealed(lines, request.method, url.target)


def _sealed(lines: list[str], method: str, target: str) -> bytes:
    text = "\r\n".join(lines)
    ends = len(lines) + 1
    if text.count("\n") != ends or text.count("\r") != ends or "\0" in text:
        raise ValueError("the method, the URL or a header holds CR, LF or NUL")
    if " " in target or not _is_token(method):
        raise ValueError("the method or the URL holds a blank")
    return text.encode("latin-1")


def _is_token(name: str) -> bool:
    plain = name.isascii() and name.replace("-", "").isalnum()
    return plain or _TOKEN.fullmatch(name) is not None


def _authority(url: Url) -> str:
    host = f"[{url.host}]" if ":" in url.host else url.host
    return host if _DEFAULT_PORTS.get(url.scheme) == url.port else f"{host}:{url.port}"
