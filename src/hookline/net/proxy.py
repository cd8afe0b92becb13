"""Proxy: the operator's egress proxy, spoken to with HTTP CONNECT for http and https targets alike."""

import base64
from urllib.parse import unquote, urlsplit

import msgspec

from hookline.errors import ConfigurationError


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    """A name (resolved by the machine's resolver) or an address."""
    port: int
    authorization: str = ""
    """The value of `Proxy-Authorization`; a secret."""
    names: bool = False
    """CONNECT by name: the operator says that the proxy itself refuses private addresses. Otherwise CONNECT
    goes to an address that the guard approved."""

    def __repr__(self) -> str:
        return f"Proxy({self.host}:{self.port})"

    def connect(self, host: str, port: int) -> bytes:
        """The request that opens a tunnel to `host`, a name or a literal address."""
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
        if self.authorization:
            lines.append(f"Proxy-Authorization: {self.authorization}")
        return "\r\n".join([*lines, "", ""]).encode("ascii")


def parse_proxy(text: str, *, names: bool = False) -> Proxy:
    """`http://user:password@host:port` as a Proxy. Raises ConfigurationError, which never repeats `text`."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
        parts = urlsplit("")
    if parts.scheme != "http" or not host or not port or parts.path not in {"", "/"}:
        raise ConfigurationError(
            "the egress proxy's URL is not understood", hint="Write it as http://proxy.example:3128"
        )
    return Proxy(host=host, port=port, authorization=_basic(parts.username, parts.password), names=names)


def _basic(user: str | None, password: str | None) -> str:
    if not user:
        return ""
    pair = f"{unquote(user)}:{unquote(password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode("ascii")
