"""Child: a process of the harness, spoken to in lines over its pipes. `work` is its own side."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec
import uvloop

from benchmarks.board import Board
from benchmarks.messages import AnyOrder

ROOT = Path(__file__).resolve().parent.parent
_LIMIT = 64 * 1024 * 1024
_T = TypeVar("_T")


class Child:
    """Used by the harness."""

    def __init__(self, module: str, board: Board) -> None:
        self._module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, str(board.descriptor)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[board.descriptor],
            cwd=ROOT,
            start_new_session=True,  # Ctrl-C is the harness's to handle
        )
        self.port = msgspec.json.decode(self._line(), type=int)

    @property
    def pid(self) -> int:
        return self._process.pid

    def begin(self, order: AnyOrder) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(msgspec.json.encode(order) + b"\n")
        stdin.flush()

    def end(self, answer: type[_T]) -> _T:
        return msgspec.json.decode(self._line(), type=answer)

    def ask(self, order: AnyOrder, answer: type[_T]) -> _T:
        self.begin(order)
        return self.end(answer)

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._module} ended: see what it wrote above")
        return line

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


Handle = Callable[[AnyOrder], Awaitable[msgspec.Struct]]


def work(prepare: Callable[[Board], Awaitable[tuple[int, Handle]]]) -> None:
    """Used by the child: `prepare` gives the port it listens on, or 0, and what answers orders."""
    uvloop.run(_serve(prepare))


async def _serve(prepare: Callable[[Board], Awaitable[tuple[int, Handle]]]) -> None:
    port, handle = await prepare(Board(int(sys.argv[1])))
    reader = asyncio.StreamReader(limit=_LIMIT)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    _answer(msgspec.json.encode(port))
    while line := await reader.readline():
        order: AnyOrder = msgspec.json.decode(line, type=AnyOrder)
        _answer(msgspec.json.encode(await handle(order)))


def _answer(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()
