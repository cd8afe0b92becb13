"""The counting receiver: a bare protocol that answers 200, notes who arrived where and when, and never more.

Requests to `/hang/…` are read and never answered.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import msgspec

from benchmarks.board import Board, Slot
from benchmarks.child import Handle, work
from benchmarks.figures import percentile
from benchmarks.messages import AnyOrder, Audit, Audited, Done

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length: "
_ID = b"\r\nwebhook-id: "
_MS = 1_000_000


class Arrivals:
    """Path → webhook id → when it first came (monotonic ns)."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._seen: defaultdict[bytes, dict[bytes, int]] = defaultdict(dict)
        self._repeats: defaultdict[bytes, int] = defaultdict(int)

    def note(self, path: bytes, name: bytes) -> None:
        here = self._seen[path]
        if name in here:
            self._repeats[path] += 1
        else:
            here[name] = time.monotonic_ns()
        self._board[Slot.DELIVERED] += 1

    def forget(self) -> None:
        self._seen.clear()
        self._repeats.clear()

    def audit(self, order: Audit) -> Audited:
        paths = [[path.encode() for path in kind] for kind in order.paths]
        expected = lost = 0
        latencies: list[float] = []
        for name, scheduled, kind in _acknowledged(Path(order.acknowledged)):
            for path in paths[kind]:
                expected += 1
                arrived = self._seen[path].get(name)
                if arrived is None:
                    lost += 1
                elif scheduled >= order.since:
                    latencies.append((arrived - scheduled) / _MS)
        return Audited(
            expected=expected,
            lost=lost,
            duplicated=sum(self._repeats[path] for kind in paths for path in kind),
            p50_ms=percentile(latencies, 0.5),
            p99_ms=percentile(latencies, 0.99),
            max_ms=max(latencies, default=0.0),
        )


def _acknowledged(file: Path) -> Iterator[tuple[bytes, int, int]]:
    with file.open("rb") as lines:
        for line in lines:
            name, scheduled, kind = line.split()
            yield name, int(scheduled), int(kind)


class Receiver(asyncio.Protocol):
    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast, not a check: uvloop's transports are no subclass.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        start = 0
        while (end := data.find(_END, start)) >= 0:
            head = data[start:end].lower()
            finish = end + 4 + int(_value(head, _LENGTH))
            if len(data) < finish:
                break
            self._arrived(head)
            start = finish
        self._rest = data[start:]

    def _arrived(self, head: bytes) -> None:
        path = head.split(b" ", 2)[1]
        if path.startswith(b"/hang/"):
            return
        self._arrivals.note(path, _value(head, _ID))
        self._transport.write(_OK)


def _value(head: bytes, name: bytes) -> bytes:
    """Of a header that is there."""
    start = head.index(name) + len(name)
    end = head.find(b"\r", start)
    return head[start:] if end < 0 else head[start:end]


async def prepare(board: Board) -> tuple[int, Handle]:
    arrivals = Arrivals(board)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Receiver(arrivals), "127.0.0.1", 0, backlog=4096)

    async def handle(order: AnyOrder) -> msgspec.Struct:
        assert server.is_serving()
        if isinstance(order, Audit):
            return arrivals.audit(order)
        arrivals.forget()
        return Done()

    return server.sockets[0].getsockname()[1], handle


if __name__ == "__main__":
    work(prepare)
