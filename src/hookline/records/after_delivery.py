"""What follows when deliveries have come to their ends, on every node that delivers: one that was given up makes the
event `hookline.delivery.exhausted` and one critical line, and a record may tell how the deliveries of its events went.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec

from hookline.clock import Micros
from hookline.emission import bare_url
from hookline.emissions_records import DeliveryExhausted
from hookline.errors import Conflict, NotFound, RecordChanged, Unavailable
from hookline.model.delivery import Delivery, State
from hookline.model.patterns import OURS
from hookline.model.record_rules import DeliveryStatus
from hookline.records.saver import Saver, record_of
from hookline.route.draft import Draft
from hookline.route.publish import Publisher
from hookline.storage.directory import Directory
from hookline.storage.endings import Ended, Endings
from hookline.telemetry import Telemetry

EXHAUSTED = f"{OURS}delivery.exhausted"
CHUNK = 200
"""Deliveries that are looked at together."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Exhausted(msgspec.Struct, frozen=True, kw_only=True):
    """The data of `hookline.delivery.exhausted`: a delivery that was given up. Times are UTC."""

    delivery_id: str
    event_id: str
    event_type: str
    endpoint_id: str
    endpoint_name: str
    """Empty where it has none, or is no more."""
    endpoint_url: str
    """Without what may be secret: user, password, query."""
    state: str
    """`dead`: every attempt was used up, or the receiver is gone; `expired`: it grew older than `max_age`."""
    reason: str
    attempts: int
    last_status: int | None
    """Of the last answer; null: there was none."""
    last_cause: str | None
    """Why the last attempt failed."""
    created_at: datetime
    finished_at: datetime | None


class AfterDelivery:
    def __init__(
        self,
        *,
        endings: Endings,
        publisher: Publisher,
        saver: Saver,
        directory: Directory,
        telemetry: Telemetry,
    ) -> None:
        self._endings = endings
        self._publisher = publisher
        self._saver = saver
        self._directory = directory
        self._telemetry = telemetry

    async def pass_(self) -> int:
        """A chore: how many endings were followed up. Of several nodes that find the same one, one makes its event."""
        found = await self._endings.open(CHUNK)
        followed = await asyncio.gather(*[self._follow(one) for one in found])
        done = [one.row for one, yes in zip(found, followed, strict=True) if yes]
        if done:
            await self._endings.done(done)
        return len(done)

    async def _follow(self, ended: Ended) -> bool:
        """False: to be tried again. What fails for another reason than these is told as a fault, and not tried for ever:
        it would fill the log, and keep the others from their turn.
        """
        try:
            if ended.delivery is not None:
                await self._exhausted(ended, ended.delivery)
                await self._write_back(ended, ended.delivery)
        except (Unavailable, RecordChanged):
            return False
        except Exception as error:  # noqa: BLE001  its neighbours go on
            self._telemetry.fault("after delivery", error)
        return True

    async def _exhausted(self, ended: Ended, delivery: Delivery) -> None:
        given_up = delivery.state in {State.DEAD, State.EXPIRED} and delivery.attempts == ended.row[2]
        if not given_up or delivery.event_type.startswith(OURS):  # by now somebody has had it tried again
            return
        draft = Draft(
            type=EXHAUSTED,
            data=msgspec.json.encode(await self._told(delivery)),
            time=delivery.finished_at,
            idempotency_key=f"{EXHAUSTED}:{delivery.id}:{delivery.attempts}",
            tags=ended.tags,
        )
        try:
            published = await self._publisher.publish(delivery.tenant_id, draft)
        except (
            NotFound,
            Conflict,
        ):  # the tenant is no more; or its endpoint was renamed since another node told it
            return
        if not published.duplicate:
            self._tell(delivery)

    async def _told(self, delivery: Delivery) -> Exhausted:
        config = self._directory.get(delivery.tenant_id)
        config = config or await self._directory.at_least(delivery.tenant_id)
        endpoint = config.endpoints.get(delivery.endpoint_id)
        return Exhausted(
            delivery_id=delivery.id,
            event_id=delivery.event_id,
            event_type=delivery.event_type,
            endpoint_id=delivery.endpoint_id,
            endpoint_name=endpoint.name if endpoint else "",
            endpoint_url=bare_url(endpoint.url) if endpoint else "",
            state=delivery.state.value,
            reason=delivery.reason,
            attempts=delivery.attempts,
            last_status=delivery.last_status,
            last_cause=delivery.last_cause.value if delivery.last_cause else None,
            created_at=_time(delivery.created_at),
            finished_at=None if delivery.finished_at is None else _time(delivery.finished_at),
        )

    def _tell(self, delivery: Delivery) -> None:
        self._telemetry.emit(
            DeliveryExhausted(
                tenant_id=delivery.tenant_id,
                event_id=delivery.event_id,
                endpoint_id=delivery.endpoint_id,
                delivery_id=delivery.id,
                type=delivery.event_type,
                attempts=delivery.attempts,
                reason=why(delivery),
            )
        )

    async def _write_back(self, ended: Ended, delivery: Delivery) -> None:
        key = record_of(delivery.tenant_id, ended.system, ended.order_key)
        if key is None or not self._saver.kinds.tells_of(key, delivery.event_type):
            return
        status, error = DeliveryStatus.DELIVERED, None
        if ended.given_up is not None:
            status, error = DeliveryStatus.FAILED, why(ended.given_up)
        elif ended.open:
            status = DeliveryStatus.PENDING
        try:
            await self._saver.tell_delivery(key, status, error)
        except NotFound:  # the record, its type or the tenant is no more
            return


def why(delivery: Delivery) -> str:
    """A sentence for people, without its full stop."""
    if delivery.last_status is not None:
        return f"{delivery.reason}; the last answer was {delivery.last_status}"
    if delivery.last_cause is not None:
        return f"{delivery.reason}; the last attempt failed with {delivery.last_cause.value}"
    return delivery.reason


def _time(at: Micros) -> datetime:
    return _EPOCH + timedelta(microseconds=at)
