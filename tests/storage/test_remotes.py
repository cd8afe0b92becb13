"""What cases are in other systems: kept with the result that brought it, or not at all, and seen by nobody else."""

from typing import Any

import msgspec

from hookline.clock import SECOND, Micros
from hookline.model.delivery import Delivery, State
from hookline.model.ids import EndpointId, Ids, NodeId
from hookline.model.remote import Remote
from hookline.storage.ledger import Result, Want
from hookline.storage.prune import Prune
from hookline.storage.store import Store
from tests.clock import ManualClock
from tests.storage.people import ALICE, STRANGER
from tests.storage.traffic import EP, NODE, OTHER, a_delivery, an_attempt, an_event, publish

CASE = "ticket:7"


def a_remote(clock: ManualClock, **fields: Any) -> Remote:
    given: dict[str, Any] = {
        "tenant_id": ALICE,
        "endpoint_id": EP,
        "case": CASE,
        "id": "SUP-1",
        "url": "https://acme.example/browse/SUP-1",
        "created_at": clock.now(),
        "updated_at": clock.now(),
    }
    return Remote(**(given | fields))


async def _claimed(store: Store, ids: Ids, clock: ManualClock) -> Delivery:
    event = an_event(ids, clock, ALICE)
    await publish(store, event, a_delivery(event, 0))
    (one,) = await store.ledger.claim(NODE, [Want(lane=(ALICE, EP), count=10)], clock.now())
    return one.delivery


async def _recorded(
    store: Store, delivery: Delivery, remote: Remote, node: NodeId = NODE, *, fresh: bool = False
) -> bool:
    ended = msgspec.structs.replace(
        delivery, state=State.DELIVERED, attempts=delivery.attempts + 1, finished_at=delivery.created_at
    )
    result = Result(delivery=ended, attempt=an_attempt(ended.attempts), fresh=fresh, remote=remote)
    return await store.ledger.record(node, [result]) == []


async def test_a_result_brings_what_its_case_is_there(furnished: Store, ids: Ids, clock: ManualClock) -> None:
    remote = a_remote(clock, fields={"chat": "-100", "quote": 'a "b" {c}, \\ ü'})
    assert await _recorded(furnished, await _claimed(furnished, ids, clock), remote)
    assert await furnished.remotes.find(ALICE, EP, CASE) == remote
    assert await furnished.remotes.of_case(ALICE, CASE) == [remote]


async def test_what_was_in_hand_for_the_first_time_brings_it_too(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    event = await publish(furnished, an_event(ids, clock, ALICE))
    remote = a_remote(clock)
    assert await _recorded(furnished, a_delivery(event, 0, State.SENDING), remote, fresh=True)
    assert await furnished.remotes.find(ALICE, EP, CASE) == remote


async def test_a_refused_result_brings_nothing(furnished: Store, ids: Ids, clock: ManualClock) -> None:
    """Another node has it by now: its word counts."""
    delivery = await _claimed(furnished, ids, clock)
    assert not await _recorded(furnished, delivery, a_remote(clock), OTHER)
    assert await furnished.remotes.find(ALICE, EP, CASE) is None


async def test_a_later_result_changes_it_and_it_stays_as_old_as_it_was(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    first = a_remote(clock)
    await _recorded(furnished, await _claimed(furnished, ids, clock), first)
    later = Micros(clock.now() + SECOND)
    moved = a_remote(clock, id="OPS-9", url="", created_at=later, updated_at=later)
    await _recorded(furnished, await _claimed(furnished, ids, clock), moved)
    kept = msgspec.structs.replace(moved, created_at=first.created_at)
    assert await furnished.remotes.find(ALICE, EP, CASE) == kept


async def test_what_is_gone_there_is_known_as_nothing(furnished: Store, ids: Ids, clock: ManualClock) -> None:
    await _recorded(furnished, await _claimed(furnished, ids, clock), a_remote(clock))
    await _recorded(furnished, await _claimed(furnished, ids, clock), a_remote(clock, id="", url=""))
    found = await furnished.remotes.find(ALICE, EP, CASE)
    assert found is not None
    assert (found.id, found.url) == ("", "")
    assert await furnished.remotes.of_case(ALICE, CASE) == []


async def test_two_results_of_one_case_in_one_group_leave_the_last(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    results = []
    for number in (1, 2):
        delivery = await _claimed(furnished, ids, clock)
        ended = msgspec.structs.replace(delivery, state=State.DELIVERED, attempts=1, finished_at=clock.now())
        remote = a_remote(clock, id=f"SUP-{number}")
        results.append(Result(delivery=ended, attempt=an_attempt(1), fresh=False, remote=remote))
    assert await furnished.ledger.record(NODE, results) == []
    found = await furnished.remotes.find(ALICE, EP, CASE)
    assert found is not None
    assert found.id == "SUP-2"


async def test_nobody_else_sees_it(furnished: Store, ids: Ids, clock: ManualClock) -> None:
    await _recorded(furnished, await _claimed(furnished, ids, clock), a_remote(clock))
    assert await furnished.remotes.find(STRANGER, EP, CASE) is None
    assert await furnished.remotes.of_case(STRANGER, CASE) == []
    assert await furnished.remotes.find(ALICE, EndpointId("ep_2"), CASE) is None


async def test_of_a_deleted_endpoint_nothing_is_shown_and_nothing_stays(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    await _recorded(furnished, await _claimed(furnished, ids, clock), a_remote(clock))
    await furnished.endpoints.delete(ALICE, EP, clock.now())
    assert await furnished.remotes.of_case(ALICE, CASE) == []
    prune = Prune(furnished.database)
    assert await prune.remotes(10) == 1
    assert await prune.remotes(10) == 0
    assert await furnished.remotes.find(ALICE, EP, CASE) is None
