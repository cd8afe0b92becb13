"""Looks: everybody hears of what was there when they asked, and nobody looks twice for nothing."""

import asyncio

import pytest

from hookline.errors import NotFound
from hookline.looks import Looks


class Book:
    """Something to look at; a look reads at once, and takes until it is let go."""

    def __init__(self) -> None:
        self.says = "old"
        self.looks = 0
        self.go = asyncio.Event()

    async def find(self, name: str) -> str:
        self.looks += 1
        read = f"{name}: {self.says}"
        await self.go.wait()
        if read.endswith("gone"):
            raise NotFound("There is none.")
        return read


def ask(looks: Looks[str], count: int = 1, name: str = "a") -> list[asyncio.Task[str]]:
    return [asyncio.create_task(looks.newest(name)) for _ in range(count)]


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_whoever_asks_during_a_look_hears_of_what_changed_since() -> None:
    book = Book()
    looks = Looks(book.find)
    early = ask(looks)
    await turns()
    book.says = "new"
    late = ask(looks, 3)
    await turns()
    assert book.looks == 1
    book.go.set()
    assert await asyncio.gather(*early, *late) == ["a: old", "a: new", "a: new", "a: new"]
    assert book.looks == 2


async def test_nothing_is_believed_afterwards() -> None:
    book = Book()
    book.go.set()
    looks = Looks(book.find)
    assert await looks.newest("a") == "a: old"
    book.says = "new"
    assert await looks.newest("a") == "a: new"


async def test_who_asks_while_the_next_is_under_way_waits_for_the_one_behind_it() -> None:
    book = Book()
    looks = Looks(book.find)
    asked = ask(looks)
    await turns()
    asked += ask(looks)
    await turns()
    book.go.set()
    await asked[0]
    book.go.clear()
    await turns()
    book.says = "new"
    asked += ask(looks)
    await turns()
    book.go.set()
    assert await asyncio.gather(*asked) == ["a: old", "a: old", "a: new"]


async def test_other_names_do_not_wait() -> None:
    book = Book()
    looks = Looks(book.find)
    asked = ask(looks) + ask(looks, name="b")
    await turns()
    assert book.looks == 2
    book.go.set()
    assert await asyncio.gather(*asked) == ["a: old", "b: old"]


async def test_one_who_leaves_takes_nobody_along() -> None:
    book = Book()
    looks = Looks(book.find)
    asked = ask(looks)
    await turns()
    asked += ask(looks, 2)
    await turns()
    asked[0].cancel()
    asked[1].cancel()
    book.go.set()
    assert await asked[2] == "a: old"
    assert await looks.newest("a") == "a: old"


async def test_what_goes_wrong_is_told_to_all_and_not_kept() -> None:
    book = Book()
    book.says = "gone"
    looks = Looks(book.find)
    asked = ask(looks)
    await turns()
    asked += ask(looks, 2)
    book.go.set()
    for one in asked:
        with pytest.raises(NotFound):
            await one
    book.says = "there"
    assert await looks.newest("a") == "a: there"
