"""Publish: the two hot routes, plain ASGI functions. A 202 is on disk."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from hookline.api.auth import Auth, Caller
from hookline.api.body import decode_body, decode_guarded, empty_body
from hookline.api.envelope import BATCH, DATA_CHOICE, EVENT, BatchIn, EventIn, draft_of
from hookline.api.openapi import HotRoute
from hookline.api.parts import Parts
from hookline.api.problem import Answer, Problem, RawHeaders, problem_of
from hookline.api.reading import Receive, Scope, header_values, read_body
from hookline.api.rules import Rule
from hookline.api.schemas import Schemas
from hookline.api.systems import system_named, unknown_event
from hookline.errors import HooklineError, InvalidField, Overloaded, SchemaMismatch
from hookline.model.api_key import Scope as KeyScope
from hookline.model.event import JSON
from hookline.model.event_type import Enforcement, EventType
from hookline.model.ids import EndpointId, EventId, TenantId
from hookline.model.json import nearest
from hookline.route.draft import Draft, Published
from hookline.storage.directory import TenantConfig

LARGE = 20_000
"""Bytes of data above which receivers begin to refuse; Standard Webhooks advises to stay below."""
_WANTED = (b"authorization", b"hookline-tenant", b"idempotency-key")
_JSON_TYPE = (b"content-type", b"application/json")


class Warned(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something to mend, though the event was accepted."""

    code: str
    detail: str


class EventAccepted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The event is stored, and with it the deliveries to every endpoint that it matched."""

    id: EventId
    duplicate: bool
    """The idempotency key was used before with the same content: `id` is that event's."""
    matched: tuple[EndpointId, ...]
    """Empty for a duplicate: what the first one matched stands in the event."""
    warnings: tuple[Warned, ...]


class BatchItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What became of one event of a batch: `event` or `problem`."""

    status: int
    event: EventAccepted | None = None
    problem: Problem | None = None


class BatchAccepted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An answer for each event, in order."""

    items: list[BatchItem]


UnderWay = tuple[asyncio.Future[Published], Callable[[Published], Answer]]
"""An event on its way to its commit, and how to answer when it is there."""

_encode = msgspec.json.Encoder().encode


class Publishing:
    def __init__(self, parts: Parts, auth: Auth) -> None:
        self._publisher = parts.publisher
        self._directory = parts.directory
        self._shedder = parts.shedder
        self._settings = parts.settings
        self._systems = parts.systems
        self._auth = auth
        self._schemas = Schemas()
        self._current = parts.config

    async def one(self, scope: Scope, receive: Receive) -> Answer:
        """`POST /v1/events`: 202, for a repeat of an idempotency key too."""
        authorization, tenant_name, key = header_values(scope, _WANTED)
        caller = await self._caller(authorization, tenant_name)
        body = await read_body(scope, receive, self._settings.body_limit)
        draft = draft_of(decode_body(body, EVENT), key)
        config = await self._config(caller.tenant)
        config, warnings = await self._checked(config, draft)
        published = await self._publisher.publish(caller.tenant, draft, self._check)
        return _answer(published, config, draft.type, warnings)

    def at_once(self, scope: Scope, body: bytes) -> UnderWay | None:
        """As `one`, where all that it asks for is at hand; None: ask `one`. Raises what is the caller's fault."""
        authorization, tenant_name, key = header_values(scope, _WANTED)
        known = self._auth.known(authorization, tenant_name, KeyScope.PUBLISH)
        if known is None or known.tenant_id is None or len(body) > self._settings.body_limit:
            return None
        config = self._directory.get(known.tenant_id)
        if config is None or self._shedder.shed(known.tenant_id) is not None:
            return None
        draft = draft_of(decode_body(body, EVENT), key)
        try:
            warnings = self._check(config, draft)
        except SchemaMismatch:
            return None  # of yesterday's schema, perhaps
        under_way = self._publisher.begin(config, draft, self._check)
        return under_way, lambda published: _answer(published, config, draft.type, warnings)

    async def many(self, scope: Scope, receive: Receive) -> Answer:
        """`POST /v1/events/batch`: 202 whatever became of each; the items tell."""
        authorization, tenant_name, _ = header_values(scope, _WANTED)
        caller = await self._caller(authorization, tenant_name)
        body = await read_body(scope, receive, self._settings.batch_limit)
        if not body:
            raise empty_body()
        events = decode_guarded(body, BATCH).events  # each of them is guarded when it is read
        if len(events) > self._settings.batch_events:
            raise InvalidField(
                f"A batch holds at most {self._settings.batch_events} events; this one has {len(events)}.",
                hint="Send several batches.",
                field="events",
            )
        config = await self._config(caller.tenant)
        read = self._read_all(config, events)
        if any(isinstance(one, SchemaMismatch) for one in read):
            current = await self._current(caller.tenant)
            read = read if current.version == config.version else self._read_all(current, events)
        drafts = [one[0] for one in read if not isinstance(one, HooklineError)]
        told = iter(await self._publisher.publish_many(caller.tenant, drafts, self._check))
        items = [_item(one) if isinstance(one, HooklineError) else _item(next(told), one[1]) for one in read]
        return Answer(202, [_JSON_TYPE], _encode(BatchAccepted(items=items)))

    async def _caller(self, authorization: bytes, tenant_name: bytes) -> Caller:
        caller = await self._auth.caller(authorization, tenant_name, KeyScope.PUBLISH)
        wait = self._shedder.shed(caller.tenant)
        if wait is not None:
            raise overloaded(wait)
        return caller

    async def _config(self, tenant: TenantId) -> TenantConfig:
        return self._directory.get(tenant) or await self._directory.at_least(tenant)

    async def _checked(self, config: TenantConfig, draft: Draft) -> tuple[TenantConfig, tuple[Warned, ...]]:
        """Nothing is refused by a schema of yesterday: another node may have changed it since."""
        try:
            return config, self._check(config, draft)
        except SchemaMismatch:
            current = await self._current(config.tenant_id)
            if current.version == config.version:
                raise
            return current, self._check(current, draft)

    def _read_all(
        self, config: TenantConfig, events: Sequence[msgspec.Raw]
    ) -> list[tuple[Draft, tuple[Warned, ...]] | HooklineError]:
        return [self._read(config, position, bytes(raw)) for position, raw in enumerate(events)]

    def _read(
        self, config: TenantConfig, position: int, raw: bytes
    ) -> tuple[Draft, tuple[Warned, ...]] | HooklineError:
        """An event of a batch, or why it is refused."""
        try:
            if len(raw) > self._settings.body_limit:
                raise InvalidField(
                    f"The event is larger than {self._settings.body_limit} bytes.",
                    hint="One event of a batch may be as large as one published alone.",
                )
            given: EventIn = decode_body(raw, EVENT)
            draft = draft_of(given)
            return draft, self._check(config, draft)
        except HooklineError as error:
            place = f"events[{position}]"
            error.field = f"{place}.{error.field}" if error.field else place
            return error

    def _check(self, config: TenantConfig, draft: Draft) -> tuple[Warned, ...]:
        """Against the catalogue of event types. Raises SchemaMismatch where its schema is enforced."""
        if not config.event_types and len(draft.data) <= LARGE and not draft.system:
            return ()
        warnings = self._check_system(draft) if draft.system else []
        if len(draft.data) > LARGE:
            warnings.append(_large(len(draft.data)))
        known = config.event_types.get(draft.type)
        if known is not None:
            warnings += self._check_type(known, draft)
        elif config.event_types and not draft.system:
            warnings.append(_unknown_type(draft.type, config))
        return tuple(warnings)

    def _check_system(self, draft: Draft) -> list[Warned]:
        """Raises InvalidField for a system that there is not."""
        system = system_named(draft.system, self._systems)
        if draft.type in system.events:
            return []
        return [Warned(code="unknown_type", detail=" ".join(unknown_event(draft.type, system)))]

    def _check_type(self, known: EventType, draft: Draft) -> list[Warned]:
        warnings = []
        if known.deprecated:
            warnings.append(Warned(code="deprecated", detail=f"The event type {known.name} is deprecated."))
        if known.enforcement is not Enforcement.OFF and draft.content_type == JSON:
            mismatch = self._schemas.mismatch(known, draft.data)
            if mismatch is not None and known.enforcement is Enforcement.ENFORCE:
                raise mismatch
            if mismatch is not None:
                warnings.append(Warned(code=mismatch.code, detail=mismatch.detail))
        return warnings


def _answer(published: Published, config: TenantConfig, name: str, warnings: tuple[Warned, ...]) -> Answer:
    accepted = _accepted(published, warnings)
    return Answer(202, _headers(accepted, config, name), _encode(accepted))


def _accepted(published: Published, warnings: tuple[Warned, ...]) -> EventAccepted:
    if published.failures:
        failed = (
            Warned(code="filter_failed", detail=f"{endpoint}: {reason}")
            for endpoint, reason in published.failures.items()
        )
        warnings = (*warnings, *failed)
    return EventAccepted(
        id=published.event_id,
        duplicate=published.duplicate,
        matched=published.matched,
        warnings=warnings,
    )


def _headers(accepted: EventAccepted, config: TenantConfig, name: str) -> RawHeaders:
    if not accepted.warnings:
        return [_JSON_TYPE]
    known = config.event_types.get(name)
    if known is None or not known.deprecated:
        return [_JSON_TYPE]
    since = known.updated_at // 1_000_000
    return [_JSON_TYPE, (b"deprecation", f"@{since}".encode())]  # RFC 9745


def _item(told: Published | HooklineError, warnings: tuple[Warned, ...] = ()) -> BatchItem:
    if isinstance(told, HooklineError):
        return BatchItem(status=told.status, problem=problem_of(told))
    return BatchItem(status=202, event=_accepted(told, warnings))


def _large(size: int) -> Warned:
    return Warned(
        code="large_data", detail=f"The data has {size} bytes; some receivers refuse above {LARGE}."
    )


def _unknown_type(name: str, config: TenantConfig) -> Warned:
    meant = nearest(name, config.event_types)
    rest = f" Did you mean {meant}?" if meant else ""
    return Warned(code="unknown_type", detail=f"The event type {name} is not in the catalogue.{rest}")


def overloaded(seconds: int) -> Overloaded:
    error = Overloaded(
        "More deliveries wait than the operator allows.",
        hint="Come again later; the same idempotency key keeps the event from being stored twice.",
    )
    error.retry_after = seconds
    return error


_KEY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "As the field `idempotency_key`; both and different are refused.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
ONE = HotRoute(
    path="/v1/events",
    name="publish_event",
    doc="Publish an event.\n\n202: it is stored, and so is what it must reach. A repeat of an idempotency key "
    "answers 202 too, with `duplicate: true`.",
    rule=Rule(scope=KeyScope.PUBLISH, body=EventIn, conflicts=True),
    answer=EventAccepted,
    parameters=(_KEY_HEADER,),
    body_schema=DATA_CHOICE,
)
MANY = HotRoute(
    path="/v1/events/batch",
    name="publish_batch",
    doc="Publish many events, each answered on its own.\n\nThe answer is 202 whatever became of each: "
    "look at the `status` of every item. One bad event harms no other. Up to 1,000 by default.",
    rule=Rule(scope=KeyScope.PUBLISH, body=BatchIn),
    answer=BatchAccepted,
)
