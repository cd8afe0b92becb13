"""The publishers: bare protocols that send bytes made beforehand and read of the answer what they must."""

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self, cast

import msgspec

from benchmarks.board import Board, Slot
from benchmarks.child import Handle, work
from benchmarks.figures import percentile
from benchmarks.messages import AnyOrder, Closed, Open, Published, Stream

_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_EVENT = re.compile(rb'"id": *"(evt_[0-9a-z]+)"')
_HOLD = 0.001
"""Seconds until a publisher that holds back looks again."""
_PATIENCE = 30.0
"""Seconds for the last answers of an open loop."""
_MS = 1_000_000

Answered = Callable[["Connection", int, bytes], None]


class Connection(asyncio.Protocol):
    """One request at a time. A connection that ends answers with status 0."""

    def __init__(self, answered: Answered) -> None:
        self._answered = answered
        self._buffer = b""
        self._busy = False
        self.alive = True
        self.scheduled = 0
        self.kind = 0

    @classmethod
    async def to(cls, port: int, answered: Answered) -> Self:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: cls(answered), "127.0.0.1", port)
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast, not a check: uvloop's transports are no subclass.
        self.transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes) -> None:
        self._busy = True
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(_END)
        if end < 0:
            return
        length = _LENGTH.search(self._buffer, 0, end)
        finish = end + 4 + (int(length[1]) if length else 0)
        if len(self._buffer) < finish:
            return
        answer, self._buffer = self._buffer[:finish], self._buffer[finish:]
        self._busy = False
        self._answered(self, int(answer[9:12]), answer)

    def connection_lost(self, error: Exception | None) -> None:
        self.alive = False
        if self._busy:
            self._busy = False
            self._answered(self, 0, f"the connection ended: {error}".encode())


class Tally:
    """What was accepted, and what was not."""

    def __init__(self, board: Board, *, bare: bool = False) -> None:
        self._board = board
        self._bare = bare
        self._events: list[tuple[bytes, int, int]] = []
        self.accepted = 0
        self.refused = 0
        self.fault = ""

    def take(self, status: int, answer: bytes, scheduled: int, kind: int) -> bool:
        """Whether it was accepted."""
        if not 200 <= status < 300:
            self.refused += 1
            self._board[Slot.REFUSED] = self.refused
            self.fault = answer.rpartition(_END)[2][:300].decode(errors="replace")
            return False
        names = _EVENT.findall(answer)
        self._events.extend((name, scheduled, kind) for name in names)
        self.accepted += 1 if self._bare else len(names)
        self._board[Slot.ACCEPTED] = self.accepted
        return True

    def write(self, file: str) -> None:
        if file:
            with Path(file).open("wb") as lines:
                lines.writelines(b"%b %d %d\n" % event for event in self._events)


class ClosedLoop:
    """Each connection sends when its last request is answered, and holds back while the backlog is at its bound."""

    def __init__(self, order: Closed, board: Board) -> None:
        self._order = order
        self._board = board
        self._tally = Tally(board, bare=order.bare)
        self._running = self._number = 0
        self._finished = asyncio.get_running_loop().create_future()

    async def run(self) -> Published:
        began = time.monotonic_ns()
        await asyncio.gather(*(self._open() for _ in range(self._order.connections)))
        await self._finished
        self._tally.write(self._order.acknowledged)
        tally = self._tally
        return Published(accepted=tally.accepted, refused=tally.refused, fault=tally.fault, began=began)

    async def _open(self) -> None:
        connection = await Connection.to(self._order.port, self._answered)
        self._running += 1
        self._next(connection)

    def _answered(self, connection: Connection, status: int, answer: bytes) -> None:
        if self._tally.take(status, answer, connection.scheduled, 0):
            self._next(connection)
        elif connection.alive:
            asyncio.get_running_loop().call_later(10 * _HOLD, self._next, connection)
        else:
            self._close(connection)

    def _next(self, connection: Connection) -> None:
        board, order = self._board, self._order
        if board[Slot.STOP] or not connection.alive:
            self._close(connection)
        elif order.bound and board[Slot.ACCEPTED] * order.fan_out - board[Slot.DELIVERED] > order.bound:
            board[Slot.WAITED] += 1
            asyncio.get_running_loop().call_later(_HOLD, self._next, connection)
        else:
            board[Slot.SENT] += 1
            connection.scheduled = time.monotonic_ns()
            connection.send(self._numbered(order) if order.mark else order.request)

    def _numbered(self, order: Closed) -> bytes:
        self._number += 1
        return order.request.replace(order.mark, b"%0*d" % (len(order.mark), self._number))

    def _close(self, connection: Connection) -> None:
        connection.transport.abort()
        self._running -= 1
        if not self._running and not self._finished.done():
            self._finished.set_result(None)


class OpenLoop:
    """Requests leave at their time, on an idle connection or a new one, whatever became of those before."""

    def __init__(self, order: Open, board: Board) -> None:
        self._order = order
        self._board = board
        self._tally = Tally(board)
        self._idle: deque[Connection] = deque()
        self._late: list[float] = []
        self._under_way = 0
        self._answered_all = asyncio.Event()

    async def run(self) -> Published:
        began = time.monotonic_ns() + 10 * _MS
        await asyncio.gather(*(self._play(stream, began) for stream in self._order.streams))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._answered_all.wait(), _PATIENCE)
        for connection in self._idle:
            connection.transport.abort()
        self._tally.write(self._order.acknowledged)
        return Published(
            accepted=self._tally.accepted,
            refused=self._tally.refused + self._under_way,
            fault=self._tally.fault,
            late_p99_ms=percentile(self._late, 0.99),
            began=began,
        )

    async def _play(self, stream: Stream, began: int) -> None:
        first = began + round(stream.after * 1e9)
        for number in range(round(stream.rate * (self._order.seconds - stream.after))):
            scheduled = first + round(number / stream.rate * 1e9)
            wait = (scheduled - time.monotonic_ns()) / 1e9
            if wait > 0:
                await asyncio.sleep(wait)
            which = number % len(stream.requests)
            await self._send(stream.requests[which], scheduled, stream.first_kind + which)

    async def _send(self, request: bytes, scheduled: int, kind: int) -> None:
        connection = self._pooled() or await Connection.to(self._order.port, self._answered)
        connection.scheduled, connection.kind = scheduled, kind
        self._late.append((time.monotonic_ns() - scheduled) / _MS)
        self._under_way += 1
        self._answered_all.clear()
        self._board[Slot.SENT] += 1
        connection.send(request)

    def _pooled(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.alive:
                return connection
        return None

    def _answered(self, connection: Connection, status: int, answer: bytes) -> None:
        self._under_way -= 1
        if not self._under_way:
            self._answered_all.set()
        self._tally.take(status, answer, connection.scheduled, connection.kind)
        if connection.alive:
            self._idle.append(connection)


async def prepare(board: Board) -> tuple[int, Handle]:
    async def handle(order: AnyOrder) -> msgspec.Struct:
        if isinstance(order, Open):
            return await OpenLoop(order, board).run()
        assert isinstance(order, Closed)
        return await ClosedLoop(order, board).run()

    return 0, handle


if __name__ == "__main__":
    work(prepare)
