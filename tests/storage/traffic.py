"""Events and deliveries for the tests: published by the real ledger, in any state that one likes."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select

from hookline.clock import SECOND
from hookline.model.attempt import Attempt, Cause, Exchange
from hookline.model.delivery import TERMINAL, Delivery, State
from hookline.model.event import Event
from hookline.model.ids import EndpointId, EventId, Ids, NodeId, TenantId, delivery_id
from hookline.storage.ledger import STORED, Accepted, Result
from hookline.storage.nodes import Nodes
from hookline.storage.schema import nodes
from hookline.storage.store import Store
from tests.clock import ManualClock

NODE = NodeId("nod_1")
OTHER = NodeId("nod_2")
EP = EndpointId("ep_1")


async def start_node(store: Store, clock: ManualClock, watermark: str = "evt_", node: NodeId = NODE) -> Nodes:
    verbs = Nodes(store.database, clock)
    await verbs.register(node, name="test", lease=clock.now(), watermark=EventId(watermark))
    return verbs


def an_event(
    ids: Ids, clock: ManualClock, tenant_id: TenantId, matched: Sequence[str] = (EP,), **fields: Any
) -> Event:
    given: dict[str, Any] = {
        "type": "call.started",
        "data": b'{"n": 1.0}',
        "time": clock.now(),
        "accepted_at": clock.now(),
        "matched": tuple(EndpointId(endpoint) for endpoint in matched),
    }
    return Event(id=ids.event(), tenant_id=tenant_id, **(given | fields))


def a_delivery(event: Event, position: int, state: State = State.PENDING, **fields: Any) -> Delivery:
    given: dict[str, Any] = {
        "due_at": event.accepted_at if state is State.PENDING else None,
        "finished_at": event.accepted_at if state in TERMINAL else None,
        "created_at": event.accepted_at,
    }
    return Delivery(
        id=delivery_id(event.id, position),
        tenant_id=event.tenant_id,
        event_id=event.id,
        endpoint_id=event.matched[position],
        event_type=event.type,
        state=state,
        **(given | fields),
    )


async def publish(store: Store, event: Event, *waiting: Delivery, node: NodeId = NODE) -> Event:
    """Whatever is not among `waiting` is in the node's hand."""
    rows = {delivery.id for delivery in waiting}
    positions = range(len(event.matched))
    in_hand = tuple(place for place in positions if delivery_id(event.id, place) not in rows)
    version = await store.tenants.version(event.tenant_id)
    if in_hand:
        await _introduce(store, node)
    accepted = Accepted(event=event, version=version, in_hand=in_hand, waiting=waiting)
    assert await store.ledger.publish(node, [accepted]) == [STORED]
    return event


async def _introduce(store: Store, node: NodeId) -> None:
    """Nothing is taken in hand for a node that nobody knows."""

    def work(connection: Connection) -> None:
        if connection.execute(select(nodes.c.id).where(nodes.c.id == node)).first() is None:
            times = {"started_at": 0, "heartbeat_at": 0, "lease": 0}
            connection.execute(insert(nodes).values(id=node, name="test", watermark="z", **times))

    await store.database.write(work)


async def finish(
    store: Store, delivery: Delivery, *, fresh: bool = True, status: int = 200, node: NodeId = NODE
) -> Delivery:
    """Record one attempt, as the delivery stage does."""
    ended = msgspec.structs.replace(
        delivery,
        state=State.DELIVERED if status == 200 else State.PENDING,
        due_at=None if status == 200 else delivery.created_at + 60 * SECOND,
        attempts=delivery.attempts + 1,
        failures=delivery.failures + (status != 200),
        last_status=status,
        finished_at=delivery.created_at + SECOND if status == 200 else None,
    )
    result = Result(delivery=ended, attempt=an_attempt(ended.attempts, status), fresh=fresh)
    assert list(await store.ledger.record(node, [result])) == []
    return ended


def an_attempt(number: int, status: int = 200) -> Attempt:
    cause = None if status == 200 else Cause.STATUS
    exchange = Exchange(status=status, headers=(("X-Id", "é"),), body=b"\x00\xff answer", cause=cause)
    return Attempt(number=number, at=ManualClock().now(), url="https://example.com", exchange=exchange)
