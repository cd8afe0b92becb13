"""Tester: one event to one endpoint now, told whole. Nothing of it is stored, and no pace or order holds it back."""

import msgspec

from hookline.clock import Clock
from hookline.deliver.targets import Targets
from hookline.model.attempt import Attempt, Cause, Exchange
from hookline.model.endpoint import Endpoint
from hookline.model.event import Event
from hookline.net.client import Client

TRIGGER = "test"


class Tester:
    def __init__(self, client: Client, targets: Targets, clock: Clock) -> None:
        self._client = client
        self._targets = targets
        self._clock = clock

    async def send(
        self, endpoint: Endpoint, event: Event, *, body: bytes | None = None, within: float | None = None
    ) -> Attempt:
        """As a first attempt would be sent: same bytes, headers and signature. `body`: in place of the event's;
        `within`: seconds, in place of the endpoint's.
        """
        target, now = self._targets.get(endpoint), self._clock.now()
        if isinstance(target, str):
            exchange = Exchange(cause=Cause.NOT_SENT, detail=target)
            return Attempt(
                number=1, at=now, url=endpoint.url, method=endpoint.method, exchange=exchange, trigger=TRIGGER
            )
        sent = target.dialect.body(event) if body is None else body
        request = target.request(event, body=sent, attempt=1, now=now)
        if within is not None:
            request = msgspec.structs.replace(request, timeout=within)
        return Attempt(
            number=1,
            at=now,
            url=endpoint.url,
            method=endpoint.method,
            request_headers=target.recorded(request),
            exchange=await self._client.send(request),
            trigger=TRIGGER,
        )
