"""The machine that the figures were taken on, and whether its disk is one."""

import fcntl
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import msgspec

_MEMORY = ("tmpfs", "ramfs")
_PACKAGES = ("hookline", "uvloop", "uvicorn", "httptools", "aiohttp", "asyncpg", "msgspec")


class Refused(Exception):
    """The benchmark cannot be run honestly; the sentence says why."""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    cpu: str
    cores: int
    memory_gb: float
    kernel: str
    python: str
    file_system: str
    packages: dict[str, str]


def describe(folder: Path) -> Machine:
    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        kernel=platform.release(),
        python=platform.python_version(),
        file_system=file_system(folder),
        packages={name: version(name) for name in _PACKAGES},
    )


def check(folder: Path) -> None:
    """Raises Refused where a sync costs nothing."""
    if not Path("/proc/self/stat").exists() or not hasattr(os, "memfd_create"):
        raise Refused("The benchmark reads CPU times from /proc: it runs on Linux only.")
    kind = file_system(folder)
    if kind in _MEMORY:
        raise Refused(
            f"{folder} is on {kind}, where syncing costs nothing. Name a folder on a real disk with --dir."
        )


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Raises Refused while another benchmark runs there: they would share files, and measure each other."""
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"Another benchmark runs in {folder}. Wait for it.") from None
        yield


def file_system(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """The type of the file system that holds `folder`: that of the longest mount point above it."""
    best, found = -1, "unknown"
    path = folder.resolve()
    for line in mounts.read_text().splitlines():
        fields, _, source = line.partition(" - ")
        point = Path(fields.split()[4].replace("\\040", " "))
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, found = len(point.parts), source.split()[0]
    return found


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
