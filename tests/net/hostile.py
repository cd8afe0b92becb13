"""A raw receiver that does to the client whatever a script says, on a real socket."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from hookline.net.url import Url, parse_url

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Conversation:
    """One connection as the receiver sees it."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, receiver: "Receiver"
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.receiver = receiver

    async def request(self) -> bytes:
        """One whole request, head and body; an IncompleteReadError when the client is gone."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), 0
        )
        whole = head + await self.reader.readexactly(length)
        self.receiver.requests.append(whole)
        return whole

    async def say(self, *parts: bytes) -> None:
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()
            self.receiver.sent += len(part)
            if len(parts) > 1:
                await asyncio.sleep(0)

    async def answer(self, answer: bytes = OK) -> None:
        await self.request()
        await self.say(answer)

    async def pour(self, block: bytes, total: int) -> None:
        """Up to `total` bytes, until the client drops the connection."""
        for _ in range(total // len(block)):
            await self.say(block)

    def reset(self) -> None:
        """RST instead of FIN."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def half_close(self) -> None:
        self.writer.write_eof()

    async def until_gone(self) -> bytes:
        """What the client still sends before it ends the connection."""
        with suppress(OSError):
            return await self.reader.read(-1)
        return b""

    async def hang(self) -> None:
        await asyncio.Event().wait()


Script = Callable[[Conversation], Awaitable[None]]


class Receiver:
    """`sent` counts what the client's machine took, `connections` every one that was accepted."""

    def __init__(self, script: Script, scheme: str) -> None:
        self.connections = 0
        self.requests: list[bytes] = []
        self.sent = 0
        self.port = 0
        self.failures: list[BaseException] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self._script = script
        self._scheme = scheme

    def url(self, host: str = "receiver.test", path: str = "/hook") -> Url:
        return parse_url(f"{self._scheme}://{host}:{self.port}{path}")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            await self._script(Conversation(reader, writer, self))
        except asyncio.CancelledError:
            writer.transport.abort()  # the test is over
        except (OSError, EOFError):
            pass  # the client left
        except Exception as error:  # noqa: BLE001 - told at the end of the test
            self.failures.append(error)
        finally:
            self.tasks.discard(task)
            await _farewell(writer)


async def _farewell(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError, asyncio.TimeoutError, asyncio.CancelledError):
        await asyncio.wait_for(writer.wait_closed(), 0.2)
    writer.transport.abort()


@asynccontextmanager
async def receiving(
    script: Script, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Receiver]:
    """A receiver that runs `script` for every connection."""
    receiver = Receiver(script, "http" if tls is None else "https")
    server = await asyncio.start_server(receiver.serve, host, 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        tasks = list(receiver.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
        assert not receiver.failures


class Dials:
    """A dial that approves the same addresses for every host."""

    def __init__(self, *addresses: str) -> None:
        self.approved: Sequence[str] = addresses or ("127.0.0.1",)
        self.asked: list[str] = []

    async def addresses(self, host: str, port: int, deadline: float) -> Sequence[str]:
        self.asked.append(host)
        return self.approved


class RememberingDials(Dials):
    """The same, and it answers at once."""

    def cached(self, host: str, port: int) -> Sequence[str] | None:
        return self.approved
