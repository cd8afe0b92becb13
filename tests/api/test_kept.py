"""Kept: what was looked up a moment ago, shared by all who ask, and never believed after it was forgotten."""

import asyncio

import pytest

from hookline.api.kept import KEPT, MAX_KEPT, Kept
from hookline.errors import NotFound
from tests.clock import ManualClock


class Book:
    """Something to look at, in which a look takes until it is let go."""

    def __init__(self) -> None:
        self.says = "old"
        self.looks = 0
        self.go = asyncio.Event()

    async def find(self, name: str) -> str:
        self.looks += 1
        read = f"{name}: {self.says}"
        await self.go.wait()
        if self.says == "gone":
            raise NotFound("There is none.")
        return read


async def test_a_look_is_believed_for_a_while(clock: ManualClock) -> None:
    """Then there is another one."""
    book = Book()
    kept = Kept(book.find, clock)
    book.go.set()
    assert await kept.get("a") == "a: old"
    book.says = "new"
    clock.turn(KEPT - 0.001)
    assert await kept.get("a") == "a: old"
    clock.turn(0.001)
    assert await kept.get("a") == "a: new"


async def test_a_look_counts_from_when_it_began(clock: ManualClock) -> None:
    """What took long to read was true long ago."""
    book = Book()
    kept = Kept(book.find, clock)
    asked = asyncio.create_task(kept.get("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    clock.turn(KEPT)
    book.go.set()
    await asked
    book.says = "new"
    assert await kept.get("a") == "a: new"


async def test_all_who_ask_at_once_share_a_look(clock: ManualClock) -> None:
    """One who leaves takes nobody along."""
    book = Book()
    kept = Kept(book.find, clock)
    asked = [asyncio.create_task(kept.get("a")) for _ in range(5)]
    await asyncio.sleep(0)
    asked[0].cancel()
    await asyncio.sleep(0)
    book.go.set()
    assert await asyncio.gather(*asked[1:]) == ["a: old"] * 4
    assert book.looks == 1


async def test_what_is_being_read_when_it_is_forgotten_is_not_kept(clock: ManualClock) -> None:
    """A key that is revoked while it is looked up must not live on for four seconds."""
    book = Book()
    kept = Kept(book.find, clock)
    before = asyncio.create_task(kept.get("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    book.says = "new"
    kept.forget()
    after = asyncio.create_task(kept.get("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    book.go.set()
    assert await before == "a: old"
    assert await after == "a: new"
    assert await kept.get("a") == "a: new"


async def test_what_is_not_there_is_told_and_not_kept(clock: ManualClock) -> None:
    """It may come."""
    book = Book()
    book.go.set()
    book.says = "gone"
    kept = Kept(book.find, clock)
    with pytest.raises(NotFound):
        await kept.get("a")
    book.says = "here"
    assert await kept.get("a") == "a: here"


async def test_the_memory_is_bounded(clock: ManualClock) -> None:
    """Whoever tries a million keys fills nothing."""
    book = Book()
    book.go.set()
    kept = Kept(book.find, clock)
    for number in range(MAX_KEPT + 1):
        await kept.get(str(number))
    assert len(kept._known) == 1
