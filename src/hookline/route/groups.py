"""Groups: which events share one commit, and when the next begins."""

from collections.abc import Callable, Iterator, Sequence

from hookline.errors import HooklineError, IdempotencyConflict
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

Matched = tuple[Draft, MatchResult]
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
    """What is committed together, in this order: mostly one event; of a batch, or a request that carries many, all of them."""

    __slots__ = ("check", "config", "parts", "receipt", "records", "rematches", "started", "whole")

    def __init__(
        self,
        parts: Sequence[Part],
        config: TenantConfig,
        *,
        started: float,
        check: Check | None,
        receipt: Receipt | None = None,
        records: tuple[Record, ...] = (),
    ) -> None:
        self.parts = self.whole = parts  # those that are not settled yet, and all
        self.config = config
        self.started = started
        self.check = check
        self.receipt = receipt
        self.records = records  # that they are saved with
        self.rematches = 0

    @property
    def indivisible(self) -> bool:
        """All of it or nothing: what a receipt or records tell of. Else each event is answered on its own."""
        return self.receipt is not None or bool(self.records)


def fail(part: Part, error: BaseException) -> None:
    if not part.answer.done():
        part.answer.set_exception(error)


def fail_all(entry: Entry, error: BaseException) -> None:
    for part in entry.parts:
        fail(part, error)


def group_size(queue: Sequence[Entry]) -> int:
    """How many of the first make one commit: many when they are small and go to few, one at least. Those that are saved
    with a record make other commits than those that are not.
    """
    size = deliveries = events = 0
    for number, entry in enumerate(queue[:MAX_GROUP]):
        if bool(entry.records) != bool(queue[0].records):
            return number
        events += len(entry.parts)
        for part in entry.parts:
            size += len(part.draft.data)
            deliveries += len(part.result.endpoint_ids)
        if _too_much(size, deliveries, events):
            return max(1, number)
    return MAX_GROUP


def portions(matched: Sequence[Matched]) -> Iterator[Sequence[Matched]]:
    """A batch, cut as `group_size` would: mostly all of it."""
    first = size = deliveries = 0
    for number, (draft, result) in enumerate(matched):
        size += len(draft.data)
        deliveries += len(result.endpoint_ids)
        if number > first and _too_much(size, deliveries, number - first + 1):
            yield matched[first:number]
            first, size, deliveries = number, len(draft.data), len(result.endpoint_ids)
    if matched:
        yield matched[first:]


def apart(group: Sequence[Entry]) -> list[Entry]:
    """Each event in an entry of its own, as far as they may be."""
    return [one for entry in group for one in _divided(entry)]


def _divided(entry: Entry) -> list[Entry]:
    if entry.indivisible:
        return [entry]
    return [Entry([part], entry.config, started=entry.started, check=entry.check) for part in entry.parts]


def _too_much(size: int, deliveries: int, events: int) -> bool:
    return size > MAX_GROUP_BYTES or deliveries > MAX_GROUP_DELIVERIES or events > MAX_GROUP


def next_is_due(queue: Sequence[Entry], running: int, storing: int) -> bool:
    """Beside `running` commits of `storing` events. An idle system commits at once; beside a large commit the next begins
    only when it is worth one.
    """
    if not queue or not running:
        return bool(queue)
    return running < PARALLEL and (storing < FEW or _worth_a_group(queue))


def _worth_a_group(queue: Sequence[Entry]) -> bool:
    return len(queue) >= WORTH_A_GROUP or sum([len(entry.parts) for entry in queue]) >= WORTH_A_GROUP


def matched_again(entry: Entry, match: Callable[[TenantConfig, Draft], MatchResult]) -> list[Part]:
    """The parts that may still be stored, in their order. Raises what forbids one of them where they are indivisible."""
    return [part for part in entry.parts if _matches_again(entry, part, match)]


def _matches_again(entry: Entry, part: Part, match: Callable[[TenantConfig, Draft], MatchResult]) -> bool:
    try:
        if entry.check is not None:
            entry.check(entry.config, part.draft)
        part.result = match(entry.config, part.draft)
    except HooklineError as error:
        if entry.indivisible:
            raise
        fail(part, error)
        return False
    return True


def key_conflict(other: EventId) -> IdempotencyConflict:
    return IdempotencyConflict(
        f"This idempotency key belongs to the event {other}, which has another body.",
        hint="Use a new key for a new event; repeat the same bytes to repeat an event.",
        field="idempotency_key",
    )
