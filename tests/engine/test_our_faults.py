"""A fault of ours, an exception that nobody foresaw, costs a delivery a minute: no slot, no neighbour, no event."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import pytest
from sqlalchemy import update

from hookline.clock import SECOND
from hookline.deliver.worker import FAULT_DELAY
from hookline.model.delivery import State
from hookline.model.endpoint import Batch, Order
from hookline.model.retry import Schedule
from hookline.route.draft import Published
from hookline.storage.schema import endpoints
from tests.clock import ManualClock
from tests.engine.gateway import ALICE, STRANGER, Gateway, gateway, until
from tests.engine.receivers import Receiver

T = TypeVar("T")
QUICK = Schedule(delays=(0.0, 5.0, 5.0), jitter=0.0)
MINUTE = FAULT_DELAY / SECOND


@pytest.fixture
async def faulted(env: dict[str, str], clock: ManualClock) -> AsyncIterator[Gateway]:
    """A gateway whose log may tell of faults."""
    async with gateway(env, clock) as made:
        await made.tenants()
        yield made


def _failing(
    real: Callable[..., T], times: int, when: Callable[..., bool] = lambda *_: True
) -> Callable[..., T]:
    """The real thing, which so many times does something that nobody foresaw, before it has done anything."""
    left = [times]

    def call(*given: object, **named: object) -> T:
        if left[0] and when(*given):
            left[0] -= 1
            raise ZeroDivisionError("nobody foresaw this")
        return real(*given, **named)

    return call


def _faults(hookline: Gateway) -> list[str]:
    return [line["where"] for line in hookline.told("Fault")]


async def _due_in_a_minute(hookline: Gateway, published: Published, attempts: int = 0) -> None:
    await until(lambda: bool(_faults(hookline)))
    await until(hookline.idle)
    detail = await hookline.detail(published)
    assert detail.delivery.state is State.PENDING
    assert detail.delivery.due_at == hookline.clock.now() + FAULT_DELAY
    assert detail.delivery.attempts == len(detail.attempts) == attempts


async def test_a_row_that_nobody_can_read_any_more_keeps_no_slot_and_is_tried_a_minute_later(
    faulted: Gateway, receiver: Receiver
) -> None:
    """No fault is put in: an endpoint's row is damaged while one event is under way and the next is queued."""
    receiver.hangs()
    endpoint = await faulted.endpoint(receiver.url(), concurrency=1)
    first, second = [await faulted.publish() for _ in range(2)]
    await until(lambda: len(receiver.got) == 1)
    row = update(endpoints).where(endpoints.c.id == endpoint.id)
    kept = faulted.engine.core.opened.directory.get(ALICE)
    assert kept is not None
    await faulted.store.database.write(lambda c: c.execute(row.values(document=b"{damaged")))
    faulted.engine.core.opened.directory.forget(ALICE)
    receiver.go_on()
    await faulted.until_state(first, State.DELIVERED)
    await _due_in_a_minute(faulted, second)
    assert _faults(faulted) == ["worker"]
    await faulted.store.endpoints.replace(kept.endpoints[endpoint.id])
    await faulted.turn(MINUTE, step=10)
    await faulted.until_state(second, State.DELIVERED)
    assert [got.id for got in receiver.got] == [first.event_id, second.event_id]


@pytest.mark.parametrize("place", ["wants", "get"])
async def test_a_fault_before_the_exchange_is_told_and_the_delivery_goes_a_minute_later(
    faulted: Gateway, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    targets = faulted.delivering.worker._targets
    await faulted.endpoint(receiver.url())
    monkeypatch.setattr(targets, place, _failing(getattr(targets, place), 1))
    published = await faulted.publish()
    await _due_in_a_minute(faulted, published)
    assert _faults(faulted) == ["worker"]
    assert "nobody foresaw this" in faulted.told("Fault")[0]["error"]
    await faulted.turn(MINUTE - 2, step=2)
    assert receiver.got == []
    await faulted.turn(4)
    done = await faulted.until_state(published, State.DELIVERED)
    assert [attempt.number for attempt in done.attempts] == [1]
    assert len(receiver.got) == 1
    assert _faults(faulted) == ["worker"]


@pytest.mark.parametrize("place", ["attempt", "ended"])
async def test_a_fault_after_the_exchange_is_told_and_the_delivery_goes_a_minute_later(
    faulted: Gateway, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """What the receiver said is lost with it; it may see the same event twice, never not at all."""
    told = faulted.delivering.worker._told
    await faulted.endpoint(receiver.url())
    monkeypatch.setattr(told, place, _failing(getattr(told, place), 1))
    published = await faulted.publish()
    await until(lambda: len(receiver.got) == 1)
    await until(faulted.idle)
    assert _faults(faulted) == ["worker"]
    await faulted.turn(MINUTE + 1, step=10)
    await faulted.until_state(published, State.DELIVERED)
    assert {got.id for got in receiver.got} == {published.event_id}


async def test_a_claimed_delivery_keeps_what_it_had_behind_it(
    faulted: Gateway, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = faulted.delivering.worker._targets
    receiver.says_in_turn(500, 200)
    await faulted.endpoint(receiver.url(), retry=QUICK)
    published = await faulted.publish()
    await faulted.until_tried(published, 1)
    with monkeypatch.context() as patched:
        patched.setattr(targets, "wants", _failing(targets.wants, 1))
        await faulted.turn_until(lambda: bool(_faults(faulted)))
    await _due_in_a_minute(faulted, published, attempts=1)
    assert (await faulted.delivery(published)).failures == 1
    await faulted.turn(MINUTE + 1, step=10)
    done = await faulted.until_state(published, State.DELIVERED)
    assert [attempt.number for attempt in done.attempts] == [1, 2]


async def test_the_members_of_a_batch_stay_together(
    faulted: Gateway, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = faulted.delivering.worker._told
    await faulted.endpoint(receiver.url(), batch=Batch(count=3, seconds=60.0))
    monkeypatch.setattr(told, "attempt", _failing(told.attempt, 1))
    published = [await faulted.publish() for _ in range(3)]
    for one in published:
        await _due_in_a_minute(faulted, one)
    await faulted.turn(MINUTE + 1, step=10)
    for one in published:
        await faulted.until_state(one, State.DELIVERED)
    first, again = receiver.got
    assert (again.id, again.body) == (first.id, first.body)
    assert _faults(faulted) == ["worker"]


async def test_an_ordered_endpoint_waits_for_the_one_that_had_the_fault(
    faulted: Gateway, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = faulted.delivering.worker._targets
    await faulted.endpoint(receiver.url(), order=Order.ENDPOINT)
    monkeypatch.setattr(targets, "wants", _failing(targets.wants, 1))
    published = [await faulted.publish(b"%d" % n) for n in range(3)]
    await _due_in_a_minute(faulted, published[0])
    assert receiver.got == []
    await faulted.turn(MINUTE + 1, step=10)
    await faulted.until_state(published[-1], State.DELIVERED)
    assert [got.id for got in receiver.got] == [one.event_id for one in published]


async def test_a_hundred_faults_leave_every_slot_to_the_stranger(
    env: dict[str, str], clock: ManualClock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {"HOOKLINE_MAX_IN_FLIGHT": "16", "HOOKLINE_MAX_IN_HAND": "64"}
    async with gateway(env | few, clock) as hookline:
        await hookline.tenants()
        targets = hookline.delivering.worker._targets
        bad = await hookline.endpoint(receiver.url("/bad"))
        await hookline.endpoint(receiver.url("/good"), STRANGER)
        mine = _failing(targets.wants, 100, lambda endpoint, _: endpoint.id == bad.id)
        monkeypatch.setattr(targets, "wants", mine)
        await asyncio.gather(*(hookline.publish() for _ in range(100)))
        await hookline.turn_until(lambda: len(_faults(hookline)) >= 100, step=0.5)
        await until(hookline.idle)
        theirs = await asyncio.gather(*(hookline.publish(tenant=STRANGER) for _ in range(20)))
        for one in theirs:
            await hookline.until_state(one, State.DELIVERED, tenant=STRANGER)
        assert receiver.at("/bad") == []
        await hookline.turn(MINUTE + 1, step=10)
        await hookline.turn_until(lambda: len(receiver.at("/bad")) == 100)


# A fault while an entry of a committed group is settled.


async def _in_one_group(hookline: Gateway, count: int) -> list[Published | BaseException]:
    """All of them are queued before the first commit begins."""
    await hookline.engine.core.opened.directory.at_least(ALICE)
    publishing = (hookline.publish(b"%d" % n) for n in range(count))
    return await asyncio.gather(*publishing, return_exceptions=True)


def _hit(event: object, *_: object) -> bool:
    return getattr(event, "data", b"") == b"3"


async def test_a_fault_while_one_of_a_group_is_handed_over_harms_no_neighbour(
    faulted: Gateway, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = faulted.delivering.hand
    await faulted.endpoint(receiver.url(), concurrency=100)
    monkeypatch.setattr(hand, "hand_over", _failing(hand.hand_over, 1, _hit))
    answers = await _in_one_group(faulted, 8)
    assert [isinstance(answer, ZeroDivisionError) for answer in answers].count(True) == 1
    assert isinstance(answers[3], ZeroDivisionError)
    assert _faults(faulted) == ["publisher"]
    for answer in answers:
        if isinstance(answer, Published):
            await faulted.until_state(answer, State.DELIVERED)
    assert len(receiver.got) == 7


async def test_the_one_that_had_the_fault_is_stored_and_sent_after_a_restart_at_latest(
    env: dict[str, str], clock: ManualClock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = env | {"HOOKLINE_LEASE": "15s", "HOOKLINE_HEARTBEAT": "3s"}
    async with gateway(quick, clock) as first:
        await first.tenants()
        await first.endpoint(receiver.url(), concurrency=100)
        hand = first.delivering.hand
        monkeypatch.setattr(hand, "hand_over", _failing(hand.hand_over, 1, _hit))
        answers = await _in_one_group(first, 8)
        for answer in answers:
            if isinstance(answer, Published):
                await first.until_state(answer, State.DELIVERED)
        events = await first.store.events.list(ALICE, limit=100)
        assert len(events.items) == 8
        await first.turn(9)
    async with gateway(quick, clock) as second:
        if not second.engine.core.opened.alone:
            await second.engine.core.opened.nodes.take_over(second.delivering.node.id, alone=True)
        await second.turn_until(lambda: len(receiver.got) == 8)
    assert {got.id for got in receiver.got} == {event.id for event in events.items}


async def test_a_fault_in_what_is_told_of_one_event_harms_neither_it_nor_its_neighbours(
    faulted: Gateway, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    telemetry = faulted.engine.core.telemetry
    await faulted.endpoint(receiver.url(), concurrency=100)

    def received(emission: object) -> bool:
        return type(emission).__name__ == "EventReceived"

    monkeypatch.setattr(telemetry, "emit", _failing(telemetry.emit, 1, received))
    answers = await _in_one_group(faulted, 8)
    assert _faults(faulted) == ["publisher"]
    for answer in answers:
        assert isinstance(answer, Published)
        await faulted.until_state(answer, State.DELIVERED)
    assert len(receiver.got) == 8
    await until(faulted.idle)


async def test_what_waits_of_a_neighbour_is_sent_too(
    faulted: Gateway, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ordered endpoint takes nothing in hand: its rows wait in the database, and somebody must hear of them."""
    hand = faulted.delivering.hand
    await faulted.endpoint(receiver.url(), order=Order.ENDPOINT)
    monkeypatch.setattr(hand, "waiting", _failing(hand.waiting, 1))
    answers = await _in_one_group(faulted, 5)
    assert isinstance(answers[0], ZeroDivisionError)
    assert all(isinstance(answer, Published) for answer in answers[1:])
    await faulted.turn_until(lambda: len(receiver.got) == 5)
    await until(faulted.idle)
