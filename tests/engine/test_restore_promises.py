"""A restored backup holds what its nodes had in hand too: nothing is lost, nothing is sent twice unasked."""

import msgspec
import pytest
from sqlalchemy import select

from hookline.clock import SECOND, Micros
from hookline.config import load
from hookline.core import location_of
from hookline.model.attempt import Attempt, Cause, Exchange
from hookline.model.delivery import Delivery, State
from hookline.model.event import Event
from hookline.model.ids import EndpointId, EventId, Ids, NodeId, TenantId, delivery_id
from hookline.storage.endpoints import Held
from hookline.storage.ledger import STORED, Accepted, Result, Want
from hookline.storage.open import Opened, open_store
from hookline.storage.restore import REASON, hold_waiting
from hookline.storage.schema import nodes
from hookline.vault import Vault, load_keys
from tests.clock import ManualClock
from tests.engine.gateway import ALICE, STRANGER, Gateway, gateway
from tests.engine.receivers import Receiver

OLD = NodeId("nod_old")
HOLD = {"HOOKLINE_RESTORE_HOLD": "on"}


class Backup:
    """What a backup knows of a node that was at work when it was taken."""

    def __init__(self, opened: Opened, endpoint: dict[TenantId, EndpointId], clock: ManualClock) -> None:
        self._opened = opened
        self._endpoint = endpoint
        self._clock = clock
        self._ids = Ids(clock)

    async def promised(self, tenant: TenantId = ALICE) -> Event:
        """In hand, without a row: whether it was sent, the backup does not know."""
        return await self._publish(tenant, in_hand=True)

    async def waiting(self, tenant: TenantId = ALICE) -> Event:
        return await self._publish(tenant, in_hand=False)

    async def claimed(self) -> Event:
        event = await self.waiting()
        want = Want(lane=(ALICE, self._endpoint[ALICE]), count=1)
        (one,) = await self._opened.store.ledger.claim(OLD, [want], self._clock.now())
        assert one.delivery.event_id == event.id
        return event

    async def delivered(self) -> Event:
        """It was in hand too, but its result was written before the backup was taken."""
        event = await self.promised()
        done = msgspec.structs.replace(
            self._delivery(event),
            state=State.DELIVERED,
            due_at=None,
            attempts=1,
            finished_at=event.accepted_at,
        )
        attempt = Attempt(number=1, at=event.accepted_at, url="", exchange=Exchange(status=200))
        assert not await self._opened.store.ledger.record(
            OLD, [Result(delivery=done, attempt=attempt, fresh=True)]
        )
        return event

    async def _publish(self, tenant: TenantId, *, in_hand: bool) -> Event:
        now, store = self._clock.now(), self._opened.store
        event = Event(
            id=self._ids.event(),
            tenant_id=tenant,
            type="call.started",
            data=b"{}",
            time=now,
            accepted_at=now,
            matched=(self._endpoint[tenant],),
        )
        accepted = Accepted(
            event=event,
            version=await store.tenants.version(tenant),
            in_hand=(0,) if in_hand else (),
            waiting=() if in_hand else (self._delivery(event),),
        )
        assert await store.ledger.publish(OLD, [accepted]) == [STORED]
        return event

    @staticmethod
    def _delivery(event: Event) -> Delivery:
        return Delivery(
            id=delivery_id(event.id, 0),
            tenant_id=event.tenant_id,
            event_id=event.id,
            endpoint_id=event.matched[0],
            event_type=event.type,
            state=State.PENDING,
            due_at=event.accepted_at,
            created_at=event.accepted_at,
        )


async def _endpoints(
    env: dict[str, str], clock: ManualClock, receiver: Receiver
) -> dict[TenantId, EndpointId]:
    async with gateway(env, clock) as hookline:
        await hookline.tenants()
        return {
            tenant: (await hookline.endpoint(receiver.url(f"/{tenant}"), tenant)).id
            for tenant in (ALICE, STRANGER)
        }


async def _opened(env: dict[str, str], clock: ManualClock) -> Opened:
    settings = load(env)
    return await open_store(location_of(settings), Vault(load_keys(settings)), clock)


async def _states(hookline: Gateway, *of: Event) -> list[State]:
    details = [await hookline.detail(event.id, tenant=event.tenant_id) for event in of]
    return [one.delivery.state for one in details]


async def _decide(hookline: Gateway, endpoint: EndpointId, held: Held) -> None:
    await hookline.store.endpoints.enable(ALICE, endpoint, held, hookline.clock.now())
    while await hookline.store.endpoints.settle_inactive(hookline.clock.now(), 100):
        pass
    hookline.engine.wake()


class Restored:
    """One of each kind, and one of a stranger's."""

    def __init__(self, env: dict[str, str], endpoint: EndpointId, *events: Event) -> None:
        self.env = env
        self.endpoint = endpoint
        self.delivered, self.promised, self.claimed, self.waiting, self.strangers = events

    @property
    def mine(self) -> tuple[Event, ...]:
        """Those of Alice that are held."""
        return (self.promised, self.claimed, self.waiting)

    @property
    def held(self) -> tuple[Event, ...]:
        return (*self.mine, self.strangers)


@pytest.fixture
async def restored(env: dict[str, str], clock: ManualClock, receiver: Receiver) -> Restored:
    endpoint = await _endpoints(env, clock, receiver)
    opened = await _opened(env, clock)
    lease = Micros(15 * SECOND)
    await opened.nodes.register(OLD, name="old", lease=lease, watermark=EventId("evt_"))
    backup = Backup(opened, endpoint, clock)
    claimed = await backup.claimed()  # first: a claim takes the oldest
    events = (
        await backup.delivered(),
        await backup.promised(),
        claimed,
        await backup.waiting(),
        await backup.promised(STRANGER),
    )
    await opened.close()
    return Restored(env, endpoint[ALICE], *events)


async def test_what_an_old_node_had_in_hand_is_held_with_the_rest_and_nothing_is_sent(
    restored: Restored, clock: ManualClock, receiver: Receiver
) -> None:
    async with gateway(restored.env | HOLD, clock) as hookline:
        await hookline.turn(120, step=5)
        assert await _states(hookline, *restored.held) == [State.HELD] * 4
        assert await _states(hookline, restored.delivered) == [State.DELIVERED]
        assert [line["deliveries"] for line in hookline.told("RestoreHeld")] == [4]
        known = await hookline.store.database.read(lambda c: list(c.execute(select(nodes.c.id)).scalars()))
        assert known == [hookline.delivering.node.id]
        assert receiver.got == []
        for event in restored.held:
            detail = await hookline.detail(event.id, tenant=event.tenant_id)
            assert detail.delivery.reason == REASON
            assert [one.number for one in detail.attempts] == list(range(1, detail.delivery.attempts + 1))
        cut_off = (await hookline.detail(restored.promised.id)).attempts
        assert [one.exchange.cause for one in cut_off] == [Cause.INTERRUPTED]


async def test_released_each_is_sent_once_and_that_of_others_stays(
    restored: Restored, clock: ManualClock, receiver: Receiver
) -> None:
    async with gateway(restored.env | HOLD, clock) as hookline:
        await _decide(hookline, restored.endpoint, Held.RELEASE)
        await hookline.turn_until(lambda: len(receiver.got) >= 3)
        await hookline.turn(60, step=5)
        assert await _states(hookline, *restored.mine) == [State.DELIVERED] * 3
        assert await _states(hookline, restored.strangers) == [State.HELD]
    assert sorted(got.id for got in receiver.got) == sorted(event.id for event in restored.mine)


async def test_cancelled_none_is_ever_sent(
    restored: Restored, clock: ManualClock, receiver: Receiver
) -> None:
    async with gateway(restored.env | HOLD, clock) as hookline:
        await _decide(hookline, restored.endpoint, Held.CANCEL)
        await hookline.turn(60, step=5)
        assert await _states(hookline, *restored.mine) == [State.CANCELLED] * 3
    assert receiver.got == []


async def test_what_is_held_stays_so_over_a_start_without_the_switch(
    restored: Restored, clock: ManualClock, receiver: Receiver
) -> None:
    async with gateway(restored.env | HOLD, clock):
        pass
    async with gateway(restored.env, clock) as hookline:
        await hookline.turn(120, step=5)
        assert await _states(hookline, *restored.held) == [State.HELD] * 4
    assert receiver.got == []


async def test_a_second_start_with_the_switch_changes_nothing(
    restored: Restored, clock: ManualClock, receiver: Receiver
) -> None:
    for held in (4, 0):
        async with gateway(restored.env | HOLD, clock) as hookline:
            await hookline.breathe(1)
            assert [line["deliveries"] for line in hookline.told("RestoreHeld")] == [held]
            assert await _states(hookline, *restored.held) == [State.HELD] * 4
            assert (await hookline.detail(restored.promised.id)).delivery.attempts == 1
    assert receiver.got == []


async def test_what_is_published_from_then_on_is_delivered_as_always(
    restored: Restored, clock: ManualClock, receiver: Receiver
) -> None:
    async with gateway(restored.env | HOLD, clock) as hookline:
        published = await hookline.publish()
        await hookline.until_state(published, State.DELIVERED)
        await hookline.turn(60, step=5)
    assert [got.id for got in receiver.got] == [published.event_id]


async def test_without_the_switch_all_of_it_is_sent_and_nothing_else(
    restored: Restored, clock: ManualClock, receiver: Receiver
) -> None:
    async with gateway(restored.env, clock) as hookline:
        if not hookline.engine.core.opened.alone:
            await hookline.engine.core.opened.nodes.take_over(hookline.delivering.node.id, alone=True)
        await hookline.turn_until(lambda: len(receiver.got) >= 4)
        await hookline.turn(60, step=5)
        assert await _states(hookline, *restored.held) == [State.DELIVERED] * 4
    assert sorted(got.id for got in receiver.got) == sorted(event.id for event in restored.held)


async def test_however_many_wait_all_are_held_a_bounded_number_at_a_time(
    env: dict[str, str], clock: ManualClock, receiver: Receiver
) -> None:
    endpoint = await _endpoints(env, clock, receiver)
    opened = await _opened(env, clock)
    backup = Backup(opened, endpoint, clock)
    events = [await backup.waiting() for _ in range(5)]
    counts = [await hold_waiting(opened.store.database, 2) for _ in range(4)]
    assert counts == [2, 2, 1, 0]
    for event in events:
        detail = await opened.store.deliveries.get(ALICE, delivery_id(event.id, 0))
        assert (detail.delivery.state, detail.delivery.due_at) == (State.HELD, None)
    await opened.close()
