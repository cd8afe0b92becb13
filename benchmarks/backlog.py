"""Scenario `backlog`: a dead endpoint has a great many deliveries due. Does the gateway start, claim and deliver as
if they were not there?
"""

import asyncio
import time
from collections.abc import Callable, Sequence

import msgspec

from benchmarks import databases
from benchmarks.databases import Database
from benchmarks.figures import median, percentile, ratio
from benchmarks.gateway import Place, admin_key, placed
from benchmarks.machine import Machine, describe
from benchmarks.messages import Stream
from benchmarks.options import Options
from benchmarks.outcome import Outcome, verdict
from benchmarks.ports import free_port
from benchmarks.profiler import measured
from benchmarks.progress import Progress
from benchmarks.rig import Rig, ready
from benchmarks.rows import Row, Subject, told
from benchmarks.storeroom import Storeroom, lane_of
from benchmarks.tables import facts_line, machine_lines, table
from benchmarks.traffic import endpoint_at, publish_request
from hookline.storage.ledger import LaneKey

CLAIMED, WALK = 32, 500
"""Rows of one claim: as many as an endpoint's concurrency lets through."""
_CLAIMS = 300
_QUICK_CLAIMS = 50


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Of claims of 32 rows, or of walks over all lanes."""

    p50_ms: float
    p99_ms: float


class Others(Row, frozen=True, kw_only=True):
    """New events for a healthy endpoint of the same tenant, in an open loop."""

    p50_ms: float
    p99_ms: float
    max_ms: float


class Told(msgspec.Struct, frozen=True, kw_only=True):
    facts: dict[str, str]
    start_empty_s: float
    start_full_s: float
    """From the start of the program to `/readyz` 200."""
    empty: Times
    """Of a lane with 32 due, nothing else being in the queue."""
    healthy: Times
    """The same beside the backlog."""
    dead: Times
    """From the backlog itself."""
    claim_p99_ratio: float
    """The larger of `healthy` and `dead` ÷ `empty`."""
    walk_empty: Times
    walk_full: Times
    """One step of the walk that looks for lanes with something due."""
    others_empty: Others
    others_full: Others
    others_p99_ratio: float
    peak_mb: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    scenario: str = "backlog"
    machine: Machine
    backlog: int
    rate: float
    databases: dict[str, Told]
    lost: int
    duplicated: int


class Lanes(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    dead: LaneKey
    spare: LaneKey


def run(options: Options, progress: Progress) -> Outcome:
    with ready(options.folder) as rig:
        found = {name: _database(name, rig, options, progress) for name in options.databases}
    rows = [row for one in found.values() for row in (one.others_empty, one.others_full)]
    report = Report(
        machine=describe(options.folder),
        backlog=options.backlog,
        rate=options.rate,
        databases=found,
        lost=sum(row.lost for row in rows),
        duplicated=sum(row.duplicated for row in rows),
    )
    return Outcome(report=report, text=_show(report), lost=report.lost)


def _database(name: str, rig: Rig, options: Options, progress: Progress) -> Told:
    progress(f"{name}: starting")
    with (
        databases.running(name, options.folder) as database,
        placed(database, options.folder / "run", free_port()) as place,
    ):
        return _measure(Scene(rig, database, place, options), progress)


class Scene:
    """One database through the whole scenario; gateways come and go."""

    def __init__(self, rig: Rig, database: Database, place: Place, options: Options) -> None:
        self.database = database
        self.options = options
        self._rig = rig
        self._place = place
        self._admin = admin_key(place, options.program)
        self._lanes: Lanes | None = None
        self.peak_mb = 0.0

    @property
    def lanes(self) -> Lanes:
        assert self._lanes is not None
        return self._lanes

    def serve(self) -> tuple[float, Others]:
        """How long it took to start, and how new events fared."""
        began = time.perf_counter()
        with measured(self._place, self._admin, self.options) as gateway:
            took = time.perf_counter() - began
            subject = Subject(rig=self._rig, gateway=gateway, database=self.database, options=self.options)
            self._lanes = self._lanes or _prepare(subject)
            others = _others(subject, self.lanes.token)
            self.peak_mb = gateway.peak_mb
        return took, others

    def claims(self, lane: LaneKey, *, refill: bool) -> Times:
        return asyncio.run(self._claims(lane, refill=refill))

    def walks(self) -> Times:
        return asyncio.run(self._walks())

    def fill(self, progress: Callable[[int], None]) -> None:
        asyncio.run(self._fill(progress))

    async def _claims(self, lane: LaneKey, *, refill: bool) -> Times:
        times: list[float] = []
        async with Storeroom.at(self._place.environment) as room:
            for _ in range(_CLAIMS if self.options.backlog >= 100_000 else _QUICK_CLAIMS):
                if refill:
                    await room.fill([lane], CLAIMED, lambda _: None)
                took, count = await room.claim([lane], CLAIMED)
                if count != CLAIMED:
                    raise RuntimeError(f"A claim brought {count} of {CLAIMED} due deliveries")
                times.append(took * 1000)
        return Times(p50_ms=median(times), p99_ms=percentile(times, 0.99))

    async def _walks(self) -> Times:
        async with Storeroom.at(self._place.environment) as room:
            times = [(await room.walk(None, WALK))[0] * 1000 for _ in range(_QUICK_CLAIMS)]
        return Times(p50_ms=median(times), p99_ms=percentile(times, 0.99))

    async def _fill(self, progress: Callable[[int], None]) -> None:
        async with Storeroom.at(self._place.environment) as room:
            await room.fill([self.lanes.dead], self.options.backlog, progress)


def _measure(scene: Scene, progress: Progress) -> Told:
    name, backlog = scene.database.name, scene.options.backlog
    progress(f"{name}: an empty queue")
    start_empty, others_empty = scene.serve()
    empty, walk_empty = scene.claims(scene.lanes.spare, refill=True), scene.walks()
    scene.fill(lambda done: progress(f"{name}: filling, {done:,} of {backlog:,}"))
    progress(f"{name}: with the backlog")
    start_full, others_full = scene.serve()
    progress(f"{name}: claims beside the backlog, and from it")
    healthy = scene.claims(scene.lanes.spare, refill=True)
    dead, walk_full = scene.claims(scene.lanes.dead, refill=False), scene.walks()
    return Told(
        facts=scene.database.facts,
        start_empty_s=start_empty,
        start_full_s=start_full,
        empty=empty,
        healthy=healthy,
        dead=dead,
        claim_p99_ratio=ratio(max(healthy.p99_ms, dead.p99_ms), empty.p99_ms),
        walk_empty=walk_empty,
        walk_full=walk_full,
        others_empty=others_empty,
        others_full=others_full,
        others_p99_ratio=ratio(others_full.p99_ms, others_empty.p99_ms),
        peak_mb=scene.peak_mb,
    )


def _prepare(subject: Subject) -> Lanes:
    """A tenant with a healthy endpoint, a dead one, and one that nothing is published to."""
    port = subject.rig.receiver.port
    endpoints = [
        endpoint_at(port, "/healthy/0", "healthy"),
        endpoint_at(free_port(), "/dead", "bench.waiting"),
        endpoint_at(port, "/spare", "bench.spare"),
    ]
    tenant = subject.gateway.tenant(endpoints)
    _, dead, spare = (lane_of(tenant.id, endpoint) for endpoint in tenant.endpoints)
    return Lanes(token=tenant.token, dead=dead, spare=spare)


def _others(subject: Subject, token: str) -> Others:
    options, rig = subject.options, subject.rig
    rig.begin_row()
    stream = Stream(rate=options.rate, requests=(publish_request(token, options.size, "healthy"),))
    published = subject.publish_openly([stream], options.warm_up + options.open_seconds)
    since = published.began + round(options.warm_up * 1e9)
    audited = rig.settled([["/healthy/0"]], published.accepted, since)
    return Others(
        **told(published, audited), p50_ms=audited.p50_ms, p99_ms=audited.p99_ms, max_ms=audited.max_ms
    )


def _show(report: Report) -> str:
    parts = [machine_lines(report.machine)]
    for name, found in report.databases.items():
        title = f"{name}: {facts_line(found.facts)}; {report.backlog:,} deliveries due for one dead endpoint"
        memory = f"memory of the gateway: peak {found.peak_mb:.0f} MiB"
        parts.append("\n".join((title, table(_HEAD, _lines(found, report.rate)), memory)))
    return "\n\n".join([*parts, verdict(report.lost, report.duplicated)])


_HEAD = ("", "empty queue", "with the backlog", "ratio")


def _lines(found: Told, rate: float) -> list[Sequence[str]]:
    new = f"new events for others at {rate:g}/s"
    return [
        _line("start", found.start_empty_s, found.start_full_s, "s"),
        _line(f"claim of {CLAIMED}, other endpoint, p99", found.empty.p99_ms, found.healthy.p99_ms, "ms"),
        _line(f"claim of {CLAIMED}, other endpoint, p50", found.empty.p50_ms, found.healthy.p50_ms, "ms"),
        _line(f"claim of {CLAIMED}, dead endpoint, p99", found.empty.p99_ms, found.dead.p99_ms, "ms"),
        _line(f"claim of {CLAIMED}, dead endpoint, p50", found.empty.p50_ms, found.dead.p50_ms, "ms"),
        _line("walk over the lanes, p50", found.walk_empty.p50_ms, found.walk_full.p50_ms, "ms"),
        _line(f"{new}, p50", found.others_empty.p50_ms, found.others_full.p50_ms, "ms"),
        _line(f"{new}, p99", found.others_empty.p99_ms, found.others_full.p99_ms, "ms"),
    ]


def _line(label: str, empty: float, full: float, unit: str) -> Sequence[str]:
    return label, f"{empty:.2f} {unit}", f"{full:.2f} {unit}", f"{ratio(full, empty):.2f}"
