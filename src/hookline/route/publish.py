"""Publishing: a draft becomes an event and what it must reach, committed together with whoever else publishes now.

A commit needs no timer: while one runs, the next group gathers; an idle system commits at once. The committer,
not the caller, owns what follows: a caller that goes away changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import assert_never

from hookline.clock import Clock, Micros
from hookline.emissions import EventDuplicate, EventReceived, FilterFailed, FilterSwitchedOff, GroupCommitted
from hookline.errors import CommitUnknown, HooklineError, IdempotencyConflict, NotFound, Unavailable
from hookline.model.endpoint import Endpoint
from hookline.model.event import JSON, Event
from hookline.model.ids import EndpointId, EventId, Ids, NodeId, TenantId
from hookline.route.answers import Awaited, Gathered
from hookline.route.draft import Draft, Hand, Published
from hookline.route.filter import FilterInput
from hookline.route.groups import Check, Entry, group_size, next_is_due
from hookline.route.match import Matcher, MatchResult, Route
from hookline.route.waiting import waiting_delivery
from hookline.storage.directory import Directory, TenantConfig
from hookline.storage.ledger import Accepted, Duplicate, Fate, Gone, KeyConflict, Ledger, Stale, Stored
from hookline.telemetry import Telemetry

MAX_MATCHERS = 10_000
_REMATCHES = 20
"""Times that a configuration may change under one event before the caller is asked to come again."""


SwitchOff = Callable[[Endpoint, str, Micros], Awaitable[bool]]
"""Keep a filter from running, for this reason; False when it is off already, or another one by now."""


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
    ) -> None:
        self._ledger = ledger
        self._directory = directory
        self._hand = hand
        self._node = node
        self._ids = ids
        self._clock = clock
        self._telemetry = telemetry
        self._matchers: dict[TenantId, tuple[int, Matcher]] = {}
        self._queue: list[Entry] = []
        self._commits: set[asyncio.Task[None]] = set()
        self._rematching: set[asyncio.Task[None]] = set()
        self._storing = 0  # events in them
        self._about_to = False  # a commit has been begun and takes what is queued in the loop's next turn
        self._switch_off = switch_off
        self._switching: dict[tuple[TenantId, EndpointId], asyncio.Task[None]] = {}

    async def publish(self, tenant: TenantId, draft: Draft, check: Check | None = None) -> Published:
        """Raises IdempotencyConflict, NotFound for a tenant that is gone, Unavailable when nothing can be stored."""
        config = self._directory.get(tenant) or await self._directory.at_least(tenant)
        return await self.begin(config, draft, check)

    def begin(
        self, config: TenantConfig, draft: Draft, check: Check | None = None
    ) -> asyncio.Future[Published]:
        """As `publish`, without waiting."""
        answer: asyncio.Future[Published] = asyncio.get_running_loop().create_future()
        self._enqueue(config, draft, check, answer)
        return answer

    async def publish_many(
        self, tenant: TenantId, drafts: Sequence[Draft], check: Check | None = None
    ) -> list[Published | HooklineError]:
        """Each is answered on its own; all of them share few commits."""
        config = self._directory.get(tenant) or await self._directory.at_least(tenant)
        gathered = Gathered(len(drafts))
        for index, draft in enumerate(drafts):
            self._enqueue(config, draft, check, gathered.place(index))
        await gathered.all
        return gathered.told()

    def matcher(self, config: TenantConfig) -> Matcher:
        known = self._matchers.get(config.tenant_id)
        if known is not None and known[0] == config.version:
            return known[1]
        matcher = Matcher([_route(endpoint) for endpoint in config.endpoints.values()])
        if len(self._matchers) >= MAX_MATCHERS:
            self._matchers.clear()
        self._matchers[config.tenant_id] = (config.version, matcher)
        return matcher

    async def drain(self) -> None:
        """Wait until everything that was accepted is committed and handed over."""
        while self._commits or self._rematching or self._queue or self._switching:
            under_way = (*self._commits, *self._rematching, *self._switching.values())
            await asyncio.gather(*under_way, return_exceptions=True)
            await asyncio.sleep(0)

    def _match(self, config: TenantConfig, draft: Draft) -> MatchResult:
        matcher = self.matcher(config)
        plain = matcher.plain(draft.type)
        if plain is not None:
            return plain
        at = draft.time if draft.time is not None else self._clock.now()
        data = draft.data if draft.content_type == JSON else b""
        result = matcher.match(FilterInput(type=draft.type, data=data, tags=draft.tags, time=at))
        if result.failures:
            self._note_off(config, matcher)
        return result

    def _note_off(self, config: TenantConfig, matcher: Matcher) -> None:
        """A filter that was switched off for its slowness stays so under the next configuration, on every node."""
        for endpoint_id, reason in matcher.switched_off().items():
            endpoint = config.endpoints[EndpointId(endpoint_id)]
            key = (config.tenant_id, endpoint.id)
            if not endpoint.filter_off and key not in self._switching:
                self._switching[key] = asyncio.get_running_loop().create_task(
                    self._store_off(key, endpoint, reason)
                )

    async def _store_off(self, key: tuple[TenantId, EndpointId], endpoint: Endpoint, reason: str) -> None:
        try:
            if await self._switch_off(endpoint, reason, self._clock.now()):
                self._telemetry.emit(
                    FilterSwitchedOff(tenant_id=key[0], endpoint_id=endpoint.id, reason=reason)
                )
        except HooklineError:
            pass  # the next event that it fails on tries again
        except Exception as error:  # noqa: BLE001  told; publishing goes on
            self._telemetry.fault("publisher", error)
        finally:
            del self._switching[key]

    def _enqueue(self, config: TenantConfig, draft: Draft, check: Check | None, answer: Awaited) -> None:
        result, started = self._match(config, draft), self._clock.monotonic()
        self._queue.append(Entry(draft, config, result=result, started=started, check=check, answer=answer))
        self._start_if_due()

    def _start_if_due(self) -> None:
        if not self._about_to and next_is_due(len(self._queue), len(self._commits), self._storing):
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
        self._storing += len(group)
        self._start_if_due()
        try:
            if group:
                await self._commit(group)
        finally:
            self._storing -= len(group)

    async def _commit(self, group: Sequence[Entry]) -> None:
        begun = self._clock.monotonic()
        accepted: list[Accepted] = []
        try:
            accepted.extend(map(self._accept, group))
            fates = await self._ledger.publish(self._node(), accepted)
        except HooklineError as error:
            self._failed(group, accepted, error)
            return
        except Exception as error:
            if len(group) == 1:
                self._failed(group, accepted, error)
                raise
            self._failed((), accepted, error)
            await self._one_by_one(group)
            return
        except BaseException as error:
            self._failed(group, accepted, error)
            raise
        for entry, one, fate in zip(group, accepted, fates, strict=True):
            try:
                self._settle(entry, one, fate)
            except Exception as error:  # noqa: BLE001  its neighbours are stored too, and must be sent and answered
                self._telemetry.fault("publisher", error)
                _fail(entry, error)
        seconds = self._clock.monotonic() - begun
        self._telemetry.emit(GroupCommitted(work="publish", rows=len(group), seconds=seconds))

    async def _one_by_one(self, group: Sequence[Entry]) -> None:
        """The database takes no part of this group because of one of its events: its neighbours must not suffer."""
        for entry in group:
            try:
                await self._commit([entry])
            except Exception as error:  # noqa: BLE001  its caller has heard
                self._telemetry.fault("publisher", error)

    def _accept(self, entry: Entry) -> Accepted:
        """Ids are given here, not before: an event's id is never below a watermark that was written without it."""
        draft, config, now = entry.draft, entry.config, self._clock.now()
        matched = tuple(map(EndpointId, entry.result.endpoint_ids))
        event = Event(
            id=self._ids.event(),
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
            failures={failure.endpoint_id: failure.reason for failure in entry.result.failures},
        )
        endpoints = [config.endpoints[endpoint_id] for endpoint_id in matched]
        promised = self._hand.reserve(endpoints) if endpoints else ()
        in_hand = tuple([position for position, yes in enumerate(promised) if yes])
        waiting = [
            waiting_delivery(event, position, endpoints[position])
            for position, yes in enumerate(promised)
            if not yes
        ]
        if in_hand:
            self._hand.begin(event.id, len(in_hand))
        return Accepted(event=event, version=config.version, in_hand=in_hand, waiting=tuple(waiting))

    def _settle(self, entry: Entry, accepted: Accepted, fate: Fate) -> None:
        if not isinstance(fate, Stored) and accepted.in_hand:
            self._hand.abandon(accepted.event, accepted.in_hand)
        match fate:
            case Stored():
                self._stored(entry, accepted)
            case Duplicate(other):
                self._duplicate(entry, accepted.event, other)
            case KeyConflict(other):
                _fail(entry, _key_conflict(other))
            case Stale():
                self._rematch(entry)
            case Gone():
                self._directory.forget(entry.config.tenant_id)
                _fail(entry, NotFound("There is no such tenant."))
            case _:
                assert_never(fate)

    def _stored(self, entry: Entry, accepted: Accepted) -> None:
        event = accepted.event
        if accepted.in_hand:
            self._hand.hand_over(event, accepted.in_hand)
        if accepted.waiting:
            self._hand.waiting(accepted.waiting)
        if not entry.answer.done():
            entry.answer.set_result(
                Published(event_id=event.id, matched=event.matched, failures=event.failures)
            )
        self._telemetry.emit(
            EventReceived(
                tenant_id=event.tenant_id,
                event_id=event.id,
                type=event.type,
                size=len(event.data),
                matched=len(event.matched),
                seconds=self._clock.monotonic() - entry.started,
            )
        )
        for failure in entry.result.failures:
            self._telemetry.emit(
                FilterFailed(
                    tenant_id=event.tenant_id,
                    event_id=event.id,
                    endpoint_id=failure.endpoint_id,
                    type=event.type,
                    reason=failure.reason,
                )
            )

    def _duplicate(self, entry: Entry, event: Event, other: EventId) -> None:
        self._telemetry.emit(EventDuplicate(tenant_id=event.tenant_id, event_id=other, type=event.type))
        if not entry.answer.done():
            entry.answer.set_result(Published(event_id=other, duplicate=True))

    def _failed(self, group: Sequence[Entry], accepted: Sequence[Accepted], error: BaseException) -> None:
        """Nothing was stored, or nobody knows. Either way each caller hears that it must come again."""
        known = isinstance(error, Exception) and not isinstance(error, CommitUnknown)
        settle = self._hand.abandon if known else self._hand.doubt
        for one in accepted:
            if one.in_hand:
                settle(one.event, one.in_hand)
        for entry in group:
            _fail(entry, error)

    def _rematch(self, entry: Entry) -> None:
        """The configuration changed between match and commit: match again, in a later group."""
        entry.rematches += 1
        if entry.rematches > _REMATCHES:
            detail = "The configuration of this tenant changes faster than events can be matched."
            _fail(entry, Unavailable(detail, hint="Publish again with the same idempotency key."))
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
            if entry.check is not None:
                entry.check(entry.config, entry.draft)
            entry.result = self._match(entry.config, entry.draft)
        except HooklineError as error:
            _fail(entry, error)
        except BaseException as error:
            _fail(entry, error)
            raise
        else:
            self._queue.append(entry)


def _route(endpoint: Endpoint) -> Route:
    return Route(
        endpoint_id=endpoint.id,
        patterns=endpoint.events,
        filter=endpoint.filter,
        filter_off=endpoint.filter_off,
        active=endpoint.active,
    )


def _key_conflict(other: EventId) -> IdempotencyConflict:
    return IdempotencyConflict(
        f"This idempotency key belongs to the event {other}, which has another body.",
        hint="Use a new key for a new event; repeat the same bytes to repeat an event.",
        field="idempotency_key",
    )


def _fail(entry: Entry, error: BaseException) -> None:
    if not entry.answer.done():
        entry.answer.set_exception(error)
