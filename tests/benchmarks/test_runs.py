"""Whole measurements: against the real program, and against one that loses events."""

import pstats
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from benchmarks.databases import Sqlite
from benchmarks.gateway import admin_key, placed
from benchmarks.options import PROGRAM, parse
from benchmarks.outcome import Outcome
from benchmarks.ports import free_port
from benchmarks.profiler import measured
from benchmarks.rig import ready
from benchmarks.rows import Base, Subject, accepted, fan_out, open_loop

BASE = Base(posts_per_s=1000.0, cpu_us_per_post=100.0)
LEAKY = f"{sys.executable} {Path(__file__).with_name('leaky.py')}"


@contextmanager
def subject_of(folder: Path, *arguments: str) -> Iterator[Subject]:
    """A gateway on SQLite that is measured for half a second, and forgiven for half a second."""
    options = parse(["--quick", "--seconds", "0.5", "--connections", "8", "--dir", str(folder), *arguments])
    options = msgspec.structs.replace(options, warm_up=0.2, accept_seconds=0.2)
    database = Sqlite(folder)
    with ready(folder) as rig, placed(database, folder / "run", free_port()) as place:
        rig.patience = 0.5 if arguments else 20
        admin = admin_key(place, options.program)
        with measured(place, admin, options) as gateway:
            yield Subject(rig=rig, gateway=gateway, database=database, options=options)


def test_the_real_program_loses_nothing_and_every_row_is_a_ratio_too(tmp_path: Path) -> None:
    with subject_of(tmp_path) as subject:
        assert subject.options.program == PROGRAM
        for row in (fan_out(subject, BASE, 2), accepted(subject, BASE), open_loop(subject, BASE)):
            assert row.lost == row.duplicated == row.refused == 0
            assert row.expected > 0
            assert row.ratio_to_aiohttp > 0
        assert subject.gateway.peak_mb >= subject.gateway.resident_mb > 10


def test_a_run_that_lost_an_event_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAK", "50")
    with subject_of(tmp_path, "--program", LEAKY) as subject:
        row = fan_out(subject, BASE, 1)
    assert row.lost >= row.expected // 50 - 1 > 0
    assert Outcome(report=row, text="", lost=row.lost).exit_code == 1


def test_a_run_that_lost_nothing_passes(tmp_path: Path) -> None:
    with subject_of(tmp_path, "--program", LEAKY) as subject:
        row = fan_out(subject, BASE, 1)
    assert row.expected > 0
    assert Outcome(report=row, text="", lost=row.lost).exit_code == 0


def test_the_backlog_stays_within_its_bound(tmp_path: Path) -> None:
    """A gateway that accepts faster than it delivers is held back, so that its window is flat."""
    with subject_of(tmp_path, "--program", LEAKY, "--bound", "50") as subject:
        row = fan_out(subject, BASE, 1)
    assert row.held_back > 0
    assert abs(row.accepted_per_s - row.delivered_per_s) * 0.5 <= 50 + 8


def test_a_gateway_that_does_not_start_says_why(tmp_path: Path) -> None:
    failing = f"{sys.executable} -c 'import sys; sys.exit(\"no such luck\")'"
    with pytest.raises(RuntimeError, match="no such luck"), subject_of(tmp_path, "--program", failing):
        pass


def test_a_profile_is_written_for_each_gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without py-spy it is cProfile's."""
    monkeypatch.setenv("PATH", "")
    file = tmp_path / "gateway.prof"
    for _ in range(2):
        with subject_of(tmp_path, "--program", LEAKY, "--profile", str(file)) as subject:
            subject.gateway.call("POST", "/v1/tenants", {})
    assert pstats.Stats(str(file)).get_stats_profile().func_profiles
    assert file.with_name("gateway-2.prof").exists()
