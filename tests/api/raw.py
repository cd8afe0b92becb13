"""Bytes to and from the server over a plain socket, for what no HTTP client would send."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from tests.api.running import Told

LONG = 10.0
"""Seconds after which a test gives up waiting."""


class Wire:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self) -> bytes:
        """One answer: its head and as much body as it announces."""
        async with asyncio.timeout(LONG):
            head = await self._reader.readuntil(b"\r\n\r\n")
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    return head + await self._reader.readexactly(int(line.partition(b":")[2]))
            return head

    async def rest(self) -> bytes:
        """Everything until the server closes."""
        async with asyncio.timeout(LONG):
            try:
                return await self._reader.read()
            except ConnectionError:
                return b"<reset>"


@asynccontextmanager
async def wire(port: int) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


def post(token: str, body: bytes, *more: bytes) -> bytes:
    """A whole request to publish."""
    head = [b"POST /v1/events HTTP/1.1", b"Host: x", b"Authorization: Bearer " + token.encode(), *more]
    return b"\r\n".join([*head, b"Content-Length: %d" % len(body), b"", body])


def whole(method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    """A request with its headers as they are given, and with what HTTP cannot do without."""
    lines = [f"{name}: {value}" for name, value in headers]
    if not any(line.lower().startswith("host:") for line in lines):
        lines.insert(0, "Host: x")
    head = [f"{method} {target} HTTP/1.1", *lines, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode("latin-1") + body


def as_told(answer: bytes) -> Told:
    """Names of headers in lower case."""
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    return Told(int(line.split(" ")[1]), body, {name.lower(): value for name, _, value in pairs})
