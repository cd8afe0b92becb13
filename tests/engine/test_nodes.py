"""Several nodes on one PostgreSQL, and one node over its restarts."""

import asyncio
from contextlib import AsyncExitStack

import msgspec
import pytest
from sqlalchemy import select, update

from hookline.app import Roles
from hookline.clock import SECOND, Micros
from hookline.model.attempt import Cause
from hookline.model.delivery import State
from hookline.model.endpoint import Order
from hookline.model.ids import EventId, NodeId
from hookline.model.retry import Schedule
from hookline.storage.schema import nodes
from tests.clock import ManualClock
from tests.engine.faults import Faulty
from tests.engine.gateway import ALICE, Gateway, gateway, until
from tests.engine.receivers import Receiver

QUICK = Schedule(delays=(0.0, 5.0, 5.0), jitter=0.0)
SHORT = {"HOOKLINE_LEASE": "15s", "HOOKLINE_HEARTBEAT": "3s"}


async def _by_hand(clock: ManualClock, *gateways: Gateway) -> None:
    """From now on the test beats the heart."""
    for one in gateways:
        node = one.delivering.node
        node._lease = msgspec.structs.replace(node._lease, heartbeat=1e9)
    clock.turn(3)  # those beats were due before
    await gateways[0].breathe(20)


async def _beat(clock: ManualClock, *gateways: Gateway, seconds: int) -> None:
    """For so long, every three seconds."""
    for _ in range(0, seconds, 3):
        clock.turn(3)
        for one in gateways:
            await one.delivering.node._beat()


async def _silence(hookline: Gateway, node: NodeId) -> None:
    """As if its heartbeats had not reached the database for longer than its lease."""
    ago = 60 * SECOND
    change = update(nodes).where(nodes.c.id == node).values(heartbeat_at=nodes.c.heartbeat_at - ago)
    await hookline.store.database.write(lambda connection: connection.execute(change))


async def _nodes(hookline: Gateway) -> list[str]:
    return await hookline.store.database.read(
        lambda connection: [row[0] for row in connection.execute(select(nodes.c.id))]
    )


async def test_what_one_node_publishes_another_that_works_delivers(
    postgres_env: dict[str, str], clock: ManualClock, receiver: Receiver
) -> None:
    """A node that only publishes takes nothing in hand: it tells the others."""
    async with (
        gateway(postgres_env, clock, roles=Roles(worker=False)) as publisher,
        gateway(postgres_env, clock) as worker,
    ):
        await publisher.tenants()
        await publisher.endpoint(receiver.url())
        published = await publisher.publish()
        assert (await publisher.delivery(published)).state is State.PENDING
        await worker.until_state(published, State.DELIVERED)
        assert await _nodes(publisher) == [worker.delivering.node.id]


async def test_a_worker_learns_of_endpoints_that_were_made_elsewhere_meanwhile(
    postgres_env: dict[str, str], clock: ManualClock, receiver: Receiver
) -> None:
    async with (
        gateway(postgres_env, clock, roles=Roles(worker=False)) as publisher,
        gateway(postgres_env, clock) as worker,
    ):
        await publisher.tenants()
        await publisher.endpoint(receiver.url("/first"), events=("call.*",))
        await worker.until_state(await publisher.publish(), State.DELIVERED)
        second = await publisher.endpoint(receiver.url("/second"), events=("other.*",))
        published = await publisher.publish(type="other.one")
        await worker.turn(2)
        await worker.until_state(published, State.DELIVERED, published.matched.index(second.id))


async def test_an_event_is_matched_against_what_another_node_committed_before(
    postgres_env: dict[str, str], clock: ManualClock, receiver: Receiver
) -> None:
    async with gateway(postgres_env, clock) as one, gateway(postgres_env, clock) as two:
        await one.tenants()
        endpoint = await one.endpoint(receiver.url())
        assert (await two.publish()).matched == (endpoint.id,)
        for _ in range(3):
            other = await one.endpoint(receiver.url())
            assert other.id in (await two.publish()).matched
            await one.store.endpoints.delete(ALICE, other.id, clock.now())
            assert (await two.publish()).matched == (endpoint.id,)


async def test_64_publishers_of_one_key_on_two_nodes_get_one_event_that_is_delivered_once(
    postgres_env: dict[str, str], clock: ManualClock, receiver: Receiver
) -> None:
    async with gateway(postgres_env, clock) as one, gateway(postgres_env, clock) as two:
        await one.tenants()
        await one.endpoint(receiver.url())
        answers = await asyncio.gather(*((one, two)[n % 2].publish(idempotency_key="k") for n in range(64)))
        assert len({answer.event_id for answer in answers}) == 1
        assert sum(answer.duplicate for answer in answers) == 63
        await one.until_state(answers[0], State.DELIVERED)
        assert len(receiver.got) == 1


async def test_an_ordered_endpoint_is_in_order_over_two_nodes(
    postgres_env: dict[str, str], clock: ManualClock, receiver: Receiver
) -> None:
    async with gateway(postgres_env, clock) as one, gateway(postgres_env, clock) as two:
        await one.tenants()
        await one.endpoint(receiver.url(), order=Order.ENDPOINT)
        published = [await (one, two)[n % 2].publish(b"%d" % n) for n in range(10)]
        await one.turn_until(lambda: len(receiver.got) == 10)
        assert [got.id for got in receiver.got] == [one_.event_id for one_ in published]
        assert receiver.most_at_once == 1


async def test_only_the_owner_sends_to_a_failing_endpoint(
    postgres_env: dict[str, str], clock: ManualClock, receiver: Receiver
) -> None:
    """Two nodes must not both probe: what the other publishes waits for the owner."""
    receiver.says(503)
    async with gateway(postgres_env, clock) as one, gateway(postgres_env, clock) as two:
        await one.tenants()
        endpoint = await one.endpoint(receiver.url())
        for _ in range(3):
            await one.until_tried(await one.publish(), 1)
        await one.turn(0.5)
        await two.turn_until(lambda: (ALICE, endpoint.id) in two.delivering.claimer.foreign)
        receiver.got.clear()
        waiting = [await two.publish() for _ in range(20)]
        await two.breathe(20)
        assert len(receiver.got) <= 1
        receiver.says(200)
        await one.turn_until(lambda: len(receiver.got) >= len(waiting))
        states = {(await one.delivery(published)).state for published in waiting}
        assert states <= {State.DELIVERED, State.SENDING}


async def test_a_silent_node_is_taken_over_and_its_late_results_are_refused(
    postgres_env: dict[str, str], clock: ManualClock, receiver: Receiver
) -> None:
    receiver.hangs()
    async with gateway(postgres_env | SHORT, clock) as one, gateway(postgres_env | SHORT, clock) as two:
        await _by_hand(clock, one, two)
        await one.tenants()
        await one.endpoint(receiver.url())
        published = await one.publish()
        await until(lambda: len(receiver.got) == 1)
        first_id = one.delivering.node.id
        await _beat(clock, one, two, seconds=15)
        await _silence(one, first_id)
        await two.delivering.node._beat()
        taken = await one.until_tried(published, 1)
        assert taken.attempts[0].exchange.cause is Cause.INTERRUPTED
        await until(lambda: len(receiver.got) == 2)
        receiver.go_on()
        done = await two.until_state(published, State.DELIVERED)
        assert [attempt.number for attempt in done.attempts] == [1, 2]
        await one.delivering.node._beat()
        await until(one.idle)
        assert one.delivering.node.id != first_id
        assert (await two.detail(published)).attempts == done.attempts
        again = await one.publish()
        await one.until_state(again, State.DELIVERED)
        assert [line["what"] for line in one.lines + two.lines].count("NodeTakenOver") == 1


async def test_nobody_takes_over_before_it_was_steady_for_a_full_lease(
    postgres_env: dict[str, str], clock: ManualClock
) -> None:
    """After an outage of the database every heartbeat looks stale."""
    async with gateway(postgres_env | SHORT, clock) as one:
        await _by_hand(clock, one)
        stranger = NodeId("nod_silent")
        await one.engine.core.opened.nodes.register(
            stranger, name="n", lease=Micros(15 * SECOND), watermark=EventId("evt_")
        )
        await _silence(one, stranger)
        await _beat(clock, one, seconds=9)
        assert stranger in await _nodes(one)
        clock.turn(9)  # a beat that comes so late is an outage
        await _beat(clock, one, seconds=15)
        assert stranger in await _nodes(one)
        await _beat(clock, one, seconds=3)
        assert stranger not in await _nodes(one)


async def test_no_exchange_begins_after_the_lease(
    postgres_env: dict[str, str], clock: ManualClock, receiver: Receiver
) -> None:
    async with gateway(postgres_env | SHORT, clock) as one:
        await one.tenants()
        await one.endpoint(receiver.url())
        one.delivering.worker.lease_until = clock.monotonic()
        published = await one.publish()
        await one.breathe()
        assert receiver.got == []
        assert (await one.delivery(published)).state is not State.DELIVERED
        await one.turn(4)
        await one.until_state(published, State.DELIVERED)


async def test_what_was_stored_after_the_take_over_is_sent_by_the_node_under_its_new_id(
    postgres_env: dict[str, str], clock: ManualClock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was stored, and acknowledged, while the lease was running out; whoever took over did not see it."""
    async with gateway(postgres_env | SHORT, clock) as one:
        await one.tenants()
        await one.endpoint(receiver.url())
        with monkeypatch.context() as patched:
            patched.setattr(one.delivering.worker, "pump", lambda: None)
            published = await one.publish()
        assert one.delivering.worker.lanes.in_hand == 1
        mine = nodes.delete().where(nodes.c.id == one.delivering.node.id)
        await one.store.database.write(lambda connection: connection.execute(mine))
        await one.turn_until(lambda: bool(receiver.got))
        await one.until_state(published, State.DELIVERED)


async def test_a_graceful_stop_hands_back_what_does_not_finish(
    env: dict[str, str], clock: ManualClock, receiver: Receiver
) -> None:
    receiver.hangs()
    async with gateway(env, clock) as first:
        await first.tenants()
        await first.endpoint(receiver.url(), concurrency=2)
        published = [await first.publish() for _ in range(5)]
        await until(lambda: len(receiver.got) >= 1)
        node = first.delivering.node.id
    assert [line["what"] for line in first.lines][-2:] == ["NodeStopping", "NodeStopped"]
    assert first.told("NodeStopped")[0]["released"] == 5
    receiver.go_on()
    async with gateway(env, clock) as second:
        assert node not in await _nodes(second)
        details = [await second.until_state(one, State.DELIVERED) for one in published]
    interrupted = [one for one in details if one.attempts[0].exchange.cause is Cause.INTERRUPTED]
    assert 1 <= len(interrupted) <= 2
    assert all(one.delivery.interruptions == 0 for one in details)
    assert all([a.number for a in one.attempts] == list(range(1, len(one.attempts) + 1)) for one in details)


async def test_a_graceful_stop_lets_an_exchange_finish(
    env: dict[str, str], clock: ManualClock, receiver: Receiver
) -> None:
    receiver.hangs()
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(gateway(env | {"HOOKLINE_GRACE": "10"}, clock))
        await first.tenants()
        await first.endpoint(receiver.url())
        published = await first.publish()
        await until(lambda: len(receiver.got) == 1)
        closing = asyncio.create_task(stack.aclose())
        await asyncio.sleep(0.05)
        receiver.go_on()
        await closing
    async with gateway(env, clock) as second:
        assert (await second.delivery(published)).state is State.DELIVERED
        assert len((await second.detail(published)).attempts) == 1
    assert len(receiver.got) == 1


@pytest.mark.parametrize("losses", [1, 2])
async def test_what_a_lost_claim_took_is_released_by_the_heartbeat(
    env: dict[str, str], clock: ManualClock, receiver: Receiver, losses: int
) -> None:
    faulty = Faulty()
    receiver.says_in_turn(500, 200)
    async with gateway(env, clock, wrap=faulty.over) as hookline:
        await hookline.tenants()
        await hookline.endpoint(receiver.url(), retry=QUICK)
        published = await hookline.publish()
        await hookline.until_tried(published, 1)
        faulty.after("claim", *[TimeoutError("the answer was lost")] * losses)
        await hookline.turn(20)
        done = await hookline.until_state(published, State.DELIVERED)
        assert [attempt.number for attempt in done.attempts] == [1, 2]
        assert len(receiver.got) == 2
