"""Groups: which events share one commit, and when the next begins."""

from collections.abc import Callable, Sequence

from hookline.errors import IdempotencyConflict
from hookline.model.ids import EventId
from hookline.model.receipt import Receipt, ReceiptItem
from hookline.model.record import Record
from hookline.route.answers import Awaited
from hookline.route.draft import Draft
from hookline.route.match import MatchResult
from hookline.storage.directory import TenantConfig

MAX_GROUP = 1000
"""Events in one commit."""
MAX_GROUP_BYTES = 8 * 1024 * 1024
"""Of their data."""
MAX_GROUP_DELIVERIES = 10_000
"""Of which each may be a row."""
PARALLEL = 5
"""Commit groups in flight at once: while some wait for the disk or the network, others are worked on."""
WORTH_A_GROUP = 32
"""Events waiting for which another commit is begun beside one that runs: fewer gather until it ends."""
FEW = 8
"""Beside a commit of fewer events than this the next begins at once, however small: there is room for both, and on
SQLite they share a transaction if the first has not begun.
"""

Check = Callable[[TenantConfig, Draft], object]
"""Raises what the publisher shall hear. Asked again when the configuration has changed before the commit."""


class Part:
    """One event on its way to a commit."""

    __slots__ = ("answer", "draft", "item", "result")

    def __init__(self, draft: Draft, result: MatchResult, answer: Awaited) -> None:
        self.draft = draft
        self.result = result
        self.answer = answer
        self.item: ReceiptItem | None = None  # as it was offered last, where it came with a receipt


class Entry:
    """What is committed together: mostly one event; of a request that carries many, all of them."""

    __slots__ = ("batch", "check", "config", "parts", "receipt", "records", "rematches", "started", "whole")

    def __init__(
        self,
        parts: Sequence[Part],
        config: TenantConfig,
        *,
        started: float,
        check: Check | None,
        receipt: Receipt | None = None,
        records: tuple[Record, ...] = (),
        batch: object = None,
    ) -> None:
        self.parts = self.whole = parts  # those that are not settled yet, and all
        self.config = config
        self.started = started
        self.check = check
        self.receipt = receipt
        self.records = records  # that they are saved with
        self.batch = batch  # which its neighbours came with, in this order; None: it came alone
        self.rematches = 0


def fail(part: Part, error: BaseException) -> None:
    if not part.answer.done():
        part.answer.set_exception(error)


def fail_all(entry: Entry, error: BaseException) -> None:
    for part in entry.parts:
        fail(part, error)


def group_size(queue: Sequence[Entry]) -> int:
    """How many of the first make one commit: many when they are small and go to few, one at least. Those that are saved
    with a record make other commits than those that are not. What came as one batch stays together unless it is too
    large even alone: commits that run beside each other have no order.
    """
    size = deliveries = events = together = 0
    for number, entry in enumerate(queue[: MAX_GROUP + 1]):
        if bool(entry.records) != bool(queue[0].records):
            return number
        if entry.batch is None or entry.batch is not queue[number - 1].batch:
            together = number
        events += len(entry.parts)
        for part in entry.parts:
            size += len(part.draft.data)
            deliveries += len(part.result.endpoint_ids)
        if size > MAX_GROUP_BYTES or deliveries > MAX_GROUP_DELIVERIES or events > MAX_GROUP:
            return together or max(1, number)
    return len(queue)


def is_cut(group: Sequence[Entry], rest: Sequence[Entry]) -> bool:
    """Whether one batch is in both. Then `rest` waits: what is ordered keeps its order, and of equal keys the first is stored."""
    return bool(group and rest) and group[-1].batch is not None and group[-1].batch is rest[0].batch


def next_is_due(waiting: int, running: int, storing: int) -> bool:
    """`waiting` events, beside `running` commits of `storing` events. An idle system commits at once; beside a large
    commit the next begins only when it is worth one.
    """
    if not waiting or not running:
        return bool(waiting)
    return running < PARALLEL and (waiting >= WORTH_A_GROUP or storing < FEW)


def key_conflict(other: EventId) -> IdempotencyConflict:
    return IdempotencyConflict(
        f"This idempotency key belongs to the event {other}, which has another body.",
        hint="Use a new key for a new event; repeat the same bytes to repeat an event.",
        field="idempotency_key",
    )
