"""The built-in receiver of `hookline dev`: it verifies what it gets, says so, and answers 204."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from hookline.client.verify import NotVerified, verify

PATH = "/hooks"
_MAX_BODY = 2 * 1024 * 1024
_ANSWERS = {
    True: b"HTTP/1.1 204 No Content\r\n\r\n",
    False: b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
}
Heard = Callable[[str, bytes, str], None]
"""Called with the message's id, its body, and what is wrong with its signature, empty if nothing."""


@asynccontextmanager
async def receiving(secret: str, heard: Heard) -> AsyncIterator[str]:
    """Yields the URL to send to, on a free port of the loopback."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await _exchange(reader, writer, secret, heard):
                pass
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever speaks no HTTP, or has gone, gets no answer
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{PATH}"
    finally:
        server.close()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secret: str, heard: Heard
) -> bool:
    """One request on a connection that is kept. Raises IncompleteReadError when there is no further one."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])
    }
    length = int(headers.get("content-length", "0"))
    if length > _MAX_BODY:
        return False
    body = await reader.readexactly(length)
    fault = ""
    try:
        verify([secret], headers, body, now=time.time())
    except NotVerified as error:
        fault = str(error)
    heard(headers.get("webhook-id", "-"), body, fault)
    writer.write(_ANSWERS[not fault])
    await writer.drain()
    return True
