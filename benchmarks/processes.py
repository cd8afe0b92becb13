"""What the kernel knows of processes: CPU time of a tree of them, memory of one. Linux's /proc."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(roots: Iterable[int]) -> float:
    """User and system time of these processes and all below them, those that have ended too.

    A child that was waited for is in its parent's `cutime` and `cstime`; so the sum never falls.
    """
    stats = dict(_stats())
    below: defaultdict[int, list[int]] = defaultdict(list)
    for pid, fields in stats.items():
        below[int(fields[1])].append(pid)
    todo, ticks = [pid for pid in roots if pid in stats], 0
    while todo:
        pid = todo.pop()
        ticks += sum(map(int, stats[pid][11:15]))
        todo.extend(below[pid])
    return ticks / _TICKS


def resident_mb(pid: int) -> float:
    return _status_kib(pid, "VmRSS:") / 1024


def peak_mb(pid: int) -> float:
    """The high-water mark of its resident memory."""
    return _status_kib(pid, "VmHWM:") / 1024


def _stats() -> Iterable[tuple[int, list[str]]]:
    """Pid → the fields of `stat` behind the name, which may itself hold blanks and brackets."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                text = (entry / "stat").read_text()
            except OSError:  # it has just ended
                continue
            yield int(entry.name), text.rpartition(") ")[2].split()


def _status_kib(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1])
    return 0
