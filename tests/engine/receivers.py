"""A receiver on a real socket that keeps what it got, and answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Got(msgspec.Struct, frozen=True, kw_only=True):
    """One request, whole."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


Answer = Callable[[Got], bytes | None]
"""None: no answer, until the receiver is told to `go_on`."""


def status(code: int, *headers: str) -> bytes:
    lines = "".join(f"{header}\r\n" for header in headers)
    return f"HTTP/1.1 {code} Told\r\n{lines}Content-Length: 0\r\n\r\n".encode()


class Receiver:
    def __init__(self) -> None:
        self.got: list[Got] = []
        self.answer: Answer = lambda _: OK
        self.most_at_once = 0
        self.port = 0
        self._held = asyncio.Event()
        self._at_once = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def says(self, code: int, *headers: str) -> None:
        """From now on, to everybody."""
        self.answer = lambda _: status(code, *headers) if code != 200 else OK

    def says_in_turn(self, *codes: int) -> None:
        """To the first, second … request; the last goes on."""
        left = list(codes)
        self.answer = lambda _: status(left.pop(0) if len(left) > 1 else left[0])

    def hangs(self) -> None:
        self.answer = lambda _: None

    def go_on(self) -> None:
        """Answer 200 to whoever waits, and from now on."""
        self.answer = lambda _: OK
        self._held.set()

    def at(self, path: str) -> list[Got]:
        return [got for got in self.got if got.path == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while True:
                await self._one(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._tasks.discard(task)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        method, path, _ = head[0].split()
        got = Got(method=method, path=path, headers=headers, body=body)
        self.got.append(got)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            answer = self.answer(got)
            if answer is None:
                await self._held.wait()
                answer = OK
        finally:
            self._at_once -= 1
        writer.write(answer)
        await writer.drain()

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        await receiver.stop()
        await server.wait_closed()
