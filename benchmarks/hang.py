"""Scenario `hang`: do endpoints that never answer slow the others?

Open loop at a fixed rate to healthy endpoints, each event to one of them in turn. Beside it each hanging endpoint is
fed five times its limit: what its concurrency lets through when every exchange lasts its whole timeout. Pairs, with
and without the hanging endpoints, interleaved; the same events are published in both, so that only the endpoints
differ. Each leg has a fresh database and gateway, and a moment to meet the healthy endpoints before the others are fed.
"""

import time
from collections.abc import Sequence

import msgspec

from benchmarks import databases
from benchmarks.databases import Database
from benchmarks.figures import median, ratio
from benchmarks.gateway import admin_key, placed
from benchmarks.machine import Machine, describe
from benchmarks.messages import Stream
from benchmarks.options import Options
from benchmarks.outcome import Outcome, verdict
from benchmarks.ports import free_port
from benchmarks.profiler import measured
from benchmarks.progress import Progress
from benchmarks.rig import Rig, ready
from benchmarks.rows import Row, Subject, told
from benchmarks.tables import facts_line, machine_lines, table
from benchmarks.traffic import endpoint_at, publish_request

CONCURRENCY, TIMEOUT = 32, 15.0
"""Those of an endpoint that names none: its limit is 32 / 15 s = 2.1 deliveries a second."""
FEED = 5 * CONCURRENCY / TIMEOUT


class Leg(Row, frozen=True, kw_only=True):
    """Latency at the healthy endpoints."""

    p50_ms: float
    p99_ms: float
    max_ms: float
    late_p99_ms: float


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    without: Leg
    with_hanging: Leg
    p99_ratio: float


class Pairs(msgspec.Struct, frozen=True, kw_only=True):
    hanging: int
    fed_per_s: float
    p99_ratio: float
    """The median over the pairs."""
    pairs: tuple[Pair, ...]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    facts: dict[str, str]
    hanging: tuple[Pairs, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    scenario: str = "hang"
    machine: Machine
    rate: float
    seconds: float
    healthy: int
    cold: bool
    databases: dict[str, Told]
    lost: int
    """Of the healthy endpoints' deliveries."""
    duplicated: int


def run(options: Options, progress: Progress) -> Outcome:
    with ready(options.folder) as rig:
        found = {name: _database(name, rig, options, progress) for name in options.databases}
    legs = [
        leg
        for one in found.values()
        for pairs in one.hanging
        for pair in pairs.pairs
        for leg in (pair.without, pair.with_hanging)
    ]
    report = Report(
        machine=describe(options.folder),
        rate=options.rate,
        seconds=options.open_seconds,
        healthy=options.healthy,
        cold=options.cold,
        databases=found,
        lost=sum(leg.lost for leg in legs),
        duplicated=sum(leg.duplicated for leg in legs),
    )
    return Outcome(report=report, text=_show(report), lost=report.lost)


def _database(name: str, rig: Rig, options: Options, progress: Progress) -> Told:
    progress(f"{name}: starting")
    with databases.running(name, options.folder) as database:
        found = [_pairs(database, rig, options, count, progress) for count in options.hanging]
        return Told(facts=database.facts, hanging=tuple(found))


def _pairs(database: Database, rig: Rig, options: Options, hanging: int, progress: Progress) -> Pairs:
    pairs: list[Pair] = []
    for number in range(1, options.runs + 1):
        label = f"{database.name}, {hanging} hanging, pair {number} of {options.runs}"
        progress(f"{label}: without")
        without = _leg(database, rig, options, hanging, hang=False)
        progress(f"{label}: with")
        with_ = _leg(database, rig, options, hanging, hang=True)
        pair = Pair(without=without, with_hanging=with_, p99_ratio=ratio(with_.p99_ms, without.p99_ms))
        pairs.append(pair)
    return Pairs(
        hanging=hanging,
        fed_per_s=hanging * FEED,
        p99_ratio=median([pair.p99_ratio for pair in pairs]),
        pairs=tuple(pairs),
    )


def _leg(database: Database, rig: Rig, options: Options, hanging: int, *, hang: bool) -> Leg:
    with placed(database, options.folder / "run", free_port()) as place:
        admin = admin_key(place, options.program)
        with measured(place, admin, options) as gateway:
            subject = Subject(rig=rig, gateway=gateway, database=database, options=options)
            return _measure(subject, hanging, hang=hang)


def _measure(subject: Subject, hanging: int, *, hang: bool) -> Leg:
    rig, options = subject.rig, subject.options
    healthy = [f"/healthy/{number}" for number in range(options.healthy)]
    endpoints = _endpoints(rig.receiver.port, healthy, "healthy")
    if hang:
        paths = [f"/hang/{number}" for number in range(hanging)]
        endpoints += _endpoints(rig.receiver.port, paths, "hanging")
    token = subject.gateway.tenant(endpoints).token
    rig.begin_row()
    time.sleep(0.5)
    streams = (
        Stream(rate=options.rate, requests=_requests(token, options.size, "healthy", options.healthy)),
        Stream(
            rate=hanging * FEED,
            requests=_requests(token, options.size, "hanging", hanging),
            after=0.0 if options.cold else options.warm_up / 2,
            first_kind=options.healthy,
        ),
    )
    published = subject.publish_openly(streams, options.warm_up + options.open_seconds)
    since = published.began + round(options.warm_up * 1e9)
    kinds = [[path] for path in healthy] + [[] for _ in range(hanging)]
    audited = rig.settled(kinds, 0, since)
    return Leg(
        **told(published, audited),
        p50_ms=audited.p50_ms,
        p99_ms=audited.p99_ms,
        max_ms=audited.max_ms,
        late_p99_ms=published.late_p99_ms,
    )


def _endpoints(port: int, paths: Sequence[str], kind: str) -> list[dict[str, object]]:
    return [endpoint_at(port, path, f"{kind}.{number}") for number, path in enumerate(paths)]


def _requests(token: str, size: int, kind: str, count: int) -> tuple[bytes, ...]:
    return tuple(publish_request(token, size, f"{kind}.{number}") for number in range(count))


def _show(report: Report) -> str:
    load = f"{report.healthy} healthy endpoints at {report.rate:g} events/s together for {report.seconds:g} s"
    fed = f"each hanging endpoint fed {FEED:.1f} events/s, five times its limit"
    parts = [machine_lines(report.machine), f"{load}; {fed}"]
    for name, told_ in report.databases.items():
        parts.append(f"{name}: {facts_line(told_.facts)}\n{table(_HEAD, _lines(told_))}")
    return "\n\n".join([*parts, verdict(report.lost, report.duplicated)])


_HEAD = ("hanging", "pair", "p99 without", "p99 with", "with ÷ without", "p50 without", "p50 with")


def _lines(found: Told) -> list[Sequence[str]]:
    lines: list[Sequence[str]] = []
    for pairs in found.hanging:
        for number, pair in enumerate(pairs.pairs, 1):
            lines.append(_line(pairs.hanging, number, pair))
        lines.append((str(pairs.hanging), "median", "", "", f"{pairs.p99_ratio:.2f}", "", ""))
    return lines


def _line(hanging: int, number: int, pair: Pair) -> Sequence[str]:
    without, with_ = pair.without, pair.with_hanging
    return (
        str(hanging),
        str(number),
        f"{without.p99_ms:.1f} ms",
        f"{with_.p99_ms:.1f} ms",
        f"{pair.p99_ratio:.2f}",
        f"{without.p50_ms:.1f} ms",
        f"{with_.p50_ms:.1f} ms",
    )
