"""What to measure, and for how long: the arguments of `python -m benchmarks`."""

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from benchmarks.child import ROOT

PROGRAM = (sys.executable, "-m", "hookline")


class Scenario(StrEnum):
    THROUGHPUT = "throughput"
    HANG = "hang"
    BACKLOG = "backlog"
    LANES = "lanes"
    DATES = "dates"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    scenario: Scenario
    databases: tuple[str, ...]
    runs: int
    """For `hang`: interleaved pairs."""
    seconds: float
    """Of each window that is counted."""
    warm_up: float
    ceiling_seconds: float
    accept_seconds: float
    open_seconds: float
    rate: float
    connections: int
    size: int
    """Bytes of an event's data."""
    batch: int
    bound: int
    """Deliveries outstanding at which publishers hold back."""
    hanging: tuple[int, ...]
    healthy: int
    cold: bool
    """Hanging endpoints are fed from the first moment, when the node knows of none yet that it is healthy."""
    backlog: int
    lanes: int
    each: int
    dates: int
    """Records that wait for one."""
    folder: Path
    json: bool
    profile: Path | None
    program: tuple[str, ...]
    """The command line of `hookline`."""


_FULL = {"runs": 5, "seconds": 10.0, "warm_up": 2.0, "ceiling": 3.0, "accept": 3.0, "open": 20.0}
_QUICK = {"runs": 1, "seconds": 2.0, "warm_up": 0.5, "ceiling": 0.7, "accept": 0.5, "open": 3.0}
_FULL_SIZES = {"backlog": 1_000_000, "lanes": 10_000, "each": 100, "dates": 100_000, "hang_seconds": 60.0}
_QUICK_SIZES = {"backlog": 20_000, "lanes": 200, "each": 50, "dates": 5_000, "hang_seconds": 5.0}


def parse(arguments: Sequence[str] | None = None) -> Options:
    given = _parser().parse_args(arguments)
    lengths = _QUICK if given.quick else _FULL
    sizes = _QUICK_SIZES if given.quick else _FULL_SIZES
    scenario = Scenario(given.scenario)
    open_seconds = sizes["hang_seconds"] if scenario is Scenario.HANG else lengths["open"]
    return Options(
        scenario=scenario,
        databases=("sqlite", "postgres") if given.database == "both" else (given.database,),
        runs=given.runs or int(lengths["runs"]),
        seconds=given.seconds or lengths["seconds"],
        warm_up=lengths["warm_up"],
        ceiling_seconds=lengths["ceiling"],
        accept_seconds=lengths["accept"],
        open_seconds=given.seconds or open_seconds,
        rate=given.rate,
        connections=given.connections,
        size=given.size,
        batch=given.batch,
        bound=given.bound,
        hanging=tuple(given.hanging or (1, 30)),
        healthy=given.healthy,
        cold=given.cold,
        backlog=given.backlog or int(sizes["backlog"]),
        lanes=given.lanes or int(sizes["lanes"]),
        each=given.each or int(sizes["each"]),
        dates=given.dates or int(sizes["dates"]),
        folder=given.dir.resolve(),
        json=given.json,
        profile=given.profile and given.profile.resolve(),
        program=tuple(shlex.split(given.program)) if given.program else PROGRAM,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure the real program on this machine. Any run that lost an event fails (exit code 1).",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--scenario", choices=[one.value for one in Scenario], default="throughput", help="what to measure")
    add("--database", choices=["sqlite", "postgres", "both"], default="both", help="which databases")
    add("--quick", action="store_true", help="short windows, one run: under a minute in all")
    add("--json", action="store_true", help="print one JSON object and nothing else")
    add("--runs", type=_whole(1), help="runs (pairs, for hang) whose medians are told: 5, with --quick 1")
    add(
        "--seconds", type=_number(0.1), help="length of each counted window: 10 (hang 60), with --quick 2 (5)"
    )
    add("--rate", type=_number(1), default=300.0, help="events a second of the open loop")
    add("--connections", type=_whole(1), default=64, help="of the closed loop and of the ceilings")
    add("--size", type=_whole(150), default=1000, help="bytes of an event's data")
    add("--batch", type=_whole(2), default=100, help="events of one published batch")
    add("--bound", type=_whole(1), default=1000, help="outstanding deliveries at which publishers hold back")
    add("--hanging", type=_whole(1), action="append", help="hanging endpoints, may be repeated: 1 and 30")
    add("--healthy", type=_whole(1), default=100, help="healthy endpoints beside hanging ones")
    add(
        "--cold",
        action="store_true",
        help="feed hanging endpoints from the start, not after half the warm-up",
    )
    add("--backlog", type=_whole(1), help="due deliveries of the dead endpoint: 1000000, with --quick 20000")
    add("--lanes", type=_whole(1), help="endpoints with due deliveries: 10000, with --quick 200")
    add("--each", type=_whole(1), help="due deliveries of each of them: 100, with --quick 50")
    add("--dates", type=_whole(1), help="records that wait for a date: 100000, with --quick 5000")
    add("--dir", type=Path, default=ROOT / ".bench", help="a folder on a real disk, for everything written")
    add("--program", metavar="COMMAND", help="how to run another hookline, to compare two builds")
    add(
        "--profile",
        type=Path,
        metavar="FILE",
        help="run the gateway under py-spy or cProfile; figures suffer",
    )
    return parser


def _whole(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{text} is less than {least}")
        return value

    read.__name__ = "whole number"
    return read


def _number(least: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = float(text)
        if not least <= value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text} is less than {least:g}")
        return value

    read.__name__ = "number"
    return read
