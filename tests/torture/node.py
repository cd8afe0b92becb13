"""The real program, which kills itself at the hook that its environment names. SIGUSR1 arms it."""

import asyncio
import copy
import ctypes
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from io import FileIO
from typing import Any, TypeVar
from unittest.mock import patch

from sqlalchemy import Engine, event

from hookline import app, core
from hookline.cli.running import run_until_stopped
from hookline.clock import Micros, SystemClock
from hookline.config import load
from hookline.deliver.outcome import SUCCESS
from hookline.model.attempt import Exchange
from hookline.model.ids import DeliveryId, NodeId
from hookline.net.client import Client, Request, Sending
from hookline.storage import nodes
from hookline.storage.ledger import Accepted, Claimed, Fate, LanePace, Ledger, Result, Saving, Want
from hookline.storage.sqlite.database import SqliteDatabase
from hookline.storage.sqlite.ledger import SqliteLedger
from hookline.telemetry import Telemetry
from tests.torture.hooks import Hook, Plan, Trigger
from tests.torture.passing import PassingLedger

T = TypeVar("T")
_PR_SET_PDEATHSIG = 1


class KillingLedger(PassingLedger):
    """The hot verbs, with hooks around them."""

    def __init__(self, trigger: Trigger, plain: Ledger) -> None:
        super().__init__(plain)
        self._trigger = trigger
        self._publishing = _inside(plain, trigger, Hook.PUBLISH_INSIDE)
        self._saving = _inside(plain, trigger, Hook.SAVE_INSIDE)
        self._recording = _inside(plain, trigger, Hook.RECORD_INSIDE)
        self._claiming = _inside(plain, trigger, Hook.CLAIM_INSIDE)

    async def publish(self, node: NodeId | None, group: Sequence[Accepted]) -> Sequence[Fate]:
        self._trigger.at(Hook.PUBLISH_BEFORE)
        self._trigger.during(Hook.PUBLISH_DURING)
        fates = await self._publishing.publish(node, group)
        self._trigger.at(Hook.PUBLISH_AFTER)
        return fates

    async def save(self, node: NodeId | None, savings: Sequence[Saving]) -> Sequence[Sequence[Fate]]:
        self._trigger.at(Hook.SAVE_BEFORE)
        self._trigger.during(Hook.SAVE_DURING)
        fates = await self._saving.save(node, savings)
        self._trigger.at(Hook.SAVE_AFTER)
        return fates

    async def record(
        self, node: NodeId, results: Sequence[Result], paces: Sequence[LanePace] = ()
    ) -> Sequence[DeliveryId]:
        self._trigger.at(Hook.RECORD_BEFORE)
        self._trigger.during(Hook.RECORD_DURING)
        refused = await self._recording.record(node, results, paces)
        self._trigger.at(Hook.RECORD_AFTER)
        return refused

    async def claim(self, node: NodeId, wants: Sequence[Want], now: Micros) -> Sequence[Claimed]:
        self._trigger.at(Hook.CLAIM_BEFORE)
        self._trigger.during(Hook.CLAIM_DURING)
        claimed = await self._claiming.claim(node, wants, now)
        if claimed:
            self._trigger.at(Hook.CLAIM_AFTER)
        return claimed


class KillingClient(Client):
    """The door to the outside, with hooks on both sides of it."""

    def __init__(self, trigger: Trigger, **how: Any) -> None:
        super().__init__(**how)
        self._trigger = trigger
        self._answered: dict[str, int] = {}

    def start(self, request: Request, done: Callable[[Exchange], None]) -> Sending:
        self._trigger.at(Hook.SEND_BEFORE)
        self._trigger.during(Hook.SEND_DURING)
        return super().start(request, partial(self._told_back, request, done))

    def _told_back(self, request: Request, done: Callable[[Exchange], None], exchange: Exchange) -> None:
        if exchange.status in SUCCESS:
            self._trigger.at(Hook.SEND_AFTER)
            self._tally(next((value for name, value in request.headers if name == "webhook-id"), ""))
        done(exchange)

    def _tally(self, event_id: str) -> None:
        if not event_id:
            return  # other systems are not told it
        seen = self._answered[event_id] = self._answered.get(event_id, 0) + 1
        if seen == 2:
            self._trigger.at(Hook.FAN_OUT_PARTLY)


def _inside(plain: Ledger, trigger: Trigger, hook: Hook) -> Ledger:
    """On SQLite a ledger whose transactions can be cut between two statements."""
    if not isinstance(plain, SqliteLedger):
        return plain
    ledger = copy.copy(plain)
    database: Any = _CutDatabase(plain._database, partial(trigger.at, hook))
    ledger._database = database
    return ledger


class _CutDatabase:
    def __init__(self, database: SqliteDatabase, cut: Callable[[], None]) -> None:
        self._database = database
        self._cut = cut

    async def write_raw(self, work: Callable[[Any], T]) -> T:
        return await self._database.write_raw(lambda connection: work(_CutConnection(connection, self._cut)))


class _CutConnection:
    def __init__(self, connection: sqlite3.Connection, cut: Callable[[], None]) -> None:
        self._connection = connection
        self._cut = cut

    def execute(self, *statement: Any) -> sqlite3.Cursor:
        cursor = self._connection.execute(*statement)
        self._cut()
        return cursor

    def executemany(self, *statement: Any) -> sqlite3.Cursor:
        cursor = self._connection.executemany(*statement)
        self._cut()
        return cursor


def _hook_migration(trigger: Trigger) -> None:
    def passed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().startswith("CREATE"):
            trigger.at(Hook.MIGRATE_INSIDE)

    event.listen(Engine, "after_cursor_execute", passed)


def _hook_take_over(trigger: Trigger, plain: Callable[..., int], *arguments: Any) -> int:
    """Rows have been returned, what was in hand has not; then both have been."""
    found = plain(*arguments)
    trigger.at(Hook.TAKE_OVER_INSIDE)
    return found


async def _serve(trigger: Trigger, stream: FileIO) -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, trigger.arm)
    settings = load(os.environ)
    telemetry = Telemetry(
        stream=stream, clock=SystemClock(), log_format=settings.log_format, log_level=settings.log_level
    )
    wrap = partial(KillingLedger, trigger)
    with telemetry.libraries():
        async with app.serving(settings, telemetry, app.Roles(), ledger=wrap):
            await asyncio.get_running_loop().create_future()


def _die_with_parent() -> None:
    """A torture that is cut off leaves no node behind."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> int:
    _die_with_parent()
    trigger = Trigger(Plan.of(os.environ))
    _hook_migration(trigger)
    with ExitStack() as patches:
        patches.enter_context(patch.object(core, "Client", partial(KillingClient, trigger)))
        returned = partial(_hook_take_over, trigger, nodes._return_in_hand)
        patches.enter_context(patch.object(nodes, "_return_in_hand", returned))
        stream = patches.enter_context(open(1, "wb", buffering=0, closefd=False))
        return run_until_stopped(_serve(trigger, stream))


if __name__ == "__main__":
    sys.exit(main())
