"""Scenario `dates`: a great many records wait for their dates. How late are the events of those that pass meanwhile?"""

import asyncio
import time
from collections.abc import Mapping, Sequence

import msgspec

from benchmarks import databases
from benchmarks.figures import median, percentile
from benchmarks.gateway import Place, admin_key, placed
from benchmarks.machine import Machine, describe
from benchmarks.options import Options
from benchmarks.outcome import Outcome, verdict
from benchmarks.ports import free_port
from benchmarks.profiler import measured
from benchmarks.progress import Progress
from benchmarks.storeroom import Storeroom
from benchmarks.tables import facts_line, machine_lines, table
from hookline.clock import SECOND

START = 10.0
"""Seconds from now in which the gateway must have started."""
SPREAD, EACH_SECOND = 20, 50
"""Seconds over which dates pass, and how many in each of them."""
BURST = 500
"""Dates that pass at one moment, after the others."""
_REST = 5.0
"""Seconds in which the last must have passed."""


class Late(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds between a date and its event."""

    p50_s: float
    p99_s: float
    max_s: float


class Told(msgspec.Struct, frozen=True, kw_only=True):
    facts: dict[str, str]
    spread: Late
    burst: Late
    lost: int
    duplicated: int
    peak_mb: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    scenario: str = "dates"
    machine: Machine
    waiting: int
    databases: dict[str, Told]
    lost: int
    duplicated: int


Dates = Mapping[int, int]
"""Record → its date, in microseconds."""


def run(options: Options, progress: Progress) -> Outcome:
    found = {name: _database(name, options, progress) for name in options.databases}
    report = Report(
        machine=describe(options.folder),
        waiting=options.dates,
        databases=found,
        lost=sum(one.lost for one in found.values()),
        duplicated=sum(one.duplicated for one in found.values()),
    )
    return Outcome(report=report, text=_show(report), lost=report.lost)


def _database(name: str, options: Options, progress: Progress) -> Told:
    progress(f"{name}: starting")
    with (
        databases.running(name, options.folder) as database,
        placed(database, options.folder / "run", free_port()) as place,
    ):
        admin = admin_key(place, options.program)
        spread, burst = asyncio.run(_fill(place, name, options, progress))
        with measured(place, admin, options) as gateway:
            progress(f"{name}: dates pass")
            time.sleep(max(0.0, max(burst.values()) / SECOND - time.time()) + _REST)
            peak = gateway.peak_mb
        made = asyncio.run(_made(place))
        late = {key: (made[key][0] - due) / SECOND for key, due in {**spread, **burst}.items() if key in made}
        return Told(
            facts=database.facts,
            spread=_late([late[key] for key in spread if key in late]),
            burst=_late([late[key] for key in burst if key in late]),
            lost=len(spread) + len(burst) - len(late),
            duplicated=sum(len(times) - 1 for times in made.values()),
            peak_mb=peak,
        )


async def _fill(place: Place, name: str, options: Options, progress: Progress) -> tuple[Dates, Dates]:
    """The dates that pass while the gateway runs: spread, and at one moment. All others lie a day ahead."""
    count = options.dates
    async with Storeroom.at(place.environment) as room:
        tomorrow = int((time.time() + 86_400) * SECOND)
        waiting = {number: tomorrow + number for number in range(count)}
        await room.dates(waiting, lambda done: progress(f"{name}: saving, {done:,} of {count:,} dates"))
        begin, step = int((time.time() + START) * SECOND), SECOND // EACH_SECOND
        spread = {count + number: begin + number * step for number in range(SPREAD * EACH_SECOND)}
        after = begin + (SPREAD + 2) * SECOND
        burst = {count + len(spread) + number: after for number in range(BURST)}
        await room.dates({**spread, **burst}, lambda _: None)
    return spread, burst


async def _made(place: Place) -> Mapping[int, Sequence[int]]:
    """Record → when its events were accepted."""
    async with Storeroom.at(place.environment) as room:
        return await room.passed()


def _late(seconds: Sequence[float]) -> Late:
    return Late(p50_s=median(seconds), p99_s=percentile(seconds, 0.99), max_s=max(seconds))


def _show(report: Report) -> str:
    parts = [machine_lines(report.machine)]
    for name, found in report.databases.items():
        title = f"{name}: {facts_line(found.facts)}; {report.waiting:,} dates wait"
        memory = f"memory of the gateway: peak {found.peak_mb:.0f} MiB"
        parts.append("\n".join((title, table(_HEAD, _lines(found)), memory)))
    return "\n\n".join([*parts, verdict(report.lost, report.duplicated)])


_HEAD = ("seconds between a date and its event", "p50", "p99", "highest")


def _lines(found: Told) -> list[Sequence[str]]:
    return [
        _line(f"{EACH_SECOND} a second, for {SPREAD} s", found.spread),
        _line(f"{BURST} at one moment", found.burst),
    ]


def _line(label: str, late: Late) -> Sequence[str]:
    return label, f"{late.p50_s:.2f}", f"{late.p99_s:.2f}", f"{late.max_s:.2f}"
