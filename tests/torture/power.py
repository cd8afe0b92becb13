"""Power: what may be left on the disk when the power fails at some point of a recording, and what SQLite makes of it.

What was synced is there. Of what was written since, any part may be: each sector of 512 bytes, or a file's size or
end, has come to the disk or has not.
"""

import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from enum import StrEnum
from pathlib import Path

import msgspec

from tests.torture.recording import ACTS, BASE, SKIP
from tests.torture.vfs import Acknowledged, Act, Delete, Sync, Truncate, Write

SECTOR = 512
FILE = "hookline.db"
_decode = msgspec.msgpack.Decoder(list[Act]).decode


class Fate(StrEnum):
    """What became of the writes that were not synced."""

    NONE = "none"
    ALL = "all"
    FIRST = "first"
    """Those up to some point, the last of them torn."""
    SOME = "some"
    """Any of them, in any order."""
    TORN = "torn"
    """Any of their sectors."""


class Figures(msgspec.Struct, kw_only=True):
    synchronous: str
    seed: int
    acts: int = 0
    """Writes, syncs and the like that were recorded."""
    acknowledged: int = 0
    """Events, and results of attempts."""
    images: int = 0
    lost: int = 0
    """Acknowledged before the power failed, and absent from the image; summed over the images."""
    images_with_loss: int = 0
    corrupt: int = 0


class CannotRecord(Exception):
    """Says why."""


def record(folder: Path, synchronous: str, events: int) -> Sequence[Act]:
    """Raises CannotRecord."""
    command = [sys.executable, "-m", "tests.torture.recording", str(folder), synchronous, str(events)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == SKIP:
        raise CannotRecord(done.stderr)
    assert done.returncode == 0, done.stderr
    return _decode((folder / ACTS).read_bytes())


def cut_power(folder: Path, synchronous: str, *, events: int, images: int, seed: int) -> Figures:
    """Record once, then look at so many images, each of another moment."""
    acts = record(folder, synchronous, events)
    rng = random.Random(seed)
    moments = sorted(rng.sample(range(1, len(acts) + 1), min(images, len(acts))))
    figures = Figures(synchronous=synchronous, seed=seed, acts=len(acts))
    disk = _Disk((folder / BASE).read_bytes())
    promised: dict[str, list[str]] = {"events": [], "deliveries": []}
    done = 0
    for moment in moments:
        for act in acts[done:moment]:
            if isinstance(act, Acknowledged):
                promised[act.table] += act.ids
            else:
                disk.note(act)
        done = moment
        _judge(disk.image(rng), folder / "image", promised, figures)
    figures.acknowledged = sum(len(act.ids) for act in acts if isinstance(act, Acknowledged))
    return figures


class _Disk:
    """The files as they are after the last sync of each, and what was done to them since."""

    def __init__(self, base: bytes) -> None:
        self._durable: dict[str, bytes | None] = {FILE: base}
        self._pending: dict[str, list[Write | Truncate | Delete]] = {}

    def note(self, act: Write | Truncate | Delete | Sync) -> None:
        if not isinstance(act, Sync):
            self._pending.setdefault(act.file, []).append(act)
        else:
            changes = self._pending.pop(act.file, [])
            self._durable[act.file] = _changed(self._durable.get(act.file), changes)

    def image(self, rng: random.Random) -> dict[str, bytes | None]:
        fate = rng.choice(list(Fate))
        return {
            file: _changed(self._durable.get(file), list(_survivors(self._pending.get(file, []), fate, rng)))
            for file in self._durable.keys() | self._pending.keys()
        }


def _changed(content: bytes | None, changes: Sequence[Write | Truncate | Delete]) -> bytes | None:
    if not changes:
        return content
    made: bytearray | None = None if content is None else bytearray(content)
    for change in changes:
        if isinstance(change, Delete):
            made = None
            continue
        made = bytearray() if made is None else made
        if isinstance(change, Truncate):
            made = made[: change.size].ljust(change.size, b"\0")
        else:
            end = change.offset + len(change.data)
            made.extend(bytes(max(0, end - len(made))))
            made[change.offset : end] = change.data
    return None if made is None else bytes(made)


def _survivors(
    changes: Sequence[Write | Truncate | Delete], fate: Fate, rng: random.Random
) -> Iterator[Write | Truncate | Delete]:
    if fate is Fate.NONE:
        return
    if fate is Fate.ALL:
        yield from changes
    elif fate is Fate.FIRST:
        kept = rng.randint(0, len(changes))
        yield from changes[:kept]
        yield from (part for part in _sectors(changes[kept : kept + 1]) if rng.random() < 0.5)
    elif fate is Fate.SOME:
        yield from (change for change in changes if rng.random() < 0.5)
    else:
        yield from (part for part in _sectors(changes) if rng.random() < 0.5)


def _sectors(changes: Sequence[Write | Truncate | Delete]) -> Iterator[Write | Truncate | Delete]:
    for change in changes:
        if not isinstance(change, Write):
            yield change
            continue
        start = 0
        while start < len(change.data):
            end = min(len(change.data), start + SECTOR - (change.offset + start) % SECTOR)
            yield Write(change.file, change.offset + start, change.data[start:end])
            start = end


def _judge(
    image: dict[str, bytes | None], folder: Path, promised: dict[str, list[str]], figures: Figures
) -> None:
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for file, content in image.items():
        if content is not None:
            (folder / file).write_bytes(content)
    lost = 0
    try:
        with closing(sqlite3.connect(folder / FILE)) as connection:
            figures.corrupt += connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]
            for table, ids in promised.items():
                there = {row[0] for row in connection.execute(f"SELECT id FROM {table}")}
                lost += len(set(ids) - there)
    except sqlite3.DatabaseError:
        figures.corrupt += 1
    figures.images += 1
    figures.lost += lost
    figures.images_with_loss += lost > 0
