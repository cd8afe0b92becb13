"""Try: one attempt that has begun, and what is written of it."""

from collections.abc import Sequence

import msgspec

from hookline.clock import Micros
from hookline.deliver.outcome import Outcome, judge, judge_verdict, succeeded
from hookline.deliver.task import Task
from hookline.deliver.verdict import KEPT_BODY, Sent, Verdict
from hookline.model.attempt import Attempt, Exchange, Headers
from hookline.model.delivery import Delivery, State
from hookline.model.endpoint import Endpoint
from hookline.model.event import Event
from hookline.model.ids import delivery_id
from hookline.storage.ledger import Result


class Try(msgspec.Struct, kw_only=True, eq=False):
    """One attempt that has begun."""

    task: Task
    endpoint: Endpoint
    at: Micros
    headers: Headers = ()
    """Of its request, as they may be kept; filled in when it is made."""
    verdict: Verdict | None = None
    """What came of it, where it took steps."""

    def succeeded(self, exchange: Exchange) -> bool:
        """By what was read of the answer, else by its status."""
        if self.verdict is not None and self.verdict.judged:
            return exchange.cause is None
        return succeeded(exchange)

    def outcome(self, exchange: Exchange, now: Micros, draw: float) -> Outcome:
        retry, failures = self.endpoint.retry, self.task.delivery.failures
        if self.verdict is not None and self.verdict.judged:
            return judge_verdict(self.verdict, retry, failures=failures, now=now, draw=draw)
        return judge(exchange, retry, failures=failures, now=now, draw=draw)

    def results(self, done: Sequence[Delivery], exchange: Exchange) -> list[Result]:
        """For each delivery as it is now; the answer's body is kept with the first of a batch only."""
        results = [self._result(done[0], exchange)]
        if len(done) > 1:
            brief = msgspec.structs.replace(exchange, body=b"")
            results += [self._result(delivery, brief) for delivery in done[1:]]
        return results

    def _result(self, delivery: Delivery, exchange: Exchange) -> Result:
        return Result(
            delivery=delivery,
            attempt=self._attempt(delivery, exchange),
            fresh=self.task.fresh,
            remote=self.verdict.remote if self.verdict is not None else None,
        )

    def _attempt(self, delivery: Delivery, exchange: Exchange) -> Attempt:
        plain = Attempt(
            number=delivery.attempts,
            at=self.at,
            url=self.endpoint.url,
            method=self.endpoint.method,
            request_headers=self.headers,
            exchange=exchange,
            next_at=delivery.due_at,
        )
        return plain if self.verdict is None else stepped(plain, self.verdict)


def stepped(plain: Attempt, verdict: Verdict) -> Attempt:
    """`plain`, told as the steps went."""
    sent = verdict.sent or Sent(url=plain.url, method=plain.method)
    return msgspec.structs.replace(
        plain,
        url=sent.url,
        method=sent.method,
        request_headers=sent.headers,
        request_body=None if sent.body is None else sent.body[:KEPT_BODY],
        judged=verdict.judged,
        action=verdict.action,
        missing=verdict.missing,
        steps=verdict.steps,
    )


def taken(event: Event, position: int) -> Delivery:
    """The delivery that is taken in hand as soon as its event is stored; it has no row yet."""
    return Delivery(
        id=delivery_id(event.id, position),
        tenant_id=event.tenant_id,
        event_id=event.id,
        endpoint_id=event.matched[position],
        event_type=event.type,
        state=State.SENDING,
        created_at=event.accepted_at,
    )
