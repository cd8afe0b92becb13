"""Stepwise: attempts of more than one step. Templates are rendered in threads of their own, so that nobody else's delivery
waits for one that takes long; requests follow one another under one deadline.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple, ParamSpec, Protocol, TypeVar

import msgspec

from hookline.clock import Micros
from hookline.deliver.authorized import send_authorized
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

THREADS = 2
"""A template that runs to its limit again and again must not be all that is rendered."""
_P = ParamSpec("_P")
_T = TypeVar("_T")


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
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="templates")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

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
        advance = self._advanced if talker.renders else _advanced
        deadline = asyncio.get_running_loop().time() + (asked.timeout or target.endpoint.timeout)
        tokens = self._tokens.empty() if asked.alone else self._tokens
        step = await advance(talk, None)
        while isinstance(step, Request):
            step = await advance(talk, await self._send(target, step, tokens, deadline))
        return step

    async def preview(self, target: Target, wish: Wish) -> Verdict:
        """The request that would be sent, which is not. Raises Unavailable."""
        talker = target.talker or Plain(target)
        return await self.in_thread(talker.preview, await self.asked(target, wish))

    async def asked(self, target: Target, asked: Wish) -> Asked:
        """With what is known of the event's case."""
        event, endpoint = asked.event, target.endpoint
        plain = Asked(event=event, attempt=asked.attempt, now=asked.now, body=asked.body)
        if target.talker is None or not target.talker.renders:
            return plain
        told = await self.in_thread(self._told_of, event)
        if asked.alone or not endpoint.preset:
            return msgspec.structs.replace(plain, data=told.data, case=told.case)
        key = told.case.key if told.case is not None else event.order_key
        known = await self._remotes.find(event.tenant_id, endpoint.id, key) if key else None
        return msgspec.structs.replace(plain, data=told.data, case=told.case, key=key, remote=known)

    async def in_thread(self, work: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs) -> _T:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, partial(work, *arguments, **named)
        )

    async def _advanced(self, talk: Talk, exchange: Exchange | None) -> Request | Verdict:
        return await self.in_thread(_advance, talk, exchange)

    async def _send(self, target: Target, request: Request, tokens: Tokens, deadline: float) -> Exchange:
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0:
            return Exchange(cause=Cause.TIMEOUT, detail="the deadline passed between two requests")
        request = msgspec.structs.replace(request, timeout=left)
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


async def _advanced(talk: Talk, exchange: Exchange | None) -> Request | Verdict:
    return _advance(talk, exchange)
