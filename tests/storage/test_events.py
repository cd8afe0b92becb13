"""Events, on both databases."""

import msgspec
import pytest

from hookline.clock import Micros
from hookline.errors import NotFound
from hookline.model.delivery import State
from hookline.model.event import Event
from hookline.model.ids import EventId, Ids
from hookline.storage.store import Store
from tests.clock import ManualClock
from tests.storage.people import ALICE, STRANGER, settle_in
from tests.storage.traffic import a_delivery, an_event, finish, publish, start_node


def as_stranger(event: Event, **fields: object) -> Event:
    """The stranger's event of the same id."""
    return msgspec.structs.replace(event, tenant_id=STRANGER, **fields)


async def test_an_event_reads_as_it_was_published(store: Store, clock: ManualClock, ids: Ids) -> None:
    await settle_in(store)
    event = an_event(
        ids,
        clock,
        ALICE,
        ("ep_1", "ep_2"),
        data=b'{ "b":1.0,\r\n"a":"\\u00e9\xc3\xa9" }',
        content_type="application/x-own",
        time=Micros(5),
        idempotency_key="once",
        fingerprint=b"\x00\xff",
        order_key="k",
        tags=("vip", "größe"),
        failures={"ep_3": "no such field"},
    )
    await publish(store, event)
    await publish(store, as_stranger(event, data=b"theirs"))
    assert await store.events.get(ALICE, event.id) == event
    assert (await store.events.get(STRANGER, event.id)).data == b"theirs"


async def test_a_stranger_sees_no_event_and_none_of_its_deliveries(
    store: Store, clock: ManualClock, ids: Ids
) -> None:
    await settle_in(store)
    await start_node(store, clock)
    event = await publish(store, an_event(ids, clock, ALICE, ("ep_1", "ep_2"), tags=("vip",)))
    for verb in (store.events.get(STRANGER, event.id), store.events.deliveries(STRANGER, event.id)):
        with pytest.raises(NotFound, match=f"There is no event '{event.id}'"):
            await verb
    assert (await store.events.list(STRANGER, limit=9)).items == ()
    assert (await store.events.list(STRANGER, tag="vip", limit=9)).items == ()


async def test_a_malformed_id_is_simply_absent(store: Store) -> None:
    await settle_in(store)
    for junk in ("", "evt_", "evt__", "%", "dlv_x_1", "é" * 300):
        with pytest.raises(NotFound):
            await store.events.get(ALICE, EventId(junk))
        with pytest.raises(NotFound):
            await store.events.deliveries(ALICE, EventId(junk))


async def test_the_newest_come_first_and_pages_join(store: Store, clock: ManualClock, ids: Ids) -> None:
    await settle_in(store)
    published = []
    for _ in range(5):
        event = an_event(ids, clock, ALICE)
        published.append((await publish(store, event)).id)
        await publish(store, as_stranger(event))
        clock.turn(0.001)
    seen: list[EventId] = []
    after = None
    while True:
        page = await store.events.list(ALICE, after=after, limit=2)
        assert {event.tenant_id for event in page.items} == {ALICE}
        seen += [event.id for event in page.items]
        after = page.after
        if after is None:
            break
    assert seen == published[::-1]


async def test_lists_narrow_by_type_tag_and_time(store: Store, clock: ManualClock, ids: Ids) -> None:
    await settle_in(store)
    start = clock.now()
    for number, (kind, tags) in enumerate([("a", ()), ("b", ("x", "y")), ("a", ("x",))]):
        event = an_event(ids, clock, ALICE, type=kind, tags=tags, data=b"%d" % number)
        await publish(store, event)
        await publish(store, as_stranger(event, data=b"theirs"))
        clock.turn(600)
    minute = 60_000_000

    async def numbers(**wanted: object) -> list[bytes]:
        return [event.data for event in (await store.events.list(ALICE, limit=9, **wanted)).items]  # type: ignore[arg-type]

    assert await numbers(type="a") == [b"2", b"0"]
    assert await numbers(tag="x") == [b"2", b"1"]
    assert await numbers(type="b", tag="x") == [b"1"]
    assert await numbers(tag="none") == []
    assert await numbers(since=start + 10 * minute) == [b"2", b"1"]
    assert await numbers(since=start + 10 * minute + 1) == [b"2"]
    assert await numbers(until=start + 10 * minute) == [b"0"]
    assert await numbers(since=start + 5 * minute, until=start + 15 * minute) == [b"1"]


async def test_an_id_made_under_another_clock_does_not_hide_an_event_from_its_time(
    store: Store, clock: ManualClock, ids: Ids
) -> None:
    await settle_in(store)
    event = an_event(ids, clock, ALICE)
    thirty_seconds = 30_000_000
    await publish(store, msgspec.structs.replace(event, accepted_at=event.accepted_at + thirty_seconds))
    page = await store.events.list(ALICE, since=Micros(event.accepted_at + thirty_seconds), limit=9)
    assert [found.id for found in page.items] == [event.id]


async def test_deliveries_in_hand_are_sending_until_they_are_recorded(
    store: Store, clock: ManualClock, ids: Ids
) -> None:
    await settle_in(store)
    await start_node(store, clock)
    event = an_event(ids, clock, ALICE, [f"ep_{number}" for number in range(12)])
    await publish(store, event, a_delivery(event, 3))
    theirs = as_stranger(event)
    await publish(store, theirs, *(a_delivery(theirs, place) for place in range(12)))
    found = await store.events.deliveries(ALICE, event.id)
    assert [delivery.endpoint_id for delivery in found] == list(event.matched)
    assert [delivery.state for delivery in found].count(State.SENDING) == 11
    assert found[3] == a_delivery(event, 3)
    ended = await finish(store, found[10])
    assert (await store.events.deliveries(ALICE, event.id))[10] == ended
    assert {delivery.state for delivery in await store.events.deliveries(STRANGER, event.id)} == {
        State.PENDING
    }


async def test_an_event_that_matched_nothing_is_kept_and_has_no_deliveries(
    store: Store, clock: ManualClock, ids: Ids
) -> None:
    await settle_in(store)
    event = await publish(store, an_event(ids, clock, ALICE, ()))
    assert await store.events.deliveries(ALICE, event.id) == ()
    assert (await store.events.get(ALICE, event.id)).matched == ()
