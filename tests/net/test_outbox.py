"""Outbox: what begins in one turn goes out together, in its order, and in parts that are not long."""

import asyncio

from hookline.net.outbox import Outbox


async def test_what_begins_in_one_turn_goes_out_when_it_ends() -> None:
    outbox, sent = Outbox(), list[int]()
    for number in range(3):
        outbox.add(lambda number=number: sent.append(number))  # type: ignore[misc]
    assert sent == []
    await asyncio.sleep(0)
    assert sent == [0, 1, 2]


async def test_many_do_not_wait_for_the_end_of_the_turn() -> None:
    outbox, sent = Outbox(), list[int]()
    for number in range(70):
        outbox.add(lambda number=number: sent.append(number))  # type: ignore[misc]
    assert sent == list(range(64))
    await asyncio.sleep(0)
    assert sent == list(range(70))


async def test_what_a_send_begins_goes_out_too() -> None:
    outbox, sent = Outbox(), list[str]()

    def first() -> None:
        sent.append("first")
        outbox.add(lambda: sent.append("second"))

    outbox.add(first)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert sent == ["first", "second"]


async def test_what_fails_costs_none_of_those_behind_it() -> None:
    outbox, sent = Outbox(), list[str]()
    faults = list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, told: faults.append(told["exception"]))

    def fail() -> None:
        raise ValueError("nobody foresaw this")

    for send in (lambda: sent.append("first"), fail, lambda: sent.append("third")):
        outbox.add(send)
    await asyncio.sleep(0)
    assert sent == ["first", "third"]
    assert [str(fault) for fault in faults] == ["nobody foresaw this"]
