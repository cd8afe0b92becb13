"""Stepwise: attempts of more than one step. Templates are rendered in threads of their own; the requests of one attempt follow
one another, and have the endpoint's timeout together.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Protocol

import msgspec

from hookline.clock import Micros
from hookline.deliver.authorized import send_authorized
from hookline.deliver.renderers import Renderers
from hookline.deliver.target import Target
from hookline.deliver.templated import Plain
from hookline.deliver.tokens import Tokens
from hookline.deliver.variables import data_of
from hookline.deliver.verdict import Asked, Talk, Verdict
from hookline.model.attempt import Cause, Exchange
from hookline.model.cases import Case, Cases
from hookline.model.event import Event
from hookline.model.ids import EndpointId, TenantId
from hookline.model.remote import Remote
from hookline.net.client import Client, Request, Sending
from hookline.telemetry import Telemetry

_LOST = Exchange(cause=Cause.INTERRUPTED, detail="the lease ran out between two requests")


def _always() -> bool:
    return True


class KnownRemotes(Protocol):
    async def find(self, tenant_id: TenantId, endpoint_id: EndpointId, case: str) -> Remote | None: ...


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be tried."""

    event: Event
    attempt: int
    now: Micros
    alone: bool = False
    """A test: what is there of the event's case is left alone, and so are the access tokens that there are."""
    body: bytes | None = None
    timeout: float | None = None
    """Seconds, in the place of the endpoint's."""
    mine: Callable[[], bool] = _always
    """Whether the delivery is still this node's to send: asked before each request."""


class Stepwise:
    def __init__(
        self,
        *,
        client: Client,
        tokens: Tokens,
        remotes: KnownRemotes,
        cases: Cases,
        telemetry: Telemetry,
    ) -> None:
        self._client = client
        self._tokens = tokens
        self._remotes = remotes
        self._cases = cases
        self._telemetry = telemetry
        self.renderers = Renderers()

    def close(self) -> None:
        self.renderers.close()

    def start(self, target: Target, asked: Wish, done: Callable[[Verdict], None]) -> Sending:
        """As `Client.start`: `done` is called once, later than this call returns."""
        task = asyncio.get_running_loop().create_task(self.run(target, asked))
        task.add_done_callback(partial(self._told, done))
        return task

    async def run(self, target: Target, asked: Wish) -> Verdict:
        """Everything that the network or a peer does is in the verdict. Raises Unavailable where the database is lost."""
        talker = target.talker
        assert talker is not None, "it is asked only where there is one"
        talk = talker.talk(await self.asked(target, asked))
        tokens = self._tokens.empty() if asked.alone else self._tokens
        left = asked.timeout or target.endpoint.timeout
        step = await self._advanced(target, talk, None)
        while isinstance(step, Request):
            exchange, left = await self._sent(target, step, tokens, left) if asked.mine() else (_LOST, left)
            step = await self._advanced(target, talk, exchange)
        return step

    async def preview(self, target: Target, wish: Wish) -> Verdict:
        """The request that would be sent, which is not. Raises Unavailable."""
        talker = target.talker or Plain(target)
        return await self.renderers.run(_whose(target), talker.preview, await self.asked(target, wish))

    async def asked(self, target: Target, asked: Wish) -> Asked:
        """With what is known of the event's case."""
        event, endpoint = asked.event, target.endpoint
        plain = Asked(event=event, attempt=asked.attempt, now=asked.now, body=asked.body)
        if target.talker is None or not target.talker.renders:
            return plain
        told = await self.renderers.run(_whose(target), self._told_of, event)
        if asked.alone or not endpoint.preset:
            return msgspec.structs.replace(plain, data=told.data, case=told.case)
        key = told.case.key if told.case is not None else event.order_key
        known = await self._remotes.find(event.tenant_id, endpoint.id, key) if key else None
        plain = msgspec.structs.replace(plain, data=told.data, case=told.case, key=key)
        if known is None:
            return plain
        return msgspec.structs.replace(plain, remote=known if known.id else None, doubt=not known.id)

    async def _advanced(self, target: Target, talk: Talk, exchange: Exchange | None) -> Request | Verdict:
        if target.talker is not None and target.talker.renders:
            return await self.renderers.run(_whose(target), _advance, talk, exchange)
        return _advance(talk, exchange)

    async def _sent(
        self, target: Target, request: Request, tokens: Tokens, left: float
    ) -> tuple[Exchange, float]:
        """With what is left of the time. Waiting for a renderer is not counted: the receiver would be blamed for us."""
        if left <= 0:
            detail = "the deadline passed between two requests"
            return Exchange(cause=Cause.TIMEOUT, detail=detail), left
        loop = asyncio.get_running_loop()
        began = loop.time()
        exchange = await self._send(target, msgspec.structs.replace(request, timeout=left), tokens)
        return exchange, left - (loop.time() - began)

    async def _send(self, target: Target, request: Request, tokens: Tokens) -> Exchange:
        if target.authorized:
            return await send_authorized(self._client, tokens, target, request)
        return await self._client.send(request)

    def _told_of(self, event: Event) -> "_Told":
        data = data_of(event)
        return _Told(data, self._cases.of(event.type, event.system, data))

    def _told(self, done: Callable[[Verdict], None], task: "asyncio.Task[Verdict]") -> None:
        if task.cancelled():
            done(Verdict(exchange=Exchange(cause=Cause.INTERRUPTED, detail="the attempt was cut off")))
            return
        error = task.exception()
        if error is None:
            done(task.result())
            return
        self._telemetry.fault("stepwise", error)
        detail = f"It could not be sent: {type(error).__name__}"
        done(Verdict(exchange=Exchange(cause=Cause.NOT_SENT, detail=detail)))


class _Told(NamedTuple):
    data: object
    case: Case | None


def _advance(talk: Talk, exchange: Exchange | None) -> Request | Verdict:
    """The next request, or the end."""
    try:
        return next(talk) if exchange is None else talk.send(exchange)
    except StopIteration as end:
        verdict: Verdict = end.value
        return verdict


def _whose(target: Target) -> tuple[TenantId, EndpointId]:
    return target.endpoint.tenant_id, target.endpoint.id
