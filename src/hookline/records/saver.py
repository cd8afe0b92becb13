"""Saver: a record's new state, the events that follow from it, and their deliveries, in one transaction."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any
from weakref import WeakValueDictionary

import msgspec

from hookline.clock import SECOND, Clock, Micros
from hookline.emissions_records import DeadlinePassed, RecordRuleFailed, RecordSaved
from hookline.errors import HooklineError, NotFound, RecordChanged
from hookline.model.ids import EventId, TenantId
from hookline.model.record import Change, Deadline, Fired, Record, RecordKey, RuleFailure
from hookline.model.record_rules import DeliveryStatus
from hookline.records.kinds import Kinds
from hookline.records.rules import Kind, State, equal
from hookline.route.draft import Draft
from hookline.route.filter import FilterInput
from hookline.route.publish import Publisher
from hookline.storage.directory import Directory, TenantConfig
from hookline.storage.records import Records
from hookline.telemetry import Telemetry

_TRIES = 20
"""Times that other nodes may save the same record meanwhile."""


class SavedEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    id: EventId
    type: str


class Saved(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of a save."""

    record: Record
    state: Mapping[str, Any]
    changed: bool
    """False: it was so before, and nothing was written."""
    events: tuple[SavedEvent, ...] = ()
    failures: tuple[RuleFailure, ...] = ()


Made = Callable[[State | None], State]
"""The state as it was, None for a record that is new, to the one that it has now. Raises NotFound, InvalidField."""


class Saver:
    def __init__(
        self,
        *,
        records: Records,
        publisher: Publisher,
        directory: Directory,
        kinds: Kinds,
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        self.kinds = kinds
        self._records = records
        self._publisher = publisher
        self._directory = directory
        self._clock = clock
        self._telemetry = telemetry
        self._turns: WeakValueDictionary[RecordKey, asyncio.Lock] = WeakValueDictionary()

    async def save(self, key: RecordKey, made: Made) -> Saved:
        """Raises what `made` raises, NotFound for a tenant that is gone, RecordChanged where others never stop saving
        it, Unavailable when nothing can be stored.
        """
        return await self._tried(
            key, lambda: self._save(key, lambda kind, before: kind.kept(before, made(before)))
        )

    async def tell_delivery(self, key: RecordKey, status: DeliveryStatus, error: str | None) -> None:
        """What became of the deliveries of one of its events, in the fields of it that say so. Makes no event.

        Raises NotFound where it was deleted meanwhile, RecordChanged, Unavailable.
        """

        def made(kind: Kind, before: State | None) -> State:
            if before is None:
                raise NotFound("The record was deleted meanwhile.")
            return kind.with_delivery(before, status, error)

        await self._tried(key, lambda: self._save(key, made))

    async def create(self, key: RecordKey, counter: RecordKey, made: Callable[[int], State]) -> Saved:
        """A new record that bears the next number of `counter`. Numbers have no gap: a number is taken in the transaction
        that stores its record and the events of it, one at least.
        """
        return await self._tried(counter, lambda: self._create(key, counter, made))

    async def _tried(self, key: RecordKey, work: Callable[[], Awaitable[Saved]]) -> Saved:
        """Again where another node was faster, alone on this one. Raises RecordChanged where that never ends."""
        async with self._alone(key):
            for _ in range(_TRIES - 1):
                with suppress(RecordChanged):
                    return await work()
            return await work()

    async def _create(self, key: RecordKey, counter: RecordKey, made: Callable[[int], State]) -> Saved:
        config, now = await self._config(key), self._clock.now()
        kind, known = self._kind(key, config), await self._records.find(counter)
        number = 1 if known is None else int(msgspec.json.decode(known.state)["last"]) + 1
        state = kind.kept(None, made(number))
        kind.check(state, key.id)
        change = kind.change(None, state, now=now)
        state = self._awaiting(config, kind, key, state, change.events)
        record = _new(key, state, now, due_at=next_due(change.deadlines))
        last = msgspec.json.encode({"last": number})
        taken = _new(counter, {"last": number}, now) if known is None else _next(known, {}, None, state=last)
        events = await self._stored(config, record, change.events, taken)
        self._tell(record, change, len(events))
        return Saved(record=record, state=state, changed=True, events=events, failures=change.failures)

    async def fire(self, key: RecordKey) -> int:
        """The events of those of its dates that have passed; returns how many. Another node may have done it before."""
        async with self._alone(key):
            known = await self._records.find(key)
            if known is None or known.due_at is None or known.due_at > self._clock.now():
                return 0
            try:
                return await self._fire(known)
            except (RecordChanged, NotFound):
                return 0

    async def _save(self, key: RecordKey, made: Callable[[Kind, State | None], State]) -> Saved:
        config = await self._config(key)
        kind = self._kind(key, config)
        known = await self._records.find(key)
        before: State | None = None if known is None else msgspec.json.decode(known.state)
        state = made(kind, before)
        kind.check(state, key.id)
        if known is not None and before is not None and equal(dict(before), dict(state)):
            return Saved(record=known, state=before, changed=False)
        now = self._clock.now()
        fired = {} if known is None else known.fired
        change = kind.change(before, state, now=now, fired=fired)
        state = self._awaiting(config, kind, key, state, change.events)
        record = Record(
            key=key,
            state=msgspec.json.encode(state),
            version=1 if known is None else known.version + 1,
            fired=fired,
            due_at=next_due(change.deadlines),
            created_at=now if known is None else known.created_at,
            updated_at=now,
        )
        events = await self._stored(config, record, change.events)
        self._tell(record, change, len(events))
        return Saved(record=record, state=state, changed=True, events=events, failures=change.failures)

    async def _fire(self, known: Record) -> int:
        key, now = known.key, self._clock.now()
        config = await self._config(key)
        kind = self.kinds.kind(key, _zone(config, key))
        if kind is None:  # the catalogue has it no more
            await self._records.save(_next(known, known.fired, None))
            return 0
        state = msgspec.json.decode(known.state)
        deadlines = kind.change(state, state, now=now, fired=known.fired).deadlines
        passed = [one for one in deadlines if one.due_at <= now]
        told = [kind.passed(one.name, state, now=now) for one in passed]
        made = [one for one in told if isinstance(one, Fired)]
        state = msgspec.json.encode(self._awaiting(config, kind, key, state, made))
        fired = {**known.fired, **{one.name: one.due_at for one in passed}}
        record = _next(known, fired, next_due([one for one in deadlines if one.due_at > now]), state)
        events = await self._stored(config, record, made)
        self._tell_passed(record, passed, now)
        self._tell_failures(record, [one for one in told if isinstance(one, RuleFailure)])
        return len(events)

    def _awaiting(
        self, config: TenantConfig, kind: Kind, key: RecordKey, state: State, events: Sequence[Fired]
    ) -> State:
        """`state`, saying that deliveries are to come where one of the events must reach somebody."""
        if kind.rules.delivery is None:
            return state
        matcher, now = self._publisher.matchers.of(config), self._clock.now()
        for one in events:
            given = FilterInput(type=one.type, data=one.data, tags=(), time=now)
            if matcher.match(given, key.system).endpoint_ids:
                return kind.with_delivery(state, DeliveryStatus.PENDING)
        return state

    async def _stored(
        self, config: TenantConfig, record: Record, events: Sequence[Fired], *more: Record
    ) -> tuple[SavedEvent, ...]:
        """`more`: what is saved with it, where there are events."""
        if not events:
            if not await self._records.save(record):
                raise RecordChanged("The record was changed by somebody else meanwhile.")
            return ()
        key = record.key
        drafts = [
            Draft(type=one.type, data=one.data, system=key.system, order_key=order_key_of(key))
            for one in events
        ]
        answers = self._publisher.begin_saving(config, drafts, (record, *more))
        await answers.all
        told = answers.told()
        for one in told:
            if isinstance(one, HooklineError):
                raise one
        return tuple(
            SavedEvent(id=one.event_id, type=draft.type)
            for one, draft in zip(told, drafts, strict=True)
            if not isinstance(one, HooklineError)
        )

    async def _config(self, key: RecordKey) -> TenantConfig:
        return self._directory.get(key.tenant_id) or await self._directory.at_least(key.tenant_id)

    def _kind(self, key: RecordKey, config: TenantConfig) -> Kind:
        kind = self.kinds.kind(key, _zone(config, key))
        if kind is None:
            raise NotFound(f"There are no records of the type {key.type} of {key.system}.")
        return kind

    @asynccontextmanager
    async def _alone(self, key: RecordKey) -> AsyncIterator[None]:
        """Saves of one record go one after another: of two at once, one would have to be made again."""
        turn = self._turns.get(key)
        if turn is None:
            turn = self._turns[key] = asyncio.Lock()
        async with turn:
            yield

    def _tell(self, record: Record, change: Change, events: int) -> None:
        key = record.key
        self._telemetry.emit(
            RecordSaved(tenant_id=key.tenant_id, system=key.system, type=key.type, events=events)
        )
        self._tell_failures(record, change.failures)

    def _tell_passed(self, record: Record, passed: Sequence[Deadline], now: int) -> None:
        key = record.key
        for one in passed:
            self._telemetry.emit(
                DeadlinePassed(
                    tenant_id=key.tenant_id,
                    system=key.system,
                    type=key.type,
                    record_id=key.id,
                    deadline=one.name,
                    late=(now - one.due_at) / SECOND,
                )
            )

    def _tell_failures(self, record: Record, failures: Sequence[RuleFailure]) -> None:
        key = record.key
        for one in failures:
            self._telemetry.emit(
                RecordRuleFailed(
                    tenant_id=key.tenant_id,
                    system=key.system,
                    type=key.type,
                    record_id=key.id,
                    rule=one.event,
                    reason=one.reason,
                )
            )


def order_key_of(key: RecordKey) -> str:
    """Of its events: they keep their order, and lead back to it."""
    return f"{key.type}:{key.id}"


def record_of(tenant_id: TenantId, system: str, order_key: str) -> RecordKey | None:
    """The record that an event of this order key may be one of."""
    type_, colon, id_ = order_key.partition(":")
    if not (system and colon):
        return None
    return RecordKey(tenant_id=tenant_id, system=system, type=type_, id=id_)


def next_due(deadlines: Sequence[Deadline]) -> Micros | None:
    return min((one.due_at for one in deadlines), default=None)


def _zone(config: TenantConfig, key: RecordKey) -> str:
    used = config.systems.get(key.system)
    return "" if used is None else used.zone


def _new(key: RecordKey, state: State, now: Micros, due_at: Micros | None = None) -> Record:
    body = msgspec.json.encode(state)
    return Record(key=key, state=body, version=1, due_at=due_at, created_at=now, updated_at=now)


def _next(
    known: Record, fired: Mapping[str, Micros], due_at: Micros | None, state: bytes | None = None
) -> Record:
    """The same state, unless another is given."""
    return msgspec.structs.replace(
        known,
        version=known.version + 1,
        fired=dict(fired),
        due_at=due_at,
        state=known.state if state is None else state,
    )
