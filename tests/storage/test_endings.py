"""Endings: kept with the result that makes them, until what follows is done."""

from typing import Any

import msgspec
import pytest

from hookline.clock import SECOND, Micros
from hookline.model.attempt import Cause
from hookline.model.delivery import State
from hookline.model.event import Event
from hookline.model.ids import Ids
from hookline.storage.interruptions import MAX_INTERRUPTIONS
from hookline.storage.ledger import Result, Want
from hookline.storage.nodes import Nodes
from hookline.storage.prune import Prune
from hookline.storage.store import Store
from tests.clock import ManualClock
from tests.conftest import FOLLOWED
from tests.storage.people import ALICE, STRANGER
from tests.storage.traffic import EP, NODE, OTHER, a_delivery, an_attempt, an_event, publish


def _ended(event: Event, state: State, position: int = 0, **fields: Any) -> Result:
    delivery = a_delivery(event, position, state, attempts=1, **fields)
    return Result(delivery=delivery, attempt=an_attempt(1, 500), fresh=True)


@pytest.mark.parametrize(
    ("type_", "state", "kept"),
    [
        ("call.started", State.DEAD, True),
        ("call.started", State.EXPIRED, True),
        ("call.started", State.DELIVERED, False),
        ("call.started", State.PENDING, False),
        ("call.started", State.CANCELLED, False),
        (FOLLOWED, State.DELIVERED, True),
        (FOLLOWED, State.DEAD, True),
        (FOLLOWED, State.PENDING, False),
        ("hookline.delivery.exhausted", State.DEAD, False),
    ],
)
async def test_what_was_given_up_is_kept_and_every_end_of_what_is_followed(
    furnished: Store, ids: Ids, clock: ManualClock, type_: str, state: State, *, kept: bool
) -> None:
    event = await publish(furnished, an_event(ids, clock, ALICE, type=type_))
    assert await furnished.ledger.record(NODE, [_ended(event, state)]) == []
    found = await furnished.endings.open(10)
    assert [one.row for one in found] == ([(ALICE, f"dlv_{event.id[4:]}_0", 1)] if kept else [])


async def test_an_ending_knows_its_event_and_the_other_deliveries(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    event = an_event(
        ids,
        clock,
        ALICE,
        ("ep_1", "ep_2", "ep_3"),
        system="urpa",
        order_key="contact:7",
        tags=("x", "y"),
        type=FOLLOWED,
    )
    await publish(furnished, event, a_delivery(event, 1))
    dead, good = _ended(event, State.DEAD, 0), _ended(event, State.DELIVERED, 2)
    await furnished.ledger.record(NODE, [dead, good])
    first, second = sorted(await furnished.endings.open(10), key=lambda one: one.row)
    assert (first.delivery, second.delivery) == (dead.delivery, good.delivery)
    for one in (first, second):
        assert (one.system, one.order_key, one.tags) == ("urpa", "contact:7", ("x", "y"))
        assert (one.open, one.given_up) == (1, dead.delivery)


async def test_what_is_done_goes_and_nothing_else(furnished: Store, ids: Ids, clock: ManualClock) -> None:
    """The same delivery may end again later: that is another ending."""
    events = [await publish(furnished, an_event(ids, clock, tenant)) for tenant in (ALICE, STRANGER)]
    await furnished.ledger.record(NODE, [_ended(event, State.DEAD) for event in events])
    await furnished.endings.done([(ALICE, f"dlv_{events[0].id[4:]}_0", 1)])
    assert [one.row[0] for one in await furnished.endings.open(10)] == [STRANGER]
    assert len(await furnished.endings.open(0)) == 0


async def test_a_result_that_is_refused_leaves_no_ending(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    event = await publish(furnished, an_event(ids, clock, ALICE))
    result = _ended(event, State.DEAD)
    await furnished.ledger.record(NODE, [result])
    await furnished.endings.done([(ALICE, result.delivery.id, 1)])
    assert await furnished.ledger.record(OTHER, [result]) == [result.delivery.id]
    assert await furnished.endings.open(10) == []


async def test_a_later_attempt_that_was_the_last_is_kept_too(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    event = an_event(ids, clock, ALICE)
    await publish(furnished, event, a_delivery(event, 0, attempts=4))
    (claimed,) = await furnished.ledger.claim(NODE, [Want(lane=(ALICE, EP), count=1)], clock.now())
    dead = msgspec.structs.replace(
        claimed.delivery, state=State.DEAD, due_at=None, attempts=5, finished_at=clock.now()
    )
    refused = Result(delivery=dead, attempt=an_attempt(5, 500), fresh=False)
    assert await furnished.ledger.record(OTHER, [refused]) == [dead.id]
    assert await furnished.endings.open(10) == []
    assert await furnished.ledger.record(NODE, [refused]) == []
    assert [one.row for one in await furnished.endings.open(10)] == [(ALICE, dead.id, 5)]


async def test_what_crashes_have_killed_is_kept(furnished: Store, ids: Ids, clock: ManualClock) -> None:
    event = an_event(ids, clock, ALICE)
    waiting = a_delivery(event, 0, interruptions=MAX_INTERRUPTIONS - 1, last_cause=Cause.INTERRUPTED)
    await publish(furnished, event, waiting)
    await furnished.ledger.claim(NODE, [Want(lane=(ALICE, EP), count=1)], clock.now())
    await Nodes(furnished.database, clock).take_over(OTHER, alone=True)
    (one,) = await furnished.endings.open(10)
    assert one.delivery is not None
    assert (one.delivery.state, one.row) == (State.DEAD, (ALICE, waiting.id, 1))


async def test_an_event_that_was_pruned_leaves_an_ending_that_says_so(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    event = await publish(furnished, an_event(ids, clock, ALICE))
    await furnished.ledger.record(NODE, [_ended(event, State.DEAD)])
    assert await Prune(furnished.database).finished(Micros(clock.now() + 60 * SECOND), 10) == 1
    (one,) = await furnished.endings.open(10)
    assert one.delivery is None


async def test_those_of_a_deleted_tenant_are_nobodys(furnished: Store, ids: Ids, clock: ManualClock) -> None:
    event = await publish(furnished, an_event(ids, clock, ALICE))
    await furnished.ledger.record(NODE, [_ended(event, State.DEAD)])
    await furnished.tenants.delete(ALICE, clock.now())
    assert await furnished.endings.open(10) == []
