"""`python -m tests.torture`: kill -9 under load on both databases; prints what was lost and what was sent twice."""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from tests.torture.databases import Place, durable_server, empty_database
from tests.torture.power import CannotRecord, Figures, cut_power
from tests.torture.run import Trial, torture
from tests.torture.verdict import Verdict, judge

SHOWN_FAULTS = 20
EVENTS = 200
"""Publishes before the power fails: enough for some checkpoints."""


def main() -> int:
    asked = _arguments()
    trial = Trial(kills=asked.kills, pauses=asked.pauses, seed=asked.seed)
    verdicts: list[Verdict] = []
    with _folder(asked.folder) as folder:
        if asked.database != "postgres":
            verdicts.append(asyncio.run(_on_sqlite(folder, trial)))
        if asked.database != "sqlite":
            with durable_server() as url:
                verdicts.append(asyncio.run(_on_postgres(folder, url, trial)))
        figures = _power(folder, asked.images, asked.seed) if asked.images else []
    _tell(verdicts)
    _tell_power(figures)
    _line(msgspec.json.encode({"kills": verdicts, "power": figures}).decode())
    return int(any(verdict.faults for verdict in verdicts) or _unsound(figures))


def _power(folder: Path, images: int, seed: int) -> list[Figures]:
    """As the program syncs, and as it would lose: a check that cannot fail says nothing."""
    made: list[Figures] = []
    for synchronous in ("FULL", "NORMAL"):
        place = folder / f"power-{synchronous}"
        place.mkdir()
        try:
            made.append(cut_power(place, synchronous, events=EVENTS, images=images, seed=seed))
        except CannotRecord as error:
            _line(f"No power loss on this machine: {error}")
    return made


def _unsound(figures: Sequence[Figures]) -> bool:
    return any(one.corrupt or (one.lost > 0) is (one.synchronous == "FULL") for one in figures)


async def _on_sqlite(folder: Path, trial: Trial) -> Verdict:
    place = Place(folder=folder / "sqlite")
    (place.folder / "data").mkdir(parents=True)
    return await judge(await torture(place, trial))


async def _on_postgres(folder: Path, server_url: str, trial: Trial) -> Verdict:
    async with empty_database(server_url, "torture") as url:
        place = Place(folder=folder / "postgres", url=url)
        place.folder.mkdir()
        return await judge(await torture(place, trial))


def _tell(verdicts: Sequence[Verdict]) -> None:
    table = [msgspec.to_builtins(verdict) for verdict in verdicts]
    for name in Verdict.__struct_fields__:
        if name not in {"hooks", "faults"}:
            _line(f"{name.replace('_', ' '):<22}", *(f"{column[name]!s:>12}" for column in table))
    for column in table:
        _line(f"hooks on {column['database']}: ", *(f"{hook} {n}  " for hook, n in column["hooks"].items()))
    for column in table:
        _faults(column)


def _tell_power(figures: Sequence[Figures]) -> None:
    for one in figures:
        _line(
            f"power loss, synchronous={one.synchronous}: {one.images} images of {one.acts} writes and syncs, "
            f"{one.acknowledged} acknowledged; lost in {one.images_with_loss}, corrupt {one.corrupt}"
        )


def _faults(column: dict[str, Any]) -> None:
    faults = column["faults"]
    for fault in faults[:SHOWN_FAULTS]:
        _line(f"FAULT on {column['database']}: {fault}")
    if len(faults) > SHOWN_FAULTS:
        _line(f"… and {len(faults) - SHOWN_FAULTS} more")


def _line(*parts: str) -> None:
    sys.stdout.write("".join(parts) + "\n")


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    folder = kept or Path(tempfile.mkdtemp(prefix="hookline-torture-"))
    folder.mkdir(exist_ok=True)
    try:
        yield folder
    finally:
        if kept is None:
            shutil.rmtree(folder, ignore_errors=True)


def _arguments() -> Any:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="on each database (50)")
    parser.add_argument("--pauses", type=int, default=3, help="of two leases each, on PostgreSQL (3)")
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument(
        "--seed", type=int, default=random.randrange(10**6), help="of kills, load and receivers"
    )
    parser.add_argument("--images", type=int, default=500, help="of power failures (500; 0: none)")
    parser.add_argument("--folder", type=Path, help="an empty folder that keeps databases and logs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
