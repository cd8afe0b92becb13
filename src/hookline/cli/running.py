"""Running: the event loop, the log, and the signals of a process that stays. First signal: stop in order; second: at once."""

import asyncio
import gc
import logging
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from io import FileIO

import uvloop

from hookline.app import Roles, serving
from hookline.cli.exits import Exit
from hookline.clock import SystemClock
from hookline.config import Settings
from hookline.declare.file import DeclaredFile
from hookline.telemetry import Telemetry

_STOPPING = b"Stopping: exchanges under way may finish. Once more stops at once.\n"


def run_until_stopped(work: Coroutine[None, None, None]) -> int:
    """Exit code 0 when it was asked to stop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_until_stopped(work))


@asynccontextmanager
async def gateway(
    settings: Settings,
    roles: Roles,
    *,
    local: bool = False,
    declared: DeclaredFile | None = None,
) -> AsyncIterator[str]:
    """The program with its log on standard output. Yields the address that it answers at. `local`, `declared`: see `serving`."""
    telemetry = Telemetry(
        stream=FileIO(1, "wb", closefd=False),
        clock=SystemClock(),
        log_format=settings.log_format,
        log_level=settings.log_level,
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    _raise_file_limit()
    with telemetry.libraries():
        async with serving(settings, telemetry, roles, local=local, declared=declared) as address:
            _settle_garbage()
            yield address
    telemetry.flush()


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


def _raise_file_limit() -> None:
    """Each exchange and each client is an open file; many systems begin with 1,024, and allow more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _settle_garbage() -> None:
    """What is loaded now stays, and so does what is loaded late, which is little: the collector need not look at the
    former again. It then looks less often at the rest, which is nearly all freed by counting.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


async def _until_stopped(work: Coroutine[None, None, None]) -> int:
    task = asyncio.ensure_future(work)
    asked: list[int] = []
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _on_signal(task, asked), number)
    try:
        await task
    except asyncio.CancelledError:
        if not asked:
            raise
    return Exit.OK


def _on_signal(task: "asyncio.Future[None]", asked: list[int]) -> Callable[[int], None]:
    def handle(number: int) -> None:
        if asked:
            os._exit(128 + number)  # what was acknowledged is on disk: nothing else may hold up the exit
        asked.append(number)
        if sys.stderr.isatty():
            os.write(2, b"\r" + _STOPPING)
        task.cancel()

    return handle
