"""Deliveries, on both databases: shown and listed, those in a node's hand too."""

import msgspec
import pytest
from sqlalchemy import delete

from hookline.clock import Micros
from hookline.errors import NotFound
from hookline.model.delivery import Delivery, DeliveryDetail, State
from hookline.model.event import Event
from hookline.model.ids import DeliveryId, EndpointId, EventId, Ids, NodeId, TenantId, delivery_id
from hookline.storage.filters import DeliveryFilter
from hookline.storage.ledger import Want
from hookline.storage.schema import nodes
from hookline.storage.store import Store
from tests.clock import ManualClock
from tests.storage.people import ALICE, STRANGER, settle_in
from tests.storage.traffic import (
    EP,
    NODE,
    a_delivery,
    an_attempt,
    an_event,
    finish,
    publish,
    start_node,
)

ALL = DeliveryFilter()


async def listed(
    store: Store, filters: DeliveryFilter = ALL, *, at_once: int = 50, tenant_id: TenantId = ALICE
) -> list[Delivery]:
    """The whole list, page by page."""
    found: list[Delivery] = []
    after = None
    while True:
        page = await store.deliveries.list(tenant_id, filters, after=after, limit=at_once)
        assert len(page.items) <= at_once
        found += page.items
        after = page.after
        if after is None:
            return found


async def as_stranger(store: Store, event: Event, *deliveries: Delivery) -> None:
    """The stranger has events and deliveries of the same ids."""
    theirs = [msgspec.structs.replace(delivery, tenant_id=STRANGER) for delivery in deliveries]
    await publish(store, msgspec.structs.replace(event, tenant_id=STRANGER), *theirs)


async def test_a_delivery_in_hand_is_shown_before_it_has_a_row(
    store: Store, clock: ManualClock, ids: Ids
) -> None:
    await settle_in(store)
    await start_node(store, clock)
    event = await publish(store, an_event(ids, clock, ALICE))
    shown = await store.deliveries.get(ALICE, delivery_id(event.id, 0))
    assert shown == DeliveryDetail(delivery=a_delivery(event, 0, State.SENDING), attempts=())


async def test_every_attempt_is_shown_whole_and_in_order(store: Store, clock: ManualClock, ids: Ids) -> None:
    await settle_in(store)
    await start_node(store, clock)
    event = await publish(store, an_event(ids, clock, ALICE))
    delivery = await finish(store, a_delivery(event, 0), status=500)
    later = Micros(clock.now() + 10**9)
    for status in (503, 200):
        await store.ledger.claim(NODE, [Want(lane=(ALICE, EP), count=1)], later)
        delivery = await finish(store, delivery, fresh=False, status=status)
    shown = await store.deliveries.get(ALICE, delivery.id)
    assert shown.delivery == delivery
    assert shown.attempts == (an_attempt(1, 500), an_attempt(2, 503), an_attempt(3, 200))


async def test_a_promise_ends_with_its_node_and_behind_its_watermark(
    store: Store, clock: ManualClock, ids: Ids
) -> None:
    await settle_in(store)
    node = await start_node(store, clock)
    event = await publish(store, an_event(ids, clock, ALICE))
    newer = await publish(store, an_event(ids, clock, ALICE))
    gone = delivery_id(event.id, 0)
    await node.heartbeat(NODE, newer.id)
    with pytest.raises(NotFound):
        await store.deliveries.get(ALICE, gone)
    assert [delivery.event_id for delivery in await listed(store)] == [newer.id]
    await store.database.write(lambda connection: connection.execute(delete(nodes)))
    assert await listed(store) == []


async def test_what_no_node_has_in_hand_is_absent(store: Store, clock: ManualClock, ids: Ids) -> None:
    await settle_in(store)
    await start_node(store, clock)
    event = await publish(store, an_event(ids, clock, ALICE))
    stem = event.id.removeprefix("evt_")
    for junk in (
        f"dlv_{stem}_1",
        f"dlv_{stem}_",
        f"dlv_{stem}_٣",
        f"dlv_{stem}",
        "dlv_",
        "",
        "x_0",
        f"ep_{stem}_0",
    ):
        with pytest.raises(NotFound, match="There is no delivery"):
            await store.deliveries.get(ALICE, DeliveryId(junk))


async def test_a_stranger_sees_and_moves_nothing(store: Store, clock: ManualClock, ids: Ids) -> None:
    await settle_in(store)
    await start_node(store, clock)
    event = an_event(ids, clock, ALICE, ("ep_1", "ep_2"))
    await publish(store, event, a_delivery(event, 0))
    for place in range(2):
        own = delivery_id(event.id, place)
        for verb in (
            store.deliveries.get(STRANGER, own),
            store.deliveries.retry(STRANGER, own, clock.now()),
            store.deliveries.cancel(STRANGER, own, clock.now()),
        ):
            with pytest.raises(NotFound, match=f"There is no delivery '{own}'"):
                await verb
    assert await listed(store, tenant_id=STRANGER) == []
    assert await listed(store, DeliveryFilter(event_id=event.id), tenant_id=STRANGER) == []
    assert (await store.deliveries.get(ALICE, delivery_id(event.id, 0))).delivery == a_delivery(event, 0)


@pytest.mark.parametrize("at_once", [1, 2, 3, 7, 50])
async def test_pages_of_rows_and_of_what_is_in_hand_join_without_gap_or_repeat(
    store: Store, clock: ManualClock, ids: Ids, at_once: int
) -> None:
    await settle_in(store)
    await start_node(store, clock)
    expected: list[DeliveryId] = []
    for number in range(6):
        width = (0, 1, 5, 2, 5, 3)[number]
        event = an_event(ids, clock, ALICE, [f"ep_{place}" for place in range(width)])
        rows = [a_delivery(event, place) for place in range(width) if (place + number) % 2]
        await publish(store, event, *rows)
        await as_stranger(store, event, *rows[:1])
        if number == 4:
            await finish(store, a_delivery(event, 2))
        expected += [delivery_id(event.id, place) for place in range(width)]
        clock.turn(1)
    found = await listed(store, at_once=at_once)
    assert [delivery.id for delivery in found] == expected[::-1]
    assert {delivery.tenant_id for delivery in found} == {ALICE}


async def test_the_list_of_what_is_sending_has_rows_and_promises(
    store: Store, clock: ManualClock, ids: Ids
) -> None:
    await settle_in(store)
    await start_node(store, clock)
    claimed = an_event(ids, clock, ALICE)
    await publish(store, claimed, a_delivery(claimed, 0))
    await store.ledger.claim(NODE, [Want(lane=(ALICE, EP), count=1)], clock.now())
    ended = await publish(store, an_event(ids, clock, ALICE))
    await finish(store, a_delivery(ended, 0))
    half_ended = await publish(store, an_event(ids, clock, ALICE, ("ep_1", "ep_2")))
    await finish(store, a_delivery(half_ended, 0))
    in_hand = await publish(store, an_event(ids, clock, ALICE))
    sending = await listed(store, DeliveryFilter(state=State.SENDING), at_once=1)
    expected = [delivery_id(in_hand.id, 0), delivery_id(half_ended.id, 1), delivery_id(claimed.id, 0)]
    assert [delivery.id for delivery in sending] == expected
    others = [found for state in State if state is not State.SENDING for found in await _in(store, state)]
    assert [delivery.event_id for delivery in others] == [half_ended.id, ended.id]


async def _in(store: Store, state: State) -> list[Delivery]:
    return await listed(store, DeliveryFilter(state=state))


async def test_lists_narrow_by_every_filter_rows_and_promises_alike(
    store: Store, clock: ManualClock, ids: Ids
) -> None:
    await settle_in(store)
    await start_node(store, clock)
    start = clock.now()
    made: list[EventId] = []
    for kind, tags, row in (("a", ("x",), True), ("a", (), False), ("b", ("x", "y"), False), ("b", (), True)):
        event = an_event(ids, clock, ALICE, ("ep_1", "ep_2"), type=kind, tags=tags)
        await publish(store, event, *([a_delivery(event, 0), a_delivery(event, 1)] if row else []))
        await as_stranger(store, event)
        made.append(event.id)
        clock.turn(600)

    async def numbers(**wanted: object) -> list[int]:
        found = await listed(store, DeliveryFilter(**wanted))  # type: ignore[arg-type]
        assert {delivery.tenant_id for delivery in found} <= {ALICE}
        return [made.index(delivery.event_id) for delivery in found]

    ten = 600_000_000
    assert await numbers(event_type="a") == [1, 1, 0, 0]
    assert await numbers(tag="x") == [2, 2, 0, 0]
    assert await numbers(event_id=made[0]) == [0, 0]
    assert await numbers(event_id=made[1]) == [1, 1]
    assert await numbers(endpoint_id=EndpointId("ep_2")) == [3, 2, 1, 0]
    assert await numbers(endpoint_id=EndpointId("ep_")) == []
    assert await numbers(since=start + ten, until=start + 3 * ten) == [2, 2, 1, 1]
    assert await numbers(event_type="b", tag="y", state=State.SENDING, endpoint_id=EP) == [2]
    assert await numbers(state=State.PENDING) == [3, 3, 0, 0]


async def test_a_status_class_is_that_of_the_last_answer(store: Store, clock: ManualClock, ids: Ids) -> None:
    await settle_in(store)
    await start_node(store, clock)
    for status in (200, 404, 499, 500):
        event = await publish(store, an_event(ids, clock, ALICE))
        await finish(store, a_delivery(event, 0), status=status)
    await publish(store, an_event(ids, clock, ALICE))
    found = [
        [delivery.last_status for delivery in await listed(store, DeliveryFilter(status_class=hundreds))]
        for hundreds in (2, 3, 4, 5)
    ]
    assert found == [[200], [], [499, 404], [500]]


async def test_another_nodes_promises_are_shown_too(store: Store, clock: ManualClock, ids: Ids) -> None:
    await settle_in(store)
    other = NodeId("nod_2")
    await start_node(store, clock)
    await start_node(store, clock, node=other, watermark="evt_zzz")
    mine = await publish(store, an_event(ids, clock, ALICE))
    await publish(store, an_event(ids, clock, ALICE), node=other)  # behind its watermark: it is done with it
    assert [delivery.event_id for delivery in await listed(store)] == [mine.id]
