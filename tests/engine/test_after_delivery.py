"""After deliveries have ended: the event of those that were given up, and what a record tells of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import pytest

from hookline.errors import Unavailable
from hookline.model.delivery import State
from hookline.model.event import Event
from hookline.model.ids import TenantId
from hookline.model.record import RecordKey
from hookline.model.retry import Schedule
from hookline.records.after_delivery import EXHAUSTED
from hookline.records.saver import Saved
from hookline.storage.filters import DeliveryFilter
from tests.clock import ManualClock
from tests.engine.faults import Faulty
from tests.engine.gateway import ALICE, PATIENCE, Gateway, gateway
from tests.engine.receivers import Receiver

GATEWAY = "askpro-gateway"
CASE = RecordKey(tenant_id=ALICE, system=GATEWAY, type="service_case", id="123")
TWICE = Schedule(delays=(0, 5), jitter=0)


async def exhausted(hookline: Gateway, tenant: TenantId = ALICE) -> list[Event]:
    page = await hookline.store.events.list(tenant, limit=200)
    return [event for event in page.items if event.type == EXHAUSTED]


async def until(hookline: Gateway, condition: Callable[[], Awaitable[Any]]) -> Any:
    """Turn the hands until it is so; what it was then."""
    async with asyncio.timeout(PATIENCE):
        while not (found := await condition()):
            await hookline.turn(0.5, 0.5)
    return found


async def case(hookline: Gateway, **fields: Any) -> Saved:
    example = hookline.engine.core.systems[GATEWAY].records["service_case"].example
    return await hookline.engine.saver.save(CASE, lambda _: {**example, **fields})


async def told(hookline: Gateway) -> tuple[str | None, str | None]:
    state = msgspec.json.decode((await hookline.store.records.get(CASE)).state)
    return state.get("delivery_status"), state.get("delivery_error")


async def until_told(hookline: Gateway, status: str) -> str | None:
    """The record's error, once its status is this one."""

    async def is_so() -> bool:
        return (await told(hookline))[0] == status

    await until(hookline, is_so)
    return (await told(hookline))[1]


async def test_a_delivery_that_is_given_up_makes_an_event_and_one_critical_line(
    hookline: Gateway, receiver: Receiver
) -> None:
    receiver.says(500)
    endpoint = await hookline.endpoint(f"{receiver.url()}?key=s3cret", name="CRM", retry=TWICE)
    heard = await hookline.endpoint(receiver.url("/heard"), events=("hookline.delivery.exhausted",))
    published = await hookline.publish(tags=("urgent",))
    assert await exhausted(hookline) == []
    (event,) = await until(hookline, lambda: exhausted(hookline))
    delivery = await hookline.delivery(published)
    data = msgspec.json.decode(event.data)
    assert delivery.state is State.DEAD
    assert {name: data[name] for name in ("delivery_id", "event_id", "event_type", "state", "attempts")} == {
        "delivery_id": delivery.id,
        "event_id": published.event_id,
        "event_type": "call.started",
        "state": "dead",
        "attempts": 2,
    }
    assert (data["endpoint_id"], data["endpoint_name"]) == (endpoint.id, "CRM")
    assert (data["endpoint_url"], data["last_status"], data["last_cause"]) == (receiver.url(), 500, "status")
    assert data["finished_at"].endswith("Z")
    assert (event.matched, event.tags, event.time) == ((heard.id,), ("urgent",), delivery.finished_at)
    (line,) = hookline.told("DeliveryExhausted")
    assert (line["level"], line["delivery_id"]) == ("critical", delivery.id)
    assert line["reason"].endswith("; the last answer was 500")
    assert await hookline.store.endings.open(10) == []


async def test_an_endpoint_that_wants_everything_hears_nothing_of_ours(
    hookline: Gateway, receiver: Receiver
) -> None:
    """And what is given up of our own events makes no other one."""
    receiver.says(500)
    await hookline.endpoint(receiver.url(), retry=TWICE)
    heard = await hookline.endpoint(receiver.url("/heard"), events=("hookline.*",), retry=TWICE)
    await hookline.publish()
    (event,) = await until(hookline, lambda: exhausted(hookline))
    assert event.matched == (heard.id,)

    async def dead() -> bool:
        return (await hookline.detail(event.id)).delivery.state is State.DEAD

    await until(hookline, dead)
    await hookline.turn(5)
    assert len(await exhausted(hookline)) == 1


async def test_what_grew_too_old_is_given_up_too(hookline: Gateway, receiver: Receiver) -> None:
    receiver.says(500)
    await hookline.endpoint(receiver.url(), max_age=60, retry=Schedule(delays=(0, 3600), jitter=0))
    await hookline.publish()
    (event,) = await until(hookline, lambda: exhausted(hookline))
    assert msgspec.json.decode(event.data)["state"] == "expired"


async def test_what_is_delivered_makes_none(hookline: Gateway, receiver: Receiver) -> None:
    receiver.says_in_turn(500, 200)
    await hookline.endpoint(receiver.url(), retry=TWICE)
    published = await hookline.publish()
    await hookline.turn_until(lambda: len(receiver.got) == 2)
    await hookline.until_state(published, State.DELIVERED)
    await hookline.turn(5)
    assert await exhausted(hookline) == []


async def test_a_delivery_that_is_tried_again_by_hand_can_be_given_up_again(
    hookline: Gateway, receiver: Receiver
) -> None:
    receiver.says(500)
    await hookline.endpoint(receiver.url(), retry=Schedule(delays=(0,), jitter=0))
    published = await hookline.publish()
    await until(hookline, lambda: exhausted(hookline))
    await hookline.store.deliveries.retry(
        ALICE, (await hookline.delivery(published)).id, hookline.clock.now()
    )
    hookline.engine.wake()

    async def both() -> bool:
        return len(await exhausted(hookline)) == 2

    await until(hookline, both)
    told = sorted(msgspec.json.decode(event.data)["attempts"] for event in await exhausted(hookline))
    assert told == [1, 2]


async def test_a_fault_in_between_loses_no_event_and_makes_no_second_one(
    env: Mapping[str, str], clock: ManualClock, receiver: Receiver
) -> None:
    """Killed, or without its database, between the delivery's end and the event."""
    faulty = Faulty()
    receiver.says(500)
    async with gateway(dict(env), clock, wrap=faulty.over) as made:
        await made.tenants()
        await made.endpoint(receiver.url(), retry=Schedule(delays=(0,), jitter=0))
        published = await made.publish()
        faulty.before("publish", Unavailable("gone"))
        await made.until_state(published, State.DEAD)
        await made.turn(3)
    async with gateway(dict(env), clock) as again:
        await until(again, lambda: exhausted(again))
        await again.turn(3)
        assert len(await exhausted(again)) == 1


async def test_of_two_nodes_one_makes_the_event(
    postgres_env: dict[str, str], clock: ManualClock, receiver: Receiver
) -> None:
    receiver.says(404)  # it dislikes each of them, so that its endpoint keeps its pace
    async with gateway(postgres_env, clock) as here, gateway(postgres_env, clock) as there:
        await here.tenants()
        await here.endpoint(receiver.url(), retry=Schedule(delays=(0,), jitter=0))
        await asyncio.gather(*[here.publish() for _ in range(30)])

        async def all_told() -> bool:
            await there.breathe()
            return len(await exhausted(here)) >= 30

        await until(here, all_told)
        await asyncio.gather(here.turn(3), there.breathe())
        assert len(await exhausted(here)) == 30
        assert len(here.told("DeliveryExhausted") + there.told("DeliveryExhausted")) == 30
        assert here.told("Fault") == there.told("Fault") == []


async def test_a_record_tells_how_the_deliveries_of_its_events_go(
    hookline: Gateway, receiver: Receiver
) -> None:
    """Pending, failed with the reason, and delivered once somebody had it sent again."""
    receiver.says(500)
    await hookline.endpoint(receiver.url(), system=GATEWAY, retry=TWICE)
    first = await case(hookline)
    assert (first.state["delivery_status"], first.state["delivery_error"]) == ("pending", None)
    assert await told(hookline) == ("pending", None)
    error = await until_told(hookline, "failed")
    assert error is not None
    assert error.endswith("; the last answer was 500")
    receiver.says(200)
    (event,) = (one.id for one in first.events)
    await hookline.store.deliveries.retry(
        ALICE, (await hookline.detail(event)).delivery.id, hookline.clock.now()
    )
    hookline.engine.wake()
    assert await until_told(hookline, "delivered") is None
    again = await case(hookline, priority="critical")
    assert [event.type for event in again.events] == ["service_case.updated"]
    assert again.state["delivery_status"] == "pending"
    assert await until_told(hookline, "delivered") is None
    assert len(await hookline_types(hookline)) == 3


async def hookline_types(hookline: Gateway) -> list[str]:
    """Its status makes no event by itself: created, exhausted, updated."""
    page = await hookline.store.events.list(ALICE, limit=200)
    return [event.type for event in page.items]


async def test_of_several_deliveries_all_must_be_delivered(hookline: Gateway, receiver: Receiver) -> None:
    receiver.answer = lambda got: receiver_says(got.path)
    await hookline.endpoint(receiver.url("/good"), system=GATEWAY)
    later = Schedule(delays=(0, 600), jitter=0)
    await hookline.endpoint(receiver.url("/bad"), system=GATEWAY, retry=later)
    (event,) = (await case(hookline)).events

    async def followed() -> bool:
        """The good one has ended, and what follows of it is done."""
        page = await hookline.store.deliveries.list(ALICE, DeliveryFilter(event_id=event.id), limit=10)
        ended = [one for one in page.items if one.state is State.DELIVERED]
        return len(ended) == 1 and await hookline.store.endings.open(10) == []

    await until(hookline, followed)
    assert await told(hookline) == ("pending", None)
    await hookline.turn(600, step=60)
    assert await until_told(hookline, "failed") is not None


def receiver_says(path: str) -> bytes:
    code = 200 if path == "/good" else 500
    return f"HTTP/1.1 {code} Told\r\nContent-Length: 0\r\n\r\n".encode()


async def test_what_a_save_says_of_its_delivery_counts_for_nothing(hookline: Gateway) -> None:
    """And nobody is told of it where nobody is to hear of the case."""
    saved = await case(hookline, delivery_status="delivered", delivery_error="x")
    assert "delivery_status" not in saved.state
    same = await case(hookline, delivery_status="failed")
    assert (same.changed, same.record.version) == (False, 1)


@pytest.mark.parametrize("gone", ["record", "tenant"])
async def test_what_is_gone_meanwhile_is_nobodys(hookline: Gateway, receiver: Receiver, gone: str) -> None:
    receiver.hangs()
    await hookline.endpoint(receiver.url(), system=GATEWAY, retry=Schedule(delays=(0,), jitter=0))
    await case(hookline)
    await hookline.turn_until(lambda: len(receiver.got) == 1, step=0.1)
    if gone == "record":
        await hookline.store.records.delete(CASE)
    else:
        await hookline.store.tenants.delete(ALICE, hookline.clock.now())
    receiver.go_on()
    await hookline.turn_until(hookline.idle, step=0.1)
    async with asyncio.timeout(PATIENCE):
        while await hookline.store.endings.open(10):
            await hookline.turn(1)
    assert hookline.told("Fault") == []
