"""A few seconds of what `python -m tests.fuzz` does for ten minutes."""

from pathlib import Path

from tests.fuzz.run import fuzz


async def test_no_mutation_of_a_real_request_makes_a_server_error(tmp_path: Path) -> None:
    told = await fuzz(tmp_path, seed=7, seconds=8)
    assert told.requests > 200
    assert told.faults == []
    assert not [status for status in told.statuses if status >= 500]
    assert told.broken == 0
    assert {200, 401} <= told.statuses.keys()
