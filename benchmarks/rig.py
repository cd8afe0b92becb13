"""Rig: the processes of the harness, ready, and what every measurement does with them."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from benchmarks.board import Board, Slot
from benchmarks.child import Child
from benchmarks.messages import Audit, Audited, Closed, Done, Forget, Loop, Published
from benchmarks.processes import cpu_seconds
from benchmarks.traffic import delivered_body, receiver_request

_SAMPLE = 0.05
PATIENCE = 30.0
"""Seconds without any arrival after which what is missing counts as lost."""


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """What happened between two looks at the board."""

    seconds: float
    accepted: int
    delivered: int
    sent: int
    waited: int
    backlog: tuple[int, int]
    """Deliveries outstanding at its beginning and at its end."""
    cpu: dict[str, float]
    """CPU seconds of each group of processes."""

    def load(self, group: str) -> float:
        """Of one core."""
        return self.cpu[group] / self.seconds


class Rig:
    def __init__(
        self, board: Board, receiver: Child, publisher: Child, client: Child, acknowledged: Path
    ) -> None:
        self.board = board
        self.receiver = receiver
        self.publisher = publisher
        self.client = client
        self.acknowledged = str(acknowledged)
        self.patience = PATIENCE

    def window(
        self, seconds: float, *, fan_out: int = 1, groups: Mapping[str, Sequence[int]] | None = None
    ) -> Window:
        """Count for `seconds`. `groups`: name → root processes, beside the harness's own."""
        own = {
            "publisher": [self.publisher.pid],
            "receiver": [self.receiver.pid],
            "client": [self.client.pid],
        }
        roots = {**own, **(groups or {})}
        before = {name: cpu_seconds(pids) for name, pids in roots.items()}
        began, first = time.perf_counter(), self._slots()
        time.sleep(seconds)
        ended, last = time.perf_counter(), self._slots()
        after = {name: cpu_seconds(pids) for name, pids in roots.items()}
        change = {slot: last[slot] - first[slot] for slot in Slot}
        return Window(
            seconds=ended - began,
            accepted=change[Slot.ACCEPTED],
            delivered=change[Slot.DELIVERED],
            sent=change[Slot.SENT],
            waited=change[Slot.WAITED],
            backlog=(
                first[Slot.ACCEPTED] * fan_out - first[Slot.DELIVERED],
                last[Slot.ACCEPTED] * fan_out - last[Slot.DELIVERED],
            ),
            cpu={name: after[name] - before[name] for name in roots},
        )

    def ceiling(self, client: str, size: int, connections: int, seconds: float) -> Window:
        """The receiver fed by a client alone."""
        self.begin_row()
        order = Loop(
            client=client, port=self.receiver.port, body=delivered_body(size), connections=connections
        )
        self.client.begin(order)
        time.sleep(seconds / 4)
        window = self.window(seconds)
        self.board[Slot.STOP] = 1
        self.client.end(Done)
        return window

    def bare(self, size: int, connections: int, seconds: float) -> Window:
        """The receiver fed by the publishers: the most that the harness itself can do."""
        self.begin_row()
        request = receiver_request(size)
        order = Closed(port=self.receiver.port, request=request, connections=connections, bare=True)
        self.publisher.begin(order)
        time.sleep(seconds / 4)
        window = self.window(seconds)
        self.stopped()
        return window

    def stopped(self) -> Published:
        """The publishers end, and tell."""
        self.board[Slot.STOP] = 1
        return self.publisher.end(Published)

    def begin_row(self) -> None:
        """Nothing of an earlier row counts any more."""
        self.receiver.ask(Forget(), Done)
        self.board.clear()

    def settled(self, paths: Sequence[Sequence[str]], expected: int, since: int = 0) -> Audited:
        """What was lost and repeated, once all has arrived or nothing more arrives."""
        audit = Audit(acknowledged=self.acknowledged, paths=tuple(tuple(kind) for kind in paths), since=since)
        seen, quiet_since = -1, time.monotonic()
        while time.monotonic() - quiet_since < self.patience:
            arrived = self.board[Slot.DELIVERED]
            if arrived != seen:
                seen, quiet_since = arrived, time.monotonic()
            if arrived >= expected:
                found = self.receiver.ask(audit, Audited)
                if not found.lost:
                    return found
            time.sleep(_SAMPLE)
        return self.receiver.ask(audit, Audited)

    def arrived(self, expected: int) -> int:
        """How many deliveries came, once all have or nothing more arrives."""
        seen, quiet_since = -1, time.monotonic()
        while seen < expected and time.monotonic() - quiet_since < self.patience:
            found = self.board[Slot.DELIVERED]
            if found != seen:
                seen, quiet_since = found, time.monotonic()
            time.sleep(_SAMPLE)
        return seen

    def _slots(self) -> dict[Slot, int]:
        return {slot: self.board[slot] for slot in Slot}


@contextmanager
def ready(folder: Path) -> Iterator[Rig]:
    board = Board.create()
    with ExitStack() as stack:
        receiver, publisher, client = (
            stack.enter_context(Child(f"benchmarks.{name}", board))
            for name in ("receiver", "publisher", "ceilings")
        )
        rig = Rig(board, receiver, publisher, client, folder / "acknowledged")
        stack.callback(Path(rig.acknowledged).unlink, missing_ok=True)
        yield rig
