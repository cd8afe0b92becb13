"""Tester: one event to one endpoint now, told whole. Nothing of it is stored, and no pace or order holds it back."""

import msgspec

from hookline.clock import Clock
from hookline.deliver.stepwise import Stepwise, Wish
from hookline.deliver.target import Target
from hookline.deliver.targets import Targets
from hookline.deliver.tries import stepped
from hookline.model.attempt import Attempt, Cause, Exchange
from hookline.model.endpoint import Endpoint
from hookline.model.event import Event
from hookline.model.remote import Remote
from hookline.net.client import Client
from hookline.template.engine import load_language

TRIGGER = "test"


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a test."""

    attempt: Attempt
    remote: Remote | None = None
    """With a preset: what was made in the other system. Nobody remembers it but who reads this."""


class Tester:
    def __init__(self, client: Client, stepwise: Stepwise, targets: Targets, clock: Clock) -> None:
        self._client = client
        self._stepwise = stepwise
        self._targets = targets
        self._clock = clock

    async def send(
        self, endpoint: Endpoint, event: Event, *, body: bytes | None = None, within: float | None = None
    ) -> Trial:
        """As a first attempt would be sent: same bytes, headers and signature. `body`: in place of the event's;
        `within`: seconds, in place of the endpoint's. With a preset a case of the test's own is made.

        `endpoint` may be one that is stored nowhere: it is compiled anew, and nothing of it stays.
        """
        if endpoint.preset or endpoint.template is not None:
            await load_language()
        target, now = self._targets.compile(endpoint), self._clock.now()
        plain = Attempt(
            number=1, at=now, url=endpoint.url, method=endpoint.method, exchange=Exchange(), trigger=TRIGGER
        )
        if isinstance(target, str):
            nothing = Exchange(cause=Cause.NOT_SENT, detail=target)
            return Trial(attempt=msgspec.structs.replace(plain, exchange=nothing))
        wish = Wish(event=event, attempt=1, now=now, alone=True, body=body, timeout=within)
        if target.talker is not None:
            return await self._by_steps(target, wish, plain)
        return await self._at_once(target, wish, plain)

    async def _by_steps(self, target: Target, wish: Wish, plain: Attempt) -> Trial:
        verdict = await self._stepwise.run(target, wish)
        exchange = verdict.exchange
        if verdict.cancelled:  # well for a delivery; whoever tests wants to see something
            exchange = Exchange(cause=Cause.NOT_SENT, detail=verdict.cancelled)
        attempt = stepped(msgspec.structs.replace(plain, exchange=exchange), verdict)
        return Trial(attempt=attempt, remote=verdict.there)

    async def _at_once(self, target: Target, wish: Wish, plain: Attempt) -> Trial:
        body = target.dialect.body(wish.event) if wish.body is None else wish.body
        request = target.request(wish.event, body=body, attempt=1, now=wish.now)
        if wish.timeout is not None:
            request = msgspec.structs.replace(request, timeout=wish.timeout)
        exchange = await self._client.send(request)
        headers = target.recorded(request)
        return Trial(attempt=msgspec.structs.replace(plain, request_headers=headers, exchange=exchange))
