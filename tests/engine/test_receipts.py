"""A receipt tells of the events that there are, whatever befell them between match and commit."""

from collections.abc import AsyncIterator, Sequence

import pytest

from hookline.clock import SECOND
from hookline.model.event import Origin
from hookline.model.ids import NodeId, ReceiptId, SourceId
from hookline.model.receipt import Outcome, Receipt
from hookline.route.draft import Draft, Published
from hookline.storage.ledger import Accepted, Fate, Ledger
from hookline.storage.receipts import Whole
from tests.clock import ManualClock
from tests.engine.gateway import ALICE, Gateway, gateway
from tests.torture.passing import PassingLedger

LIFE = 60 * SECOND
"""Of idempotency keys."""


class Unknown(PassingLedger):
    """Names a node that nobody knows while `lost` is set: as if another had taken this one over."""

    def __init__(self) -> None:
        self.lost = False

    def over(self, plain: Ledger) -> Ledger:
        self.plain = plain
        return self

    async def publish(self, node: NodeId | None, group: Sequence[Accepted]) -> Sequence[Fate]:
        told = await self.plain.publish(NodeId("nod_gone") if self.lost else node, group)
        self.lost = False
        return told


@pytest.fixture
def ledger() -> Unknown:
    return Unknown()


@pytest.fixture
async def hookline(env: dict[str, str], clock: ManualClock, ledger: Unknown) -> AsyncIterator[Gateway]:
    async with gateway(env, clock, wrap=ledger.over) as made:
        await made.tenants()
        yield made


async def receive(hookline: Gateway, receipt_id: str, *keys: str, types: Sequence[str] = ()) -> Whole:
    """A request with one event for each key, as it is kept afterwards."""
    receipt = Receipt(
        id=ReceiptId(receipt_id),
        tenant_id=ALICE,
        source_id=SourceId("src_1"),
        received_at=hookline.clock.now(),
        outcome=Outcome.ACCEPTED,
    )
    drafts = [
        Draft(
            type=type_,
            data=b"{}",
            idempotency_key=key,
            key_life=LIFE,
            origin=Origin(receipt_id=receipt.id, source_id=receipt.source_id),
        )
        for key, type_ in zip(keys, types or ["call.started"] * len(keys), strict=True)
    ]
    config = await hookline.engine.core.opened.directory.at_least(ALICE)
    gathered = hookline.engine.publisher.begin_received(config, drafts, lambda *_: None, receipt)
    await gathered.all
    assert all(isinstance(one, Published) for one in gathered.told())
    return await hookline.store.receipts.get(ALICE, receipt.id)


def kept(whole: Whole) -> tuple[Outcome, list[str], list[bool]]:
    """The outcome, the keys of its items, and of each whether there is the very event that it names."""
    items = whole.receipt.items
    own = [whole.events.get(item.event_id) == item.event_id for item in items]
    return whole.receipt.outcome, [item.key for item in items], own


async def test_a_repeated_item_names_no_event_of_its_own(hookline: Gateway) -> None:
    assert kept(await receive(hookline, "rcp_1", "a", "b")) == (Outcome.ACCEPTED, ["a", "b"], [True, True])
    assert kept(await receive(hookline, "rcp_2", "a", "c")) == (Outcome.ACCEPTED, ["a", "c"], [False, True])
    assert kept(await receive(hookline, "rcp_3", "a", "b")) == (Outcome.DUPLICATE, ["a", "b"], [False, False])


@pytest.mark.parametrize("keys", [("a",), ("a", "b"), ("a", "c"), ("c", "a"), ("a", "c", "b")])
async def test_an_item_whose_key_was_too_old_to_count_is_told_as_it_was_stored(
    hookline: Gateway, keys: Sequence[str]
) -> None:
    await receive(hookline, "rcp_1", "a", "b")
    hookline.clock.turn(LIFE / SECOND + 1)
    told = kept(await receive(hookline, "rcp_2", *keys))
    assert told == (Outcome.ACCEPTED, list(keys), [True] * len(keys))


async def test_an_item_that_is_new_beside_one_that_is_repeated_and_one_too_old(hookline: Gateway) -> None:
    await receive(hookline, "rcp_1", "old")
    hookline.clock.turn(LIFE / SECOND + 1)
    await receive(hookline, "rcp_2", "recent")
    told = kept(await receive(hookline, "rcp_3", "recent", "old", "new"))
    assert told == (Outcome.ACCEPTED, ["recent", "old", "new"], [False, True, True])


@pytest.mark.parametrize(
    "types", [("seen", "other"), ("other", "seen"), ("seen", "seen"), ("other", "other")]
)
async def test_what_a_node_that_is_gone_had_in_hand_is_told_as_it_was_stored(
    hookline: Gateway, ledger: Unknown, types: Sequence[str]
) -> None:
    await hookline.endpoint("http://127.0.0.1:9/nobody", events=("seen",))
    ledger.lost = True
    told = kept(await receive(hookline, "rcp_1", "a", "b", types=types))
    assert ledger.lost is False
    assert told == (Outcome.ACCEPTED, ["a", "b"], [True, True])


async def test_what_was_accepted_once_is_no_duplicate_after_all(hookline: Gateway, ledger: Unknown) -> None:
    await receive(hookline, "rcp_1", "a")
    await hookline.endpoint("http://127.0.0.1:9/nobody", events=("seen",))
    ledger.lost = True
    told = kept(await receive(hookline, "rcp_2", "a", "b", types=("seen", "other")))
    assert told[0] is Outcome.ACCEPTED
    assert told[2] == [False, True]
