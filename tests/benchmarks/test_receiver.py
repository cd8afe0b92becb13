"""The receiver and the publishers: what they count."""

import time
from pathlib import Path

import pytest
from benchmarks.board import Board, Slot
from benchmarks.messages import Audit
from benchmarks.publisher import Tally
from benchmarks.receiver import Arrivals

_ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: 9\r\n\r\n"


@pytest.fixture
def board() -> Board:
    return Board.create()


def audit(arrivals: Arrivals, file: Path, *lines: str, since: int = 0) -> tuple[int, int, int]:
    file.write_text("".join(f"{line}\n" for line in lines))
    found = arrivals.audit(Audit(acknowledged=str(file), paths=(("/a", "/b"), ("/a",), ()), since=since))
    return found.expected, found.lost, found.duplicated


def test_an_event_must_arrive_at_each_of_its_endpoints(board: Board, tmp_path: Path) -> None:
    arrivals = Arrivals(board)
    arrivals.note(b"/a", b"evt_1")
    assert audit(arrivals, tmp_path / "log", "evt_1 0 0") == (2, 1, 0)
    assert audit(arrivals, tmp_path / "log", "evt_1 0 1") == (1, 0, 0)


def test_an_event_for_nobody_cannot_be_lost(board: Board, tmp_path: Path) -> None:
    assert audit(Arrivals(board), tmp_path / "log", "evt_1 0 2") == (0, 0, 0)


def test_a_second_arrival_is_a_duplicate_and_not_a_delivery_of_another(board: Board, tmp_path: Path) -> None:
    arrivals = Arrivals(board)
    for name in (b"evt_1", b"evt_1"):
        arrivals.note(b"/a", name)
    assert audit(arrivals, tmp_path / "log", "evt_1 0 1", "evt_2 0 1") == (2, 1, 2)
    assert board[Slot.DELIVERED] == 2


def test_latency_counts_from_the_scheduled_time_and_only_after_the_warm_up(
    board: Board, tmp_path: Path
) -> None:
    arrivals = Arrivals(board)
    late, early = time.monotonic_ns() - 50_000_000, time.monotonic_ns() - 900_000_000
    for name in (b"evt_1", b"evt_2"):
        arrivals.note(b"/a", name)
    (tmp_path / "log").write_text(f"evt_1 {late} 1\nevt_2 {early} 1\n")
    order = Audit(acknowledged=str(tmp_path / "log"), paths=((), ("/a",)), since=late)
    assert 50 <= arrivals.audit(order).max_ms < 500


def test_each_event_of_a_batch_counts(board: Board) -> None:
    tally = Tally(board)
    body = b'{"items":[{"status":202,"event":{"id":"evt_1"}},{"status":202,"event":{"id":"evt_2"}}]}'
    assert tally.take(202, _ANSWER + body, 0, 0)
    assert board[Slot.ACCEPTED] == 2


def test_a_refusal_is_counted_and_its_reason_kept(board: Board) -> None:
    tally = Tally(board)
    assert not tally.take(503, _ANSWER + b"come again later", 0, 0)
    assert (tally.accepted, tally.refused, tally.fault) == (0, 1, "come again later")
