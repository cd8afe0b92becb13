"""The doctor's look at the disk: the data folder, its file system, SQLite."""

import os
import tempfile
from pathlib import Path

from hookline.cli.findings import Finding, fail, ok, warn
from hookline.config import Settings
from hookline.storage.diagnosis import SQLITE_SERVES, SQLITE_VERSION

_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "virtiofs"}
)
_MEMORY = frozenset({"tmpfs", "ramfs"})
_ROOMY = 1024**3
_WAL = b"\2\2"
"""Bytes 18 and 19 of a file that is written and read by a write-ahead log (SQLite file format, 1.3)."""


def data_folder(settings: Settings) -> Finding:
    check, folder = "data folder", settings.data_dir
    place = folder if folder.exists() else _nearest(folder)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        return fail(
            check,
            f"{place.absolute()} cannot be written: {error.strerror}",
            "Let this user write there, or set HOOKLINE_DATA_DIR to another folder.",
        )
    if place is not folder:
        return ok(check, f"{folder.absolute()} is not there yet; it can be made")
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    if free < _ROOMY:
        return warn(
            check,
            f"{folder.absolute()} has {free >> 20} MiB left",
            "Free some space: a full disk takes no events.",
        )
    return ok(check, f"{folder.absolute()} can be written, {free >> 30} GiB are free")


def file_system(settings: Settings) -> Finding:
    check = "file system"
    kind = _kind(_nearest(settings.data_dir).resolve(), _mounts())
    if settings.sqlite_file is None:
        return ok(check, f"{kind}; events live in PostgreSQL")
    if kind in _MEMORY:
        return warn(
            check,
            f"{kind} lives in memory: everything is gone after a restart of the machine",
            "Set HOOKLINE_DATA_DIR to a folder on a disk.",
        )
    if kind in _NETWORK or kind.startswith("fuse."):
        return warn(
            check,
            f"{kind} is a network file system: SQLite's locks and syncs are not safe there",
            "Set HOOKLINE_DATA_DIR to a local disk, or use PostgreSQL.",
        )
    return ok(check, kind)


def sqlite_library(settings: Settings) -> Finding:
    check, version = "SQLite", SQLITE_VERSION
    if settings.sqlite_file is None:
        return ok(check, f"{version}, not used")
    if not SQLITE_SERVES:
        return fail(check, f"{version} is too old", "Use a Python that is built with SQLite 3.35 or newer.")
    if not settings.sqlite_file.exists():
        return ok(check, f"{version}; {settings.sqlite_file} is made at the first start")
    return _file(check, settings.sqlite_file)


def _file(check: str, path: Path) -> Finding:
    """By its header alone: to open the database beside a gateway is not allowed."""
    try:
        with path.open("rb") as file:
            header = file.read(20)
    except OSError as error:
        return fail(check, f"{path}: {error.strerror}", "Let this user read and write the file.")
    if not header.startswith(b"SQLite format 3\0"):
        return fail(check, f"{path} is no SQLite database", "Restore it from a backup, or move it away.")
    version = SQLITE_VERSION
    if header[18:20] != _WAL:
        return warn(check, f"{version}; the database is not in WAL mode", "It is set at the next start.")
    return ok(check, f"{version}, WAL; each commit is synced (synchronous=FULL)")


def _nearest(folder: Path) -> Path:
    """Itself or the first parent that is there."""
    return next((one for one in (folder, *folder.absolute().parents) if one.exists()), Path("/"))


def _mounts() -> list[tuple[str, str]]:
    """Mount point and kind of each; none where the system does not tell."""
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    named = (line.split(" ")[1:3] for line in lines)
    return [(place.replace("\\040", " "), kind) for place, kind in named]


def _kind(folder: Path, mounts: list[tuple[str, str]]) -> str:
    """Of the mount that is nearest above."""
    above = [(len(point), kind) for point, kind in mounts if folder.is_relative_to(point)]
    return max(above)[1] if above else "unknown"
