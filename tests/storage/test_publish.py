"""Publishing in groups: one transaction, one fate for each event, and no harm to its neighbours."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select

from hookline.clock import Micros
from hookline.model.delivery import Delivery
from hookline.model.event import Event
from hookline.model.ids import EventId, Ids, NodeId, TenantId
from hookline.storage.ledger import (
    GONE,
    STALE,
    STORED,
    Accepted,
    Duplicate,
    Fate,
    KeyConflict,
    Ledger,
    Stored,
)
from hookline.storage.nodes import Nodes
from hookline.storage.schema import deliveries, event_tags, events
from hookline.storage.store import Store
from tests.clock import ManualClock
from tests.storage.people import ALICE, STRANGER, a_tenant, rows
from tests.storage.traffic import EP, NODE, OTHER, a_delivery, an_event


class Publishing:
    """Makes events that are ready to be stored, and stores them."""

    def __init__(self, store: Store, ids: Ids, clock: ManualClock) -> None:
        self.store = store
        self._ids = ids
        self._clock = clock

    def event(self, tenant: TenantId = ALICE, **fields: Any) -> Event:
        key = fields.get("idempotency_key")
        fingerprint = fields.pop("body", b"same") if key else b""
        return an_event(self._ids, self._clock, tenant, fingerprint=fingerprint, **fields)

    async def accepted(
        self, event: Event, *, waiting: tuple[Delivery, ...] = (), in_hand: tuple[int, ...] = ()
    ) -> Accepted:
        version = await self.store.tenants.version(event.tenant_id)
        return Accepted(event=event, version=version, in_hand=in_hand, waiting=waiting)

    async def publish(self, *group: Event, ledger: Ledger | None = None, node: NodeId = NODE) -> list[Fate]:
        ready = [await self.accepted(event) for event in group]
        return list(await (ledger or self.store.ledger).publish(node, ready))

    async def stored(self, tenant: TenantId = ALICE) -> list[str]:
        return [
            row[0]
            for row in await rows(
                self.store, select(events.c.id).where(events.c.tenant_id == tenant).order_by(events.c.id)
            )
        ]


@pytest.fixture
def publishing(furnished: Store, ids: Ids, clock: ManualClock) -> Publishing:
    return Publishing(furnished, ids, clock)


async def test_what_is_in_hand_names_the_node_and_what_waits_is_a_row(publishing: Publishing) -> None:
    event = publishing.event(matched=(EP, "ep_2", "ep_3"))
    ready = await publishing.accepted(event, waiting=(a_delivery(event, 1),), in_hand=(0, 2))
    assert await publishing.store.ledger.publish(NODE, [ready]) == [STORED]
    assert await rows(publishing.store, select(events.c.node, events.c.in_hand)) == [(NODE, "[0,2]")]
    columns = (deliveries.c.id, deliveries.c.state, deliveries.c.owner, deliveries.c.seq)
    assert await rows(publishing.store, select(*columns)) == [
        (a_delivery(event, 1).id, "pending", None, None)
    ]


async def test_an_event_with_nothing_in_hand_names_no_node(publishing: Publishing) -> None:
    event = publishing.event(matched=())
    assert await publishing.publish(event) == [STORED]
    columns = (events.c.node, events.c.in_hand, events.c.matched)
    assert await rows(publishing.store, select(*columns)) == [(None, None, None)]


async def test_a_publisher_without_a_node_stores_what_waits(publishing: Publishing) -> None:
    event = publishing.event()
    ready = await publishing.accepted(event, waiting=(a_delivery(event, 0),))
    assert await publishing.store.ledger.publish(None, [ready]) == [STORED]
    assert await rows(publishing.store, select(deliveries.c.event_id)) == [(event.id,)]


async def test_nothing_is_taken_in_hand_for_a_node_that_was_taken_over(publishing: Publishing) -> None:
    """Or it would be in nobody's: whoever took over has looked already."""
    event, neighbour = publishing.event(), publishing.event(matched=())
    group = [await publishing.accepted(event, in_hand=(0,)), await publishing.accepted(neighbour)]
    assert await publishing.store.ledger.publish(NodeId("nod_gone"), group) == [STALE, STORED]
    assert await publishing.stored() == [neighbour.id]


async def test_the_same_key_and_body_is_the_same_event(publishing: Publishing) -> None:
    first, again = (publishing.event(idempotency_key="k") for _ in range(2))
    assert await publishing.publish(first) == [STORED]
    assert await publishing.publish(again) == [Duplicate(first.id)]
    assert await publishing.stored() == [first.id]


async def test_the_same_key_and_another_body_is_a_conflict(publishing: Publishing) -> None:
    first = publishing.event(idempotency_key="k")
    other = publishing.event(idempotency_key="k", body=b"other")
    await publishing.publish(first)
    assert await publishing.publish(other) == [KeyConflict(first.id)]
    assert await publishing.stored() == [first.id]


async def test_within_one_group_the_first_has_the_key_and_neighbours_are_unharmed(
    publishing: Publishing,
) -> None:
    free, first, again, other, last = (
        publishing.event(),
        publishing.event(idempotency_key="k"),
        publishing.event(idempotency_key="k"),
        publishing.event(idempotency_key="k", body=b"other"),
        publishing.event(idempotency_key="a"),
    )
    fates = await publishing.publish(free, first, again, other, last)
    assert fates == [STORED, STORED, Duplicate(first.id), KeyConflict(first.id), STORED]
    assert await publishing.stored() == [free.id, first.id, last.id]


async def test_a_duplicate_leaves_neither_deliveries_nor_tags(publishing: Publishing) -> None:
    first = publishing.event(idempotency_key="k", tags=("a",))
    await publishing.publish(first)
    again = publishing.event(idempotency_key="k", tags=("a", "b"))
    ready = await publishing.accepted(again, waiting=(a_delivery(again, 0),))
    assert await publishing.store.ledger.publish(NODE, [ready]) == [Duplicate(first.id)]
    assert await rows(publishing.store, select(deliveries.c.id)) == []
    assert await rows(publishing.store, select(event_tags.c.tag, event_tags.c.event_id)) == [("a", first.id)]


async def test_another_tenant_has_keys_of_its_own(publishing: Publishing) -> None:
    mine = publishing.event(idempotency_key="k")
    theirs = publishing.event(STRANGER, idempotency_key="k", body=b"other")
    assert await publishing.publish(mine, theirs) == [STORED, STORED]
    assert await publishing.publish(publishing.event(idempotency_key="k")) == [Duplicate(mine.id)]
    again = publishing.event(STRANGER, idempotency_key="k", body=b"other")
    assert await publishing.publish(again) == [Duplicate(theirs.id)]


async def test_64_concurrent_publishers_of_one_key_on_two_nodes_make_one_event(
    publishing: Publishing, other_ledger: Ledger
) -> None:
    ledgers = ((publishing.store.ledger, NODE), (other_ledger, OTHER))
    group = [publishing.event(idempotency_key="k") for _ in range(64)]
    fates = await asyncio.gather(
        *(
            publishing.publish(event, ledger=ledgers[n % 2][0], node=ledgers[n % 2][1])
            for n, event in enumerate(group)
        )
    )
    winner = next(event for event, fate in zip(group, fates, strict=True) if isinstance(fate[0], Stored))
    others = [fate for fate in fates if not isinstance(fate[0], Stored)]
    assert others == [[Duplicate(winner.id)]] * 63
    assert await publishing.stored() == [winner.id]


async def test_groups_of_two_nodes_with_the_same_keys_in_opposite_order_do_not_deadlock(
    publishing: Publishing, other_ledger: Ledger
) -> None:
    keys = [f"{chr(33 + 997 * n % 60_000)}{n}" for n in range(50)] + [f"k{n}" for n in range(950)]
    for round_ in range(3):
        one = [publishing.event(idempotency_key=f"{round_}{key}") for key in keys]
        two = [publishing.event(idempotency_key=f"{round_}{key}") for key in reversed(keys)]
        first, second = await asyncio.gather(
            publishing.publish(*one), publishing.publish(*two, ledger=other_ledger, node=OTHER)
        )
        assert sum(isinstance(fate, Stored) for fate in first + second) == len(keys)
        assert sum(isinstance(fate, Duplicate) for fate in first + second) == len(keys)


async def test_a_key_is_free_again_after_its_life(publishing: Publishing, clock: ManualClock) -> None:
    first = publishing.event(idempotency_key="k")
    await publishing.publish(first)
    clock.turn(7 * 86_400 + 1)
    again = publishing.event(idempotency_key="k", body=b"other")
    assert await publishing.publish(again) == [STALE]
    assert await publishing.publish(again) == [STORED]
    assert await publishing.publish(publishing.event(idempotency_key="k", body=b"other")) == [
        Duplicate(again.id)
    ]


async def test_what_was_matched_against_an_older_configuration_is_not_stored(publishing: Publishing) -> None:
    stale, theirs = publishing.event(), publishing.event(STRANGER)
    group = [await publishing.accepted(stale, in_hand=(0,)), await publishing.accepted(theirs)]
    await publishing.store.endpoints.disable(ALICE, EP, "why", Micros(0))
    assert await publishing.store.ledger.publish(NODE, group) == [STALE, STORED]
    assert await publishing.stored() == []
    again = await publishing.accepted(stale, in_hand=(0,))
    assert await publishing.store.ledger.publish(NODE, [again]) == [STORED]


@pytest.mark.parametrize("count", [1, 49, 50, 51, 249, 250, 251, 300])
async def test_a_group_of_any_size_is_stored_but_for_what_was_there(
    publishing: Publishing, count: int
) -> None:
    taken = publishing.event(idempotency_key="taken")
    await publishing.publish(taken)
    group = [publishing.event(idempotency_key=f"k{n}") for n in range(count)]
    group[-1] = publishing.event(idempotency_key="taken")
    fates = await publishing.publish(*group)
    assert fates == [STORED] * (count - 1) + [Duplicate(taken.id)]
    assert len(await publishing.stored()) == count


async def test_of_two_with_one_key_the_first_has_it_however_large_it_is(publishing: Publishing) -> None:
    def event(key: str, size: int) -> Event:
        return publishing.event(idempotency_key=key, data=b'"%b"' % (b"x" * size))

    one, two, three, four = event("a", 10), event("b", 100_000), event("b", 10), event("a", 100_000)
    assert await publishing.publish(one, two, three, four) == [
        STORED,
        STORED,
        Duplicate(two.id),
        Duplicate(one.id),
    ]


async def _disable(store: Store, clock: ManualClock) -> None:
    await store.endpoints.disable(ALICE, EP, "why", Micros(0))


async def _delete(store: Store, clock: ManualClock) -> None:
    await store.tenants.delete(ALICE, Micros(1))


async def _leave(store: Store, clock: ManualClock) -> None:
    await Nodes(store.database, clock).leave(NODE)


@pytest.mark.parametrize(("change", "fate"), [(_disable, STALE), (_delete, GONE), (_leave, STALE)])
async def test_what_was_read_of_tenant_and_node_is_read_again_after_a_change(
    publishing: Publishing,
    clock: ManualClock,
    change: Callable[[Store, ManualClock], Awaitable[None]],
    fate: Fate,
) -> None:
    """The last event before it went in with the same words."""
    ready = [await publishing.accepted(publishing.event(), in_hand=(0,)) for _ in range(3)]
    ledger = publishing.store.ledger
    assert await ledger.publish(NODE, ready[:1]) == [STORED]
    assert await ledger.publish(NODE, ready[1:2]) == [STORED]
    await change(publishing.store, clock)
    assert await ledger.publish(NODE, ready[2:]) == [fate]


async def test_a_tenant_that_was_asked_for_in_vain_is_found_when_he_is_there(publishing: Publishing) -> None:
    ready = await publishing.accepted(publishing.event())
    early = msgspec.structs.replace(ready.event, tenant_id=TenantId("carol"))
    accepted = msgspec.structs.replace(ready, event=early, version=1)
    assert await publishing.store.ledger.publish(NODE, [accepted]) == [GONE]
    await publishing.store.tenants.create(a_tenant("carol"))
    version = await publishing.store.tenants.version(TenantId("carol"))
    accepted = msgspec.structs.replace(accepted, version=version)
    assert await publishing.store.ledger.publish(NODE, [accepted]) == [STORED]


async def test_a_key_that_was_stored_before_counts_more_than_a_change_since(publishing: Publishing) -> None:
    first, again = (publishing.event(idempotency_key="k") for _ in range(2))
    await publishing.publish(first)
    ready = await publishing.accepted(again)
    await publishing.store.endpoints.disable(ALICE, EP, "why", Micros(0))
    assert await publishing.store.ledger.publish(NODE, [ready]) == [Duplicate(first.id)]


async def test_a_deleted_tenant_gets_nothing_and_its_neighbour_all(publishing: Publishing) -> None:
    mine, theirs = publishing.event(), publishing.event(STRANGER)
    group = [await publishing.accepted(mine), await publishing.accepted(theirs)]
    await publishing.store.tenants.delete(ALICE, Micros(1))
    assert await publishing.store.ledger.publish(NODE, group) == [GONE, STORED]
    assert await publishing.stored() == []
    nobody = msgspec.structs.replace(group[0].event, tenant_id=TenantId("nobody"))
    assert await publishing.store.ledger.publish(NODE, [msgspec.structs.replace(group[0], event=nobody)]) == [
        GONE
    ]


async def test_tags_are_stored_once_each(publishing: Publishing) -> None:
    event = publishing.event(tags=("b", "a", "b"))
    assert await publishing.publish(event) == [STORED]
    found = await rows(publishing.store, select(event_tags.c.tag).order_by(event_tags.c.tag))
    assert found == [("a",), ("b",)]


async def test_ordered_deliveries_rise_in_the_order_of_publishing_whatever_their_keys(
    publishing: Publishing,
) -> None:
    """Idempotency keys are sorted to avoid deadlocks: that must not sort the deliveries."""
    group = []
    for key in ("z", "m", None, "a"):
        event = publishing.event(idempotency_key=key)
        group.append(await publishing.accepted(event, waiting=(a_delivery(event, 0, order_key="o"),)))
    assert await publishing.store.ledger.publish(NODE, group) == [STORED] * 4
    later = publishing.event()
    ready = await publishing.accepted(later, waiting=(a_delivery(later, 0, order_key="o"),))
    await publishing.store.ledger.publish(NODE, [ready])
    by_seq = await rows(publishing.store, select(deliveries.c.event_id).order_by(deliveries.c.seq))
    assert [row[0] for row in by_seq] == [accepted.event.id for accepted in group] + [later.id]


async def test_a_group_of_hundreds_is_stored_whole(publishing: Publishing) -> None:
    group = [publishing.event(idempotency_key=f"k{n % 128}") for n in range(256)]
    fates = await publishing.publish(*group)
    assert [type(fate) for fate in fates] == [Stored] * 128 + [Duplicate] * 128
    ((count,),) = await rows(publishing.store, select(func.count()).select_from(events))
    assert count == 128


async def test_times_bytes_and_texts_come_back_as_they_went(publishing: Publishing) -> None:
    event = publishing.event(
        data=b'{"b": 1.0, "a": "\\u00e9\xc3\xa9"}',
        time=Micros(-1),
        order_key="o",
        failures={"ep_9": "why"},
        content_type="text/plain",
    )
    await publishing.publish(event)
    assert await publishing.store.events.get(ALICE, EventId(event.id)) == event
