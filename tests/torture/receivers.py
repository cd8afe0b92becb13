"""Receivers: raw HTTP servers that answer well, badly, late or not at all, and remember every request that arrives."""

import asyncio
import hashlib
import random
import socket
import struct
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum

import msgspec

from tests.torture.saver import CREATED, UPDATED


class Act(StrEnum):
    OK = "200 OK"
    FAIL = "500 Internal Server Error"
    BUSY = "503 Service Unavailable"
    MISSING = "404 Not Found"
    RESET = "reset"
    CLOSE = "close"
    HANG = "hang"


class Arrival(msgspec.Struct, kw_only=True):
    """One request, noted when it had arrived whole, before anything was answered."""

    at: float
    attempt: int
    body: bytes
    """Its hash."""
    succeeded_at: float | None = None
    """When 200 was written."""


class Manners(msgspec.Struct, frozen=True, kw_only=True):
    """How one receiver behaves until it is healed."""

    name: str
    events: tuple[str, ...]
    """What its endpoint subscribes to."""
    acts: Mapping[Act, int]
    """With their weights."""
    slowest: float = 0.0
    """Seconds that an answer may take."""
    timeout: float = 5.0
    """Of its endpoint."""
    order: str = "none"
    """So too."""


_AT_ONCE = struct.pack("ii", 1, 0)
"""Linger for no time: closing resets."""
FANNED = "order.*"
ALL_MANNERS = (
    Manners(name="good", events=(FANNED, "ping", "contact.*"), acts={Act.OK: 1}, slowest=0.1),
    Manners(
        name="flaky",
        events=(FANNED,),
        acts={Act.OK: 84, Act.FAIL: 8, Act.RESET: 5, Act.CLOSE: 3},
    ),
    Manners(name="slow", events=(FANNED,), acts={Act.OK: 1}, slowest=0.8),
    Manners(
        name="picky",
        events=(FANNED, "contact.*"),
        acts={Act.OK: 70, Act.MISSING: 20, Act.FAIL: 5, Act.BUSY: 5},
        order="key",
    ),
    Manners(name="drowsy", events=(FANNED,), acts={Act.OK: 95, Act.HANG: 5}, timeout=1.0),
    Manners(name="hanging", events=("hang",), acts={Act.HANG: 1}, timeout=1.0),
)
TYPES = {"order.created": 5, "ping": 1, "hang": 1, CREATED: 2, UPDATED: 2}
"""Each event type, and how many of those endpoints it must reach."""


class Receiver:
    def __init__(self, manners: Manners, rng: random.Random) -> None:
        self.manners = manners
        self.healed = False
        self.port = 0
        self.arrivals: dict[str, list[Arrival]] = defaultdict(list)
        """By `webhook-id`."""
        self.connections: set[asyncio.Transport] = set()
        self._rng = rng
        self._acts, self._weights = zip(*manners.acts.items(), strict=True)

    def act(self) -> tuple[Act, float]:
        """What to do next, after how many seconds."""
        if self.healed:
            return Act.OK, 0.0
        act: Act = self._rng.choices(self._acts, self._weights)[0]
        return act, self._rng.uniform(0, self.manners.slowest)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            for transport in list(self.connections):
                transport.abort()


@asynccontextmanager
async def receiving(seed: int) -> AsyncIterator[Sequence[Receiver]]:
    receivers = [Receiver(manners, random.Random(f"{seed} {manners.name}")) for manners in ALL_MANNERS]
    async with AsyncExitStack() as stack:
        for receiver in receivers:
            await stack.enter_async_context(receiver.listening())
        yield receivers


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with Content-Length, one request after the other: what the program sends."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._receiver.connections.add(transport)

    def connection_lost(self, _: Exception | None) -> None:
        self._receiver.connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        headers = _headers(head)
        length = int(headers["content-length"])
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        arrival = Arrival(
            at=time.time(),
            attempt=int(headers["hookline-attempt"]),
            body=hashlib.sha256(rest[:length]).digest(),
        )
        self._receiver.arrivals[headers["webhook-id"]].append(arrival)
        act, after = self._receiver.act()
        asyncio.get_running_loop().call_later(after, self._do, act, arrival)

    def _do(self, act: Act, arrival: Arrival) -> None:
        if self._transport.is_closing() or act is Act.HANG:
            return
        if act is Act.RESET:
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self._transport.abort()
        elif act is Act.CLOSE:
            self._transport.close()
        else:
            self._transport.write(f"HTTP/1.1 {act}\r\nContent-Length: 0\r\n\r\n".encode())
            arrival.succeeded_at = time.time() if act is Act.OK else None


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
