"""What the delivery stage tells the operator: one wide line for each attempt, and one for each change that matters."""

from typing import Literal

from hookline.clock import DAY, SECOND, Micros
from hookline.deliver.conclude import max_attempts
from hookline.deliver.pace import Disable, FailingFor, Notice, Recovered
from hookline.deliver.task import Task
from hookline.emission import BareUrl, bare_url
from hookline.emissions import (
    AttemptDelivered,
    AttemptFailed,
    DeliveryEnded,
    EndpointDisabled,
    EndpointFailing,
    EndpointRecovered,
)
from hookline.model.attempt import Cause, Exchange
from hookline.model.delivery import Delivery, State
from hookline.model.endpoint import Endpoint
from hookline.telemetry import Telemetry

_MAX_URLS = 10_000
_ENDS: dict[State, Literal["dead", "cancelled", "expired"]] = {
    State.DEAD: "dead",
    State.CANCELLED: "cancelled",
    State.EXPIRED: "expired",
}


class Told:
    def __init__(self, telemetry: Telemetry) -> None:
        self.telemetry = telemetry
        self._urls: dict[str, BareUrl] = {}

    def attempt(
        self, task: Task, endpoint: Endpoint, exchange: Exchange, delivery: Delivery, now: Micros
    ) -> None:
        """`delivery`: as the attempt left it."""
        if delivery.state is State.DELIVERED and exchange.status is not None:
            self.telemetry.emit(
                AttemptDelivered(
                    tenant_id=delivery.tenant_id,
                    event_id=task.event.id,
                    endpoint_id=endpoint.id,
                    delivery_id=delivery.id,
                    type=task.event.type,
                    url=self._url(endpoint),
                    status=exchange.status,
                    number=delivery.attempts,
                    seconds=exchange.timings.total / 1000,
                    age=(now - delivery.created_at) / SECOND,
                    resent=exchange.resent,
                )
            )
        else:
            self._failed(task, endpoint, exchange, delivery, now)

    def ended(self, delivery: Delivery) -> None:
        if delivery.state is State.DELIVERED:
            return  # the hot path: told by its attempt
        state = _ENDS.get(delivery.state)
        if state is not None:
            self.telemetry.emit(
                DeliveryEnded(
                    tenant_id=delivery.tenant_id,
                    event_id=delivery.event_id,
                    endpoint_id=delivery.endpoint_id,
                    delivery_id=delivery.id,
                    type=delivery.event_type,
                    state=state,
                    reason=delivery.reason,
                )
            )

    def notice(self, endpoint: Endpoint, notice: Notice) -> None:
        match notice:
            case FailingFor(after=after):
                self.slowed(endpoint, f"nothing but failures for {after // DAY} days")
            case Recovered():
                self.telemetry.emit(
                    EndpointRecovered(
                        tenant_id=endpoint.tenant_id, endpoint_id=endpoint.id, url=self._url(endpoint)
                    )
                )
            case Disable():
                pass  # told when it has happened

    def slowed(self, endpoint: Endpoint, reason: str) -> None:
        self.telemetry.emit(
            EndpointFailing(
                tenant_id=endpoint.tenant_id, endpoint_id=endpoint.id, url=self._url(endpoint), reason=reason
            )
        )

    def disabled(self, endpoint: Endpoint, reason: str) -> None:
        self.telemetry.emit(
            EndpointDisabled(
                tenant_id=endpoint.tenant_id, endpoint_id=endpoint.id, url=self._url(endpoint), reason=reason
            )
        )

    def _failed(
        self, task: Task, endpoint: Endpoint, exchange: Exchange, delivery: Delivery, now: Micros
    ) -> None:
        self.telemetry.emit(
            AttemptFailed(
                tenant_id=delivery.tenant_id,
                event_id=task.event.id,
                endpoint_id=endpoint.id,
                delivery_id=delivery.id,
                type=task.event.type,
                url=self._url(endpoint),
                cause=exchange.cause or Cause.STATUS,
                status=exchange.status,
                detail=exchange.detail,
                number=delivery.attempts,
                max_attempts=max_attempts(endpoint.retry),
                seconds=exchange.timings.total / 1000,
                next_seconds=(delivery.due_at - now) / SECOND if delivery.due_at is not None else None,
                resent=exchange.resent,
            )
        )

    def _url(self, endpoint: Endpoint) -> BareUrl:
        url = self._urls.get(endpoint.url)
        if url is None:
            if len(self._urls) >= _MAX_URLS:
                self._urls.clear()
            url = self._urls[endpoint.url] = bare_url(endpoint.url)
        return url
