"""The arguments, and the machine's fitness."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.__main__ import main
from benchmarks.options import Scenario, parse
from benchmarks.processes import cpu_seconds
from benchmarks.progress import Progress
from benchmarks.tables import table

from benchmarks import machine


def test_without_arguments_five_runs_are_made_on_both_databases() -> None:
    options = parse([])
    assert (options.databases, options.runs, options.scenario) == (
        ("sqlite", "postgres"),
        5,
        Scenario.THROUGHPUT,
    )


def test_quick_makes_one_short_run() -> None:
    quick, full = parse(["--quick"]), parse([])
    assert quick.runs == 1
    assert quick.seconds < full.seconds
    assert quick.backlog < full.backlog == 1_000_000


def test_what_is_named_wins_over_quick() -> None:
    options = parse(["--quick", "--runs", "3", "--seconds", "7", "--hanging", "2", "--lanes", "5"])
    assert (options.runs, options.seconds, options.hanging, options.lanes) == (3, 7.0, (2,), 5)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--runs", "0"],
        ["--seconds", "nan"],
        ["--size", "10"],
        ["--database", "oracle"],
        ["--scenario", "x"],
        ["-x"],
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        parse(arguments)
    assert stopped.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_a_folder_in_memory_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if machine.file_system(Path("/dev/shm")) != "tmpfs":
        pytest.skip("this machine has no tmpfs at /dev/shm")
    folder = Path("/dev/shm") / f"bench-{os.getpid()}"
    try:
        assert main(["--dir", str(folder)]) == 2
    finally:
        folder.rmdir()
    assert "syncing costs nothing" in capsys.readouterr().err


def test_two_benchmarks_in_one_folder_would_measure_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "file_system", lambda _folder: "ext4")
    with machine.alone_in(tmp_path):
        assert main(["--dir", str(tmp_path)]) == 2
    assert "Another benchmark runs" in capsys.readouterr().err


def test_the_file_system_is_that_of_the_nearest_mount_above(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/sda rw\n"
        f"2 1 0:5 / {tmp_path} rw shared:1 - tmpfs tmpfs rw\n"
        f"3 1 0:5 / {tmp_path}x rw - btrfs /dev/sdb rw\n"
    )
    assert machine.file_system(tmp_path, mounts) == "tmpfs"
    assert machine.file_system(tmp_path.parent, mounts) == "ext4"


def test_cpu_time_includes_children_that_have_ended() -> None:
    before = cpu_seconds([os.getpid()])
    subprocess.run([sys.executable, "-c", "sum(range(10_000_000))"], check=True)
    assert cpu_seconds([os.getpid()]) - before >= 0.05
    assert cpu_seconds([2**22 + 1]) == 0


def test_progress_is_for_terminals_only() -> None:
    stream = io.StringIO()
    Progress(stream)("something")
    assert not stream.getvalue()


def test_a_table_lines_up() -> None:
    assert table(("", "a"), [("x", "100"), ("long", "1")]).splitlines() == [
        "        a",
        "x     100",
        "long    1",
    ]


def test_the_machine_is_told(tmp_path: Path) -> None:
    told = machine.describe(tmp_path)
    assert told.cores >= 1
    assert told.cpu
    assert told.packages["aiohttp"]
