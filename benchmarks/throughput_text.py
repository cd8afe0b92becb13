"""The report of the default scenario, for people."""

from benchmarks.outcome import verdict
from benchmarks.rows import Beside, FanOut, OpenLoop
from benchmarks.tables import Line, facts_line, machine_lines, table
from benchmarks.throughput import Memory, Report, Run, Told


def show(report: Report) -> str:
    parts = [machine_lines(report.machine), _harness(report)]
    parts += [_database(name, told) for name, told in report.databases.items()]
    return "\n\n".join([*parts, verdict(report.lost, report.duplicated)])


def _harness(report: Report) -> str:
    alone = f"{report.harness_posts_per_s:,.0f} requests/s from the publishers to the receiver"
    notes = [
        f"Harness alone: {alone}; {report.connections} connections, {report.size:,} bytes of data an event."
    ]
    if report.saturated:
        notes.append("WARNING: publishers or receiver used a whole core: the figures are the harness's.")
    if not report.flat:
        notes.append("WARNING: the backlog grew in a counted window: the figures cannot be sustained.")
    return "\n".join(notes)


def _database(name: str, told: Told) -> str:
    return "\n".join(
        [
            f"{name}: {facts_line(told.facts)}; median of {len(told.runs)}",
            table(_HEAD, _lines(told.medians)),
            _below(told.medians),
        ]
    )


_HEAD = ("", "rate", "÷ aiohttp", "CPU µs each", "÷ aiohttp's", "lost", "duplicated")


def _lines(run: Run) -> list[Line]:
    top = run.ceilings
    batches = run.batches
    lost, twice = str(batches.lost), str(batches.duplicated)
    return [
        (
            "bare aiohttp loop",
            _rate(top.aiohttp_posts_per_s, "POST"),
            "1.00",
            f"{top.aiohttp_cpu_us:.0f}",
            "1.00",
            "",
            "",
        ),
        (
            "own client, bare",
            _rate(top.own_posts_per_s, "POST"),
            f"{top.own_ratio_to_aiohttp:.2f}",
            f"{top.own_cpu_us:.0f}",
            f"{top.own_cpu_us / max(1e-9, top.aiohttp_cpu_us):.2f}",
            "",
            "",
        ),
        _fan_out("fan-out 1", run.fan_out_1),
        _fan_out("fan-out 5", run.fan_out_5),
        ("accepting single events", _rate(batches.single_per_s, "event"), "", "", "", lost, twice),
        (
            "accepting batches",
            _rate(batches.batch_per_s, "event"),
            f"{batches.ratio_to_aiohttp:.2f}",
            "",
            "",
            "",
            "",
        ),
        _beside("receiving signed requests", "request", run.received),
        _beside("saving records, an event each", "record", run.saved),
    ]


def _beside(label: str, noun: str, row: Beside) -> Line:
    return (
        label,
        _rate(row.per_s, noun),
        f"{row.ratio_to_published:.2f} × single",
        "",
        "",
        str(row.lost),
        str(row.duplicated),
    )


def _fan_out(label: str, row: FanOut) -> Line:
    return (
        label,
        _rate(row.delivered_per_s, "delivery"),
        f"{row.ratio_to_aiohttp:.2f}",
        f"{row.cpu_us_per_delivery:.0f}",
        f"{row.cpu_ratio_to_aiohttp:.2f}",
        str(row.lost),
        str(row.duplicated),
    )


def _below(run: Run) -> str:
    return "\n".join((_accepting(run), _working(run), _latency(run.open_loop), _memory(run.memory)))


def _accepting(run: Run) -> str:
    one, five = run.fan_out_1, run.fan_out_5
    return (
        f"accepted: {one.accepted_per_s:,.0f} events/s at fan-out 1, {five.accepted_per_s:,.0f} at fan-out 5 "
        f"(publishers held back at {one.held_back:.0%} and {five.held_back:.0%} of their turns); "
        f"batches {run.batches.batch_to_single:.1f} times the rate of single events"
    )


def _working(run: Run) -> str:
    one = run.fan_out_1
    return (
        f"at fan-out 1: gateway {one.cpu_us_gateway:.0f} µs and database {one.cpu_us_database:.0f} µs of CPU a delivery; "
        f"publishers use {one.publisher_load:.2f}, the receiver {one.receiver_load:.2f} of a core"
    )


def _latency(row: OpenLoop) -> str:
    return (
        f"open loop at {row.rate:g} events/s: p50 {row.p50_ms:.1f} ms, p99 {row.p99_ms:.1f} ms, max {row.max_ms:.1f} ms "
        f"(harness late by {row.late_p99_ms:.1f} ms at p99); lost {row.lost}, duplicated {row.duplicated}"
    )


def _memory(row: Memory) -> str:
    return f"memory of the gateway: idle {row.idle_mb:.0f} MiB, peak {row.peak_mb:.0f} MiB"


def _rate(value: float, noun: str) -> str:
    return f"{value:,.0f} {noun}/s"
