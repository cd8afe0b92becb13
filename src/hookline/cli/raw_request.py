"""A request as text: raw HTTP, as samples are kept, or a command line for curl."""

import base64
import shlex
from collections.abc import Iterable
from urllib.parse import urlsplit

from hookline.catalog.samples import parse_request
from hookline.cli.exits import Exit, Failed
from hookline.errors import CatalogError, InvalidUrl
from hookline.net.url import parse_url
from hookline.receive.inbound import Inbound

Names = Iterable[tuple[str, str]]
"""Headers as they are usually written, values and all: only the names are taken."""
_OF_THE_CONNECTION = frozenset({b"host", b"content-length"})


def checked_url(url: str, option: str) -> str:
    """As it is given. Raises Failed for what no request can go to, and what no signature could cover."""
    try:
        parse_url(url)
    except InvalidUrl as error:
        raise Failed(f"{option}: {error.detail}.", hint=error.hint, exit_code=Exit.USAGE) from None
    if not url.isascii():
        hint = "Write the host in its ASCII form (xn--…), and percent-encode the rest."
        raise Failed(
            f"{option}: the URL holds characters that are not sent.", hint=hint, exit_code=Exit.USAGE
        )
    return url


def headers_of(inbound: Inbound, names: Names = ()) -> list[tuple[str, str]]:
    """Names with their usual letters; without those that belong to one connection."""
    known = {name.lower().encode(): name for name, _ in names}
    return [
        (known.get(name, name.decode("latin-1").title()), value.decode("latin-1"))
        for name, value in inbound.headers
        if name not in _OF_THE_CONNECTION
    ]


def raw_request(inbound: Inbound, names: Names = ()) -> bytes:
    """Ready to be sent as it is: the head with CR LF, an empty line, the body."""
    parts = urlsplit(inbound.url)
    length = [("Content-Length", str(len(inbound.body)))] if inbound.body else []
    headers = [("Host", parts.netloc), *headers_of(inbound, names), *length]
    lines = [
        f"{inbound.method} {target_of(inbound.url)} HTTP/1.1",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + inbound.body


def target_of(url: str) -> str:
    parts = urlsplit(url)
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def curl_command(inbound: Inbound, url: str, names: Names = ()) -> str:
    """For a POSIX shell. A body that is no text comes through base64: an argument cannot hold every byte."""
    query = inbound.url.partition("?")[2]
    target = f"{url}?{query}" if query and "?" not in url else url
    headers = [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in headers_of(inbound, names)]
    try:
        text = inbound.body.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    before, data = "", f"--data-binary {shlex.quote(text)}"
    if "\0" in text or text.startswith("@"):
        before, data = f"echo {base64.b64encode(inbound.body).decode()} | base64 -d | ", "--data-binary @-"
    parts = [f"{before}curl -i -X {inbound.method} {shlex.quote(target)}", *headers, data]
    return " \\\n  ".join(parts)


def read_request(raw: bytes, *, url: str, where: str) -> Inbound:
    """Of raw HTTP. `url`: as the provider knows it; else by the header Host. Raises Failed."""
    try:
        method, target, headers, body = parse_request(raw, where)
    except CatalogError as error:
        raise Failed(
            error.detail, hint="Give a raw request: head, empty line, body.", exit_code=Exit.USAGE
        ) from None
    host = next((value for name, value in headers if name.lower() == "host"), "localhost")
    path, _, query = target.partition("?")
    known = url or f"https://{host}{path}"
    return Inbound(
        method=method,
        url=f"{known}?{query}" if query and "?" not in known else known,
        headers=[(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        body=body,
    )
