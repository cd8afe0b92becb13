"""The short form of `make torture`: a few kills under load on each database, judged by the same invariants."""

from pathlib import Path

import pytest

from tests.torture.databases import Place
from tests.torture.run import Trial, torture
from tests.torture.verdict import judge

pytestmark = [pytest.mark.torture, pytest.mark.xdist_group("torture"), pytest.mark.timeout(300)]
SEED = 5
"""Of kills, load and receivers; when each kill falls is for the machine to say."""


async def test_kills_on_sqlite_lose_nothing_and_leave_everything_in_order(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    verdict = await judge(await torture(Place(folder=tmp_path), Trial(kills=5, seed=SEED)))
    assert verdict.faults == []
    assert verdict.lost == 0 < verdict.acknowledged
    assert verdict.tickets == verdict.cases > 0
    assert verdict.kills == 5
    assert verdict.at_hooks >= 1


async def test_kills_of_two_nodes_on_postgres_lose_nothing_and_leave_everything_in_order(
    tmp_path: Path, empty_postgres_url: str
) -> None:
    place = Place(folder=tmp_path, url=empty_postgres_url)
    verdict = await judge(await torture(place, Trial(kills=4, seed=SEED)))
    assert verdict.faults == []
    assert verdict.lost == 0 < verdict.acknowledged
    assert verdict.tickets == verdict.cases > 0
    assert verdict.kills == 4
    assert verdict.at_hooks >= 1
    assert verdict.takeovers >= 1
