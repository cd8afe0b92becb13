"""Hangup: a declaration is applied when the program starts, and again at each SIGHUP."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from hookline.api.applying import apply_plan, make_plan
from hookline.api.parts import Parts
from hookline.declare.file import DeclaredFile
from hookline.emissions_declared import DeclarationApplied, DeclarationRefused
from hookline.errors import BadRequest, HooklineError
from hookline.telemetry import Telemetry


async def apply_file(parts: Parts, file: DeclaredFile) -> None:
    """Raises ConfigurationError for what cannot be: nothing is done then."""
    declared = file.read()
    async with parts.store.declared.turn() as turn:
        try:
            plan = await make_plan(parts, declared)
        except BadRequest as error:
            raise file.told(error, declared) from error
        await apply_plan(parts, plan, turn)
    parts.telemetry.emit(DeclarationApplied(owner=declared.owner, steps=len(plan.steps)))


@contextmanager
def at_hangup(work: Callable[[], Awaitable[None]], telemetry: Telemetry) -> Iterator[None]:
    """What goes wrong then is told, and stops nothing. One after another, however many signals come."""
    turn, tasks = asyncio.Lock(), set[asyncio.Task[None]]()

    async def once() -> None:
        async with turn:
            try:
                await work()
            except HooklineError as error:
                telemetry.emit(DeclarationRefused(reason=error.detail))
            except Exception as error:  # noqa: BLE001  the gateway goes on with what it has
                telemetry.fault("declaration", error)

    def heard() -> None:
        task = asyncio.ensure_future(once())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, heard)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
