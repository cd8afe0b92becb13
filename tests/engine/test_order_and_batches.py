"""Endpoints whose pace is decided in the database: ordered, batched, rated."""

import msgspec

from hookline.clock import SECOND
from hookline.model.delivery import State
from hookline.model.endpoint import Batch, Order, Rate
from hookline.model.retry import Schedule
from tests.engine.gateway import Gateway, until
from tests.engine.receivers import Got, Receiver

QUICK = Schedule(delays=(0.0, 5.0, 5.0), jitter=0.0)


def _data(got: Got) -> object:
    return msgspec.json.decode(got.body)["data"]


def _events(got: Got) -> list[object]:
    """The data of a batch's events."""
    return [item["data"] for item in msgspec.json.decode(got.body)["data"]]


async def test_an_ordered_endpoint_gets_one_after_the_other_in_order(
    hookline: Gateway, receiver: Receiver
) -> None:
    await hookline.endpoint(receiver.url(), order=Order.ENDPOINT)
    published = [await hookline.publish(b"%d" % n) for n in range(12)]
    await until(lambda: len(receiver.got) == 12)
    await hookline.until_state(published[-1], State.DELIVERED)
    assert [_data(got) for got in receiver.got] == list(range(12))
    assert receiver.most_at_once == 1


async def test_a_failing_head_holds_back_its_key_and_no_other(hookline: Gateway, receiver: Receiver) -> None:
    failing = True

    def answer(got: Got) -> bytes:
        code = 400 if failing and _data(got) == "a1" else 200
        return f"HTTP/1.1 {code} Told\r\nContent-Length: 0\r\n\r\n".encode()

    receiver.answer = answer
    await hookline.endpoint(receiver.url(), order=Order.KEY, retry=QUICK)
    for data in ("a1", "b1", "a2", "b2"):
        await hookline.publish(msgspec.json.encode(data), order_key=data[0])
    await until(lambda: len(receiver.got) >= 3)
    await hookline.breathe()
    assert sorted(str(_data(got)) for got in receiver.got) == ["a1", "b1", "b2"]
    failing = False
    await hookline.turn(5)
    await until(lambda: len(receiver.got) == 5)
    assert [_data(got) for got in receiver.got][-2:] == ["a1", "a2"]


async def test_a_batch_goes_when_it_is_full_however_its_events_came(
    hookline: Gateway, receiver: Receiver
) -> None:
    await hookline.endpoint(receiver.url(), batch=Batch(count=4, seconds=60.0))
    published = [await hookline.publish(b"%d" % n) for n in range(10)]
    await until(lambda: len(receiver.got) == 2)
    assert [_events(got) for got in receiver.got] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    await hookline.until_state(published[7], State.DELIVERED)
    await hookline.turn(58, step=10)
    assert len(receiver.got) == 2
    await hookline.turn(3)
    await until(lambda: len(receiver.got) == 3)
    assert _events(receiver.got[2]) == [8, 9]
    await until(hookline.idle)


async def test_a_batch_that_fails_is_repeated_byte_for_byte_and_its_members_end_together(
    hookline: Gateway, receiver: Receiver
) -> None:
    receiver.says_in_turn(500, 200)
    await hookline.endpoint(receiver.url(), batch=Batch(count=3, seconds=60.0), retry=QUICK)
    published = [await hookline.publish(b"%d" % n) for n in range(3)]
    tried = [await hookline.until_tried(one, 1) for one in published]
    assert len({one.delivery.due_at for one in tried}) == len({one.delivery.batch_id for one in tried}) == 1
    await hookline.publish(b"3")  # younger: it is not of that batch
    await hookline.turn(6)
    ended = [await hookline.until_state(one, State.DELIVERED) for one in published]
    first, second = [got for got in receiver.got if got.id == receiver.got[0].id]
    assert (first.body, first.id) == (second.body, second.id)
    assert first.id.startswith("bat_")
    assert [one.delivery.attempts for one in ended] == [2, 2, 2]
    await until(hookline.idle)


async def test_a_batch_expires_with_its_youngest_member(on_sqlite: Gateway, receiver: Receiver) -> None:
    receiver.says(500)
    await on_sqlite.endpoint(receiver.url(), batch=Batch(count=2, seconds=60.0), retry=QUICK, max_age=12.0)
    old = await on_sqlite.publish(b"0")
    await on_sqlite.turn(8)
    young = await on_sqlite.publish(b"1")
    await on_sqlite.until_tried(old, 1)
    receiver.says(200)
    await on_sqlite.turn(6)
    for published in (old, young):
        await on_sqlite.until_state(published, State.DELIVERED)
    assert receiver.got[0].body == receiver.got[1].body


async def test_no_more_than_the_rate_in_any_window(hookline: Gateway, receiver: Receiver) -> None:
    await hookline.endpoint(receiver.url(), rate=Rate(count=3, seconds=10.0))
    published = [await hookline.publish(b"%d" % n) for n in range(8)]
    await hookline.turn(40)
    sent = [(await hookline.until_state(one, State.DELIVERED)).attempts[0].at for one in published]
    window = 9 * SECOND  # the hands may turn by one between a claim and its sending
    assert all(sum(at <= other < at + window for other in sent) <= 3 for at in sent)
    assert max(sent) - min(sent) >= 19 * SECOND


async def test_an_endpoint_that_becomes_ordered_gets_what_waited_before(
    on_sqlite: Gateway, receiver: Receiver
) -> None:
    receiver.says_in_turn(400, 200)
    endpoint = await on_sqlite.endpoint(receiver.url(), retry=QUICK)
    before = await on_sqlite.publish()
    await on_sqlite.until_tried(before, 1)
    await on_sqlite.change(endpoint, order=Order.ENDPOINT)
    after = await on_sqlite.publish()
    await on_sqlite.turn(7)
    for published in (before, after):
        await on_sqlite.until_state(published, State.DELIVERED)


async def test_a_lane_that_is_no_longer_rated_is_anybodys_again(
    on_sqlite: Gateway, receiver: Receiver
) -> None:
    endpoint = await on_sqlite.endpoint(receiver.url(), rate=Rate(count=5, seconds=1.0))
    await on_sqlite.publish()
    await on_sqlite.turn(3)
    await until(lambda: len(receiver.got) == 1)
    nodes = on_sqlite.engine.core.opened.nodes
    stranger = type(on_sqlite.delivering.node.id)("nod_other")
    assert await nodes.foreign_lanes(stranger) != set()
    receiver.says_in_turn(400, 200)
    await on_sqlite.change(endpoint, rate=None, retry=QUICK)
    published = await on_sqlite.publish()
    await on_sqlite.turn(8)
    await on_sqlite.until_state(published, State.DELIVERED)
    await on_sqlite.turn(2)
    assert await nodes.foreign_lanes(stranger) == set()
