"""`hookline tail`: one line each time a delivery changes."""

import signal

import msgspec

from hookline.cli.tail import Seen
from tests.cli.conftest import Dev
from tests.cli.program import running


def test_new_deliveries_appear_as_they_happen(dev: Dev) -> None:
    """Filtered by type; Ctrl-C ends it with 130."""
    with running("tail", "--type", "tail.me", "--every", "0.1", "--json", cwd=dev.folder) as program:
        while "tail.me" not in program.output:
            assert dev("publish", "tail.me").code == 0
            assert dev("publish", "not.me").code == 0
        rows = [msgspec.json.decode(line) for line in program.output.splitlines()]
        assert {row["event_type"] for row in rows} == {"tail.me"}
        program.signal(signal.SIGINT)
        assert program.end() == 130
    assert "Traceback" not in program.output


def test_a_wrong_key_is_no_silence(dev: Dev) -> None:
    """It ends at once, with 4."""
    url = msgspec.json.decode((dev.folder / "data" / "dev.json").read_bytes())["url"]
    assert dev("tail", api_key="hk_none", url=url).code == 4


def test_a_delivery_is_shown_again_only_when_it_changed() -> None:
    """Oldest first, as a log is read."""
    seen = Seen()
    first = {"id": "d1", "state": "pending", "attempts": 0}
    second = {"id": "d2", "state": "sending", "attempts": 0}
    assert list(seen.news([second, first])) == [first, second]
    assert list(seen.news([second, first])) == []
    tried = {"id": "d1", "state": "pending", "attempts": 1}
    assert list(seen.news([second, tried])) == [tried]
