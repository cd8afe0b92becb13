"""The default scenario: every row on every database, with the ceilings measured between them in the same run."""

import time
from collections.abc import Callable, Sequence

import msgspec

from benchmarks import databases
from benchmarks.databases import Database
from benchmarks.figures import median
from benchmarks.gateway import admin_key, placed
from benchmarks.machine import Machine, describe
from benchmarks.middle import middle
from benchmarks.options import Options
from benchmarks.ports import free_port
from benchmarks.profiler import measured
from benchmarks.progress import Progress
from benchmarks.rig import Rig, ready
from benchmarks.rows import (
    Accepted,
    Base,
    Beside,
    FanOut,
    OpenLoop,
    Row,
    Subject,
    accepted,
    fan_out,
    open_loop,
    received,
    saved,
)

SATURATED = 0.9
"""Of one core."""


class Ceilings(msgspec.Struct, frozen=True, kw_only=True):
    """A client alone at the same receiver, with the same bodies and as many connections."""

    aiohttp_posts_per_s: float
    aiohttp_cpu_us: float
    own_posts_per_s: float
    own_cpu_us: float
    own_ratio_to_aiohttp: float


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Of the gateway, resident."""

    idle_mb: float
    peak_mb: float


class Run(msgspec.Struct, frozen=True, kw_only=True):
    ceilings: Ceilings
    fan_out_1: FanOut
    fan_out_5: FanOut
    batches: Accepted
    received: Beside
    saved: Beside
    open_loop: OpenLoop
    memory: Memory

    @property
    def rows(self) -> tuple[Row, ...]:
        return self.fan_out_1, self.fan_out_5, self.batches, self.received, self.saved, self.open_loop


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One database: its own word on how it syncs, and the medians of its runs."""

    facts: dict[str, str]
    medians: Run
    runs: tuple[Run, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    scenario: str = "throughput"
    machine: Machine
    size: int
    connections: int
    harness_posts_per_s: float
    """The publishers straight at the receiver: the most that the harness can do."""
    saturated: bool
    """Publishers or receiver came near one core in a counted window: then the figures are theirs."""
    flat: bool
    """The backlog stayed flat in every window that was counted."""
    databases: dict[str, Told]
    ratio_to_aiohttp: dict[str, dict[str, float]]
    """Database → row → its ratio; `received_to_published` and `saved_to_published` are those to the publishing of single events.
    """
    lost: int
    duplicated: int


def run(options: Options, progress: Progress) -> Report:
    with ready(options.folder) as rig:
        progress("the harness alone")
        bare = rig.bare(options.size, options.connections, options.ceiling_seconds)
        told = {name: _database(name, rig, options, progress) for name in options.databases}
    runs = [one for database in told.values() for one in database.runs]
    windows = [row for one in runs for row in (one.fan_out_1, one.fan_out_5)]
    rows = [row for one in runs for row in one.rows]
    return Report(
        machine=describe(options.folder),
        size=options.size,
        connections=options.connections,
        harness_posts_per_s=bare.delivered / bare.seconds,
        saturated=any(max(row.publisher_load, row.receiver_load) > SATURATED for row in windows),
        flat=all(row.flat for row in windows),
        databases=told,
        ratio_to_aiohttp={name: _ratios(one.medians) for name, one in told.items()},
        lost=sum(row.lost for row in rows),
        duplicated=sum(row.duplicated for row in rows),
    )


def _database(name: str, rig: Rig, options: Options, progress: Progress) -> Told:
    progress(f"{name}: starting")
    with databases.running(name, options.folder) as database:
        runs = []
        for number in range(1, options.runs + 1):
            step = _step(progress, f"{name}, run {number} of {options.runs}")
            runs.append(_run(database, rig, options, step))
        return Told(facts=database.facts, medians=middle(runs), runs=tuple(runs))


def _step(progress: Progress, label: str) -> Callable[[str], None]:
    return lambda row: progress(f"{label}: {row}")


def _run(database: Database, rig: Rig, options: Options, step: Callable[[str], None]) -> Run:
    """One fresh database and gateway. Each row is compared with the aiohttp ceiling taken just before it."""
    with placed(database, options.folder / "run", free_port()) as place:
        admin = admin_key(place, options.program)
        with measured(place, admin, options) as gateway:
            time.sleep(options.ceiling_seconds / 2)
            idle = gateway.resident_mb
            first = _ceiling(rig, options, "aiohttp", step)
            subject = Subject(rig=rig, gateway=gateway, database=database, options=options)
            step("fan-out 1")
            one = fan_out(subject, first, 1)
            own = _ceiling(rig, options, "own", step)
            second = _ceiling(rig, options, "aiohttp", step)
            step("fan-out 5")
            five = fan_out(subject, second, 5)
            step("single events and batches")
            batches = accepted(subject, second)
            step("receiving")
            inbound = received(subject)
            step("saving records")
            records = saved(subject)
            step("open loop")
            slow = open_loop(subject, second)
            memory = Memory(idle_mb=idle, peak_mb=gateway.peak_mb)
    return Run(
        ceilings=_ceilings((first, second), own),
        fan_out_1=one,
        fan_out_5=five,
        batches=batches,
        received=inbound,
        saved=records,
        open_loop=slow,
        memory=memory,
    )


def _ceiling(rig: Rig, options: Options, client: str, step: Callable[[str], None]) -> Base:
    step(f"ceiling: {client}")
    window = rig.ceiling(client, options.size, options.connections, options.ceiling_seconds)
    return Base(
        posts_per_s=window.delivered / window.seconds,
        cpu_us_per_post=window.cpu["client"] * 1e6 / max(1, window.delivered),
    )


def _ceilings(aiohttp: Sequence[Base], own: Base) -> Ceilings:
    posts = median([one.posts_per_s for one in aiohttp])
    return Ceilings(
        aiohttp_posts_per_s=posts,
        aiohttp_cpu_us=median([one.cpu_us_per_post for one in aiohttp]),
        own_posts_per_s=own.posts_per_s,
        own_cpu_us=own.cpu_us_per_post,
        own_ratio_to_aiohttp=own.posts_per_s / posts,
    )


def _ratios(run: Run) -> dict[str, float]:
    return {
        "own_client": run.ceilings.own_ratio_to_aiohttp,
        "fan_out_1": run.fan_out_1.ratio_to_aiohttp,
        "fan_out_5": run.fan_out_5.ratio_to_aiohttp,
        "batches": run.batches.ratio_to_aiohttp,
        "received_to_published": run.received.ratio_to_published,
        "saved_to_published": run.saved.ratio_to_published,
        "open_loop": run.open_loop.ratio_to_aiohttp,
    }
