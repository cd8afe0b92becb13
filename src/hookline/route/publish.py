"""Publishing: a draft becomes an event and what it must reach, committed together with whoever else publishes now.

A commit needs no timer: while one runs, the next group gathers; an idle system commits at once. The committer,
not the caller, owns what follows: a caller that goes away changes nothing.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import assert_never

from hookline.clock import Clock, Micros
from hookline.emissions import EventDuplicate, EventReceived, FilterFailed, GroupCommitted
from hookline.errors import CommitUnknown, HooklineError, NotFound, Unavailable
from hookline.model.event import JSON, Event
from hookline.model.ids import EventId, Ids, NodeId, TenantId
from hookline.model.receipt import Receipt
from hookline.model.record import Record
from hookline.route.answers import Answers, Awaited, Gathered, answers_of
from hookline.route.draft import Draft, Hand, Published
from hookline.route.filter import FilterInput
from hookline.route.groups import (
    Check,
    Entry,
    Part,
    apart,
    fail,
    fail_all,
    group_size,
    key_conflict,
    matched_again,
    next_is_due,
    portions,
)
from hookline.route.match import MatchResult
from hookline.route.matchers import Matchers
from hookline.route.received import add_receipt
from hookline.route.saving import record_changed, savings_of
from hookline.route.slow_filters import SlowFilters, SwitchOff
from hookline.route.waiting import Waiting
from hookline.storage.directory import Directory, TenantConfig
from hookline.storage.ledger import (
    Accepted,
    Duplicate,
    Fate,
    Gone,
    KeyConflict,
    Ledger,
    Lost,
    Stale,
    Stored,
)
from hookline.telemetry import Telemetry

_REMATCHES = 20
"""Times that a configuration may change under one event before the caller is asked to come again."""


class Publisher:
    def __init__(
        self,
        *,
        ledger: Ledger,
        directory: Directory,
        hand: Hand,
        node: Callable[[], NodeId | None],
        ids: Ids,
        clock: Clock,
        telemetry: Telemetry,
        switch_off: SwitchOff,
        waiting: Waiting,
    ) -> None:
        self._ledger = ledger
        self._directory = directory
        self._hand = hand
        self._node = node
        self._ids = ids
        self._clock = clock
        self._telemetry = telemetry
        self._waiting = waiting
        self.matchers = Matchers()
        self._queue: list[Entry] = []
        self._commits: set[asyncio.Task[None]] = set()
        self._rematching: set[asyncio.Task[None]] = set()
        self._storing = 0  # events in them
        self._about_to = False  # a commit has been begun and takes what is queued in the loop's next turn
        self._slow_filters = SlowFilters(switch_off, clock, telemetry)

    async def publish(self, tenant: TenantId, draft: Draft, check: Check | None = None) -> Published:
        """Raises NotFound for a tenant that is gone, Unavailable when nothing can be stored."""
        config = self._directory.get(tenant) or await self._directory.at_least(tenant)
        return await self.begin(config, draft, check)

    def begin(
        self, config: TenantConfig, draft: Draft, check: Check | None = None
    ) -> asyncio.Future[Published]:
        """As `publish`, without waiting."""
        answer = asyncio.get_running_loop().create_future()
        self._enqueue(config, [(draft, answer)], check)
        return answer

    def begin_received(
        self, config: TenantConfig, drafts: Sequence[Draft], check: Check, receipt: Receipt
    ) -> Answers:
        """The events of one request, committed with its receipt, to which the items are added here."""
        answers = answers_of(len(drafts))
        self._enqueue(config, zip(drafts, answers.places, strict=True), check, receipt)
        return answers

    def begin_saving(
        self, config: TenantConfig, drafts: Sequence[Draft], records: tuple[Record, ...]
    ) -> Answers:
        """Committed together with the records. They raise RecordChanged where one has another version by now."""
        answers = answers_of(len(drafts))
        self._enqueue(config, zip(drafts, answers.places, strict=True), None, records=records)
        return answers

    async def publish_many(
        self, tenant: TenantId, drafts: Sequence[Draft], check: Check | None = None
    ) -> list[Published | HooklineError]:
        """Each is answered on its own. They are stored in their order: commits that run side by side have none, so a batch that
        is too large for one waits for each.
        """
        config = self._directory.get(tenant) or await self._directory.at_least(tenant)
        started, told = self._clock.monotonic(), list[Published | HooklineError]()
        for some in portions([(draft, self._match(config, draft)) for draft in drafts]):
            gathered = Gathered(len(some))
            parts = [Part(*one, place) for one, place in zip(some, gathered.places, strict=True)]
            self._add(Entry(parts, config, started=started, check=check))
            await gathered.all
            told += gathered.told()
        return told

    async def drain(self) -> None:
        """Wait until everything that was accepted is committed and handed over."""
        while self._commits or self._rematching or self._queue or self._slow_filters.tasks:
            under_way = (*self._commits, *self._rematching, *self._slow_filters.tasks)
            await asyncio.gather(*under_way, return_exceptions=True)
            await asyncio.sleep(0)

    def _match(self, config: TenantConfig, draft: Draft) -> MatchResult:
        matcher = self.matchers.of(config)
        plain = matcher.plain(draft.type, draft.system)
        if plain is not None:
            return plain
        at = draft.time if draft.time is not None else self._clock.now()
        data = draft.data if draft.content_type == JSON else b""
        given = FilterInput(type=draft.type, data=data, tags=draft.tags, time=at)
        result = matcher.match(given, draft.system)
        if result.failures:
            self._slow_filters.note(config, matcher.switched_off())
        return result

    def _enqueue(
        self,
        config: TenantConfig,
        drafts: Iterable[tuple[Draft, Awaited]],
        check: Check | None,
        receipt: Receipt | None = None,
        records: tuple[Record, ...] = (),
    ) -> None:
        parts = [Part(draft, self._match(config, draft), answer) for draft, answer in drafts]
        at = self._clock.monotonic()
        self._add(Entry(parts, config, started=at, check=check, receipt=receipt, records=records))

    def _add(self, entry: Entry) -> None:
        self._queue.append(entry)
        self._start_if_due()

    def _start_if_due(self) -> None:
        if not self._about_to and next_is_due(self._queue, len(self._commits), self._storing):
            self._start()

    def _start(self) -> None:
        self._about_to = True
        task = asyncio.get_running_loop().create_task(self._commit_next())
        self._commits.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._commits.discard(task)
        self._about_to = self._about_to and not task.cancelled()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._telemetry.fault("publisher", error)
        self._start_if_due()

    async def _commit_next(self) -> None:
        self._about_to = False
        size = group_size(self._queue)
        group, self._queue = self._queue[:size], self._queue[size:]
        events = sum([len(entry.parts) for entry in group])
        self._storing += events
        self._start_if_due()
        try:
            if group:
                await self._commit(group)
        finally:
            self._storing -= events

    async def _commit(self, group: Sequence[Entry]) -> None:
        begun = self._clock.monotonic()
        accepted: list[Accepted] = []
        try:
            now = self._clock.now()
            for entry in group:
                self._accept(entry, accepted, begun, now)
            fates = await self._store(group, accepted)
        except HooklineError as error:
            self._failed(group, accepted, error)
            return
        except Exception as error:
            alone = apart(group)
            if len(alone) == 1:
                self._failed(group, accepted, error)
                raise
            self._failed((), accepted, error)
            await self._one_by_one(alone)
            return
        except BaseException as error:
            self._failed(group, accepted, error)
            raise
        ended = self._clock.monotonic()
        told = iter(zip(accepted, fates, strict=True))
        for entry in group:
            self._settle_entry(entry, islice(told, len(entry.parts)), ended)
        self._telemetry.emit(GroupCommitted(work="publish", rows=len(accepted), seconds=ended - begun))

    async def _store(self, group: Sequence[Entry], accepted: Sequence[Accepted]) -> Sequence[Fate]:
        if group[0].records:
            told = await self._ledger.save(self._node(), savings_of(group, accepted))
            return [fate for fates in told for fate in fates]
        return await self._ledger.publish(self._node(), accepted)

    def _settle_entry(self, entry: Entry, told: Iterable[tuple[Accepted, Fate]], ended: float) -> None:
        stale: list[Part] = []
        for part, (accepted, fate) in zip(entry.parts, told, strict=True):
            try:
                if self._settle(entry, part, accepted, fate, ended):
                    stale.append(part)
            except Exception as error:  # noqa: BLE001  its neighbours are stored too, and must be sent and answered
                self._telemetry.fault("publisher", error)
                fail(part, error)
        if stale:
            entry.parts = stale
            self._rematch(entry)

    async def _one_by_one(self, group: Sequence[Entry]) -> None:
        """The database takes no part of this group because of one of its events: its neighbours must not suffer."""
        for entry in group:
            try:
                await self._commit([entry])
            except Exception as error:  # noqa: BLE001  its caller has heard
                self._telemetry.fault("publisher", error)

    def _accept(self, entry: Entry, accepted: list[Accepted], begun: float, now: Micros) -> None:
        """Ids are given here, not before: an event's id is never below a watermark that was written without it."""
        first = len(accepted)
        # One by one: what was reserved for the first must be known if the second fails.
        accepted.extend(self._accept_part(entry.config, part, begun, now) for part in entry.parts)
        if entry.receipt is not None:
            add_receipt(entry, entry.receipt, accepted, first)

    def _accept_part(self, config: TenantConfig, part: Part, begun: float, now: Micros) -> Accepted:
        draft, matched, failures = part.draft, part.result.endpoint_ids, part.result.failures
        event = Event(
            id=self._ids.event(now),
            tenant_id=config.tenant_id,
            type=draft.type,
            data=draft.data,
            content_type=draft.content_type,
            time=draft.time if draft.time is not None else now,
            accepted_at=now,
            idempotency_key=draft.idempotency_key,
            fingerprint=draft.fingerprint() if draft.idempotency_key is not None else b"",
            order_key=draft.order_key,
            tags=draft.tags,
            matched=matched,
            failures={one.endpoint_id: one.reason for one in failures},
            origin=draft.origin,
            system=draft.system,
        )
        endpoints = [config.endpoints[endpoint_id] for endpoint_id in matched]
        promised = self._hand.reserve(endpoints, begun, now) if endpoints else ()
        in_hand = tuple([position for position, yes in enumerate(promised) if yes])
        waiting = [
            self._waiting.delivery(event, position, endpoints[position])
            for position, yes in enumerate(promised)
            if not yes
        ]
        if in_hand:
            self._hand.begin(event.id, len(in_hand))
        return Accepted(
            event=event,
            version=config.version,
            in_hand=in_hand,
            waiting=tuple(waiting),
            key_life=draft.key_life,
        )

    def _settle(self, entry: Entry, part: Part, accepted: Accepted, fate: Fate, ended: float) -> bool:
        """True: it was not stored, and must be matched again."""
        if not isinstance(fate, Stored) and accepted.in_hand:
            self._hand.abandon(accepted.event, accepted.in_hand)
        match fate:
            case Stored():
                self._stored(part, accepted, ended - entry.started)
            case Duplicate(other):
                self._duplicate(part, accepted.event, other)
            case KeyConflict(other):
                fail(part, key_conflict(other))
            case Stale():
                return True
            case Lost():
                fail(part, record_changed())
            case Gone():
                self._directory.forget(entry.config.tenant_id)
                fail(part, NotFound("There is no such tenant."))
            case _:
                assert_never(fate)
        return False

    def _stored(self, part: Part, accepted: Accepted, seconds: float) -> None:
        event = accepted.event
        if accepted.in_hand:
            self._hand.hand_over(event, accepted.in_hand)
        if accepted.waiting:
            self._hand.waiting(accepted.waiting)
        if not part.answer.done():
            part.answer.set_result(
                Published(event_id=event.id, matched=event.matched, failures=event.failures)
            )
        self._telemetry.emit(
            EventReceived(
                tenant_id=event.tenant_id,
                event_id=event.id,
                type=event.type,
                size=len(event.data),
                matched=len(event.matched),
                seconds=seconds,
            )
        )
        for failure in part.result.failures:
            self._telemetry.emit(
                FilterFailed(
                    tenant_id=event.tenant_id,
                    event_id=event.id,
                    endpoint_id=failure.endpoint_id,
                    type=event.type,
                    reason=failure.reason,
                )
            )

    def _duplicate(self, part: Part, event: Event, other: EventId) -> None:
        self._telemetry.emit(EventDuplicate(tenant_id=event.tenant_id, event_id=other, type=event.type))
        if not part.answer.done():
            part.answer.set_result(Published(event_id=other, duplicate=True))

    def _failed(self, group: Sequence[Entry], accepted: Sequence[Accepted], error: BaseException) -> None:
        """Nothing was stored, or nobody knows. Either way each caller hears that it must come again."""
        known = isinstance(error, Exception) and not isinstance(error, CommitUnknown)
        settle = self._hand.abandon if known else self._hand.doubt
        for one in accepted:
            if one.in_hand:
                settle(one.event, one.in_hand)
        for entry in group:
            fail_all(entry, error)

    def _rematch(self, entry: Entry) -> None:
        """The configuration changed between match and commit: match again, in a later group."""
        entry.rematches += 1
        if entry.rematches > _REMATCHES:
            detail = "The configuration of this tenant changes faster than events can be matched."
            fail_all(entry, Unavailable(detail, hint="Publish again with the same idempotency key."))
            return
        task = asyncio.get_running_loop().create_task(self._match_again(entry))
        self._rematching.add(task)
        task.add_done_callback(self._rematched)

    def _rematched(self, task: "asyncio.Task[None]") -> None:
        self._rematching.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._telemetry.fault("publisher", error)
        self._start_if_due()

    async def _match_again(self, entry: Entry) -> None:
        try:
            tenant, version = entry.config.tenant_id, entry.config.version
            entry.config = await self._directory.at_least(tenant, version + 1)
            entry.parts = matched_again(entry, self._match)
        except HooklineError as error:
            fail_all(entry, error)
        except BaseException as error:
            fail_all(entry, error)
            raise
        else:
            self._queue += [entry] if entry.parts else []
