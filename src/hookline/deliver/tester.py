"""Tester: one event to one endpoint now, told whole. Nothing of it is stored, and no pace or order holds it back."""

import msgspec

from hookline.clock import Clock
from hookline.deliver.stepwise import Stepwise, Wish
from hookline.deliver.targets import Targets
from hookline.deliver.tries import stepped
from hookline.model.attempt import Attempt, Cause, Exchange
from hookline.model.endpoint import Endpoint
from hookline.model.event import Event
from hookline.net.client import Client

TRIGGER = "test"


class Tester:
    def __init__(self, client: Client, stepwise: Stepwise, targets: Targets, clock: Clock) -> None:
        self._client = client
        self._stepwise = stepwise
        self._targets = targets
        self._clock = clock

    async def send(
        self, endpoint: Endpoint, event: Event, *, body: bytes | None = None, within: float | None = None
    ) -> Attempt:
        """As a first attempt would be sent: same bytes, headers and signature. `body`: in place of the event's;
        `within`: seconds, in place of the endpoint's. With a preset a case of the test's own is made.
        """
        target, now = self._targets.get(endpoint), self._clock.now()
        plain = Attempt(
            number=1, at=now, url=endpoint.url, method=endpoint.method, exchange=Exchange(), trigger=TRIGGER
        )
        if isinstance(target, str):
            return msgspec.structs.replace(plain, exchange=Exchange(cause=Cause.NOT_SENT, detail=target))
        if target.talker is not None:
            wish = Wish(event=event, attempt=1, now=now, alone=True, body=body, timeout=within)
            verdict = await self._stepwise.run(target, wish)
            detail = verdict.cancelled or verdict.exchange.detail
            exchange = msgspec.structs.replace(verdict.exchange, detail=detail)
            return stepped(msgspec.structs.replace(plain, exchange=exchange), verdict)
        sent = target.dialect.body(event) if body is None else body
        request = target.request(event, body=sent, attempt=1, now=now)
        if within is not None:
            request = msgspec.structs.replace(request, timeout=within)
        return msgspec.structs.replace(
            plain, request_headers=target.recorded(request), exchange=await self._client.send(request)
        )
