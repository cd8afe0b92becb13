"""Scenario `lanes`: many endpoints, each with deliveries due. Is a claim as cheap at the end of the work as at its
beginning, and what does the walk over the lanes cost meanwhile?
"""

import asyncio
from collections.abc import Sequence

import msgspec

from benchmarks import databases
from benchmarks.figures import median, ratio
from benchmarks.gateway import Place, placed
from benchmarks.machine import Machine, describe
from benchmarks.options import Options
from benchmarks.outcome import Outcome
from benchmarks.ports import free_port
from benchmarks.progress import Progress
from benchmarks.storeroom import Storeroom
from benchmarks.tables import facts_line, machine_lines, table
from hookline.storage.ledger import LaneKey

PARTS = 10
WALK = 500
AT_ONCE, EACH = 50, 10
"""Lanes of one claim, and rows of each: 500, a node's exchanges in flight."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A tenth of the work. Only claims and walks are timed, not what records their results."""

    claimed: int
    claim_us_per_row: float
    walk_us_per_lane: float


class Told(msgspec.Struct, frozen=True, kw_only=True):
    facts: dict[str, str]
    claimed: int
    claim_us_per_row: float
    """Median of the parts."""
    last_to_first: float
    """Cost a row in the last three parts ÷ in the first three (medians)."""
    parts: tuple[Part, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    scenario: str = "lanes"
    machine: Machine
    lanes: int
    each: int
    databases: dict[str, Told]
    lost: int
    """Deliveries that no claim brought."""


class Meter:
    """Times of one part."""

    def __init__(self) -> None:
        self.rows = self.lanes = 0
        self.claiming = self.walking = 0.0

    def part(self) -> Part:
        return Part(
            claimed=self.rows,
            claim_us_per_row=ratio(self.claiming * 1e6, self.rows),
            walk_us_per_lane=ratio(self.walking * 1e6, self.lanes),
        )


def run(options: Options, progress: Progress) -> Outcome:
    found = {name: _database(name, options, progress) for name in options.databases}
    expected = options.lanes * options.each
    report = Report(
        machine=describe(options.folder),
        lanes=options.lanes,
        each=options.each,
        databases=found,
        lost=sum(expected - one.claimed for one in found.values()),
    )
    return Outcome(report=report, text=_show(report), lost=report.lost)


def _database(name: str, options: Options, progress: Progress) -> Told:
    progress(f"{name}: starting")
    with (
        databases.running(name, options.folder) as database,
        placed(database, options.folder / "run", free_port()) as place,
    ):
        parts = asyncio.run(_claim_all(place, options, progress))
    costs = [part.claim_us_per_row for part in parts]
    return Told(
        facts=database.facts,
        claimed=sum(part.claimed for part in parts),
        claim_us_per_row=median(costs),
        last_to_first=ratio(median(costs[-3:]), median(costs[:3])),
        parts=tuple(parts),
    )


async def _claim_all(place: Place, options: Options, progress: Progress) -> list[Part]:
    total = options.lanes * options.each
    async with Storeroom.at(place.environment) as room:
        progress(f"{options.lanes:,} endpoints")
        lanes = await room.endpoints("http://127.0.0.1:9", options.lanes)
        await room.fill(lanes, options.each, lambda done: progress(f"filling, {done:,} of {total:,}"))
        parts: list[Part] = []
        meter, place_, done = Meter(), None, 0
        while found := await _round(room, meter, place_):
            place_ = found[-1] if len(found) == WALK else None
            if meter.rows * PARTS >= total:
                done += meter.rows
                parts.append(meter.part())
                meter = Meter()
                progress(f"claimed {done:,} of {total:,}")
        return [*parts, meter.part()] if meter.rows else parts


async def _round(room: Storeroom, meter: Meter, after: LaneKey | None) -> Sequence[LaneKey]:
    """One step of the walk, and claims of the lanes that it found; from the start again when it is at the end."""
    found = await _walk(room, meter, after)
    if not found and after is not None:
        found = await _walk(room, meter, None)
    for start in range(0, len(found), AT_ONCE):
        took, count = await room.claim(found[start : start + AT_ONCE], EACH)
        meter.claiming += took
        meter.rows += count
    return found


async def _walk(room: Storeroom, meter: Meter, after: LaneKey | None) -> Sequence[LaneKey]:
    took, found = await room.walk(after, WALK)
    meter.walking += took
    meter.lanes += len(found)
    return found


def _show(report: Report) -> str:
    parts = [machine_lines(report.machine)]
    for name, found in report.databases.items():
        title = f"{name}: {facts_line(found.facts)}; {report.lanes:,} endpoints with {report.each:,} deliveries due each"
        cost = f"{found.claim_us_per_row:.0f} µs a row (median); last parts ÷ first parts {found.last_to_first:.2f}"
        parts.append("\n".join((title, table(_HEAD, _lines(found)), cost)))
    return "\n\n".join([*parts, f"lost {report.lost}" + ("; FAILED" if report.lost else "")])


_HEAD = ("part", "claimed", "claim, µs a row", "walk, µs a lane")


def _lines(found: Told) -> list[Sequence[str]]:
    return [
        (str(number), f"{part.claimed:,}", f"{part.claim_us_per_row:.0f}", f"{part.walk_us_per_lane:.0f}")
        for number, part in enumerate(found.parts, 1)
    ]
