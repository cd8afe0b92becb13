"""Renderers: whose turn it is, with processor time that the test tells."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from hookline.deliver.renderers import MUCH, Renderers


class Bench:
    """Renderers, and what they were seen to do."""

    def __init__(self) -> None:
        self.spent = threading.local()
        self.order: list[str] = []
        self.held = threading.Event()
        self.busy = threading.Semaphore(0)
        self.renderers = Renderers(cpu=lambda: getattr(self.spent, "seconds", 0.0))

    def work(self, name: str, seconds: float, *, hold: bool) -> None:
        if hold:
            self.busy.release()
            self.held.wait(10)
        self.spent.seconds = getattr(self.spent, "seconds", 0.0) + seconds
        self.order.append(name)

    def job(self, name: str, seconds: float = 0.0, *, hold: bool = False) -> "asyncio.Task[None]":
        return asyncio.ensure_future(self.renderers.run(name, self.work, name, seconds, hold=hold))

    async def until_held(self, count: int) -> None:
        for _ in range(count):
            assert await asyncio.to_thread(self.busy.acquire, timeout=10)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.held.set()
    made.renderers.close()


async def test_what_is_quick_does_not_wait_for_those_that_take_long(bench: Bench) -> None:
    """However many are there before it, of however many owners."""
    slow = [f"slow {number}" for number in range(20)]
    await asyncio.gather(*(bench.job(name, 2 * MUCH) for name in slow))
    held = bench.job(slow[0], 2 * MUCH, hold=True)
    await bench.until_held(1)
    others = [bench.job(name, 2 * MUCH) for name in slow[1:] * 3]
    await asyncio.wait_for(bench.job("quick"), 10)
    assert bench.order[len(slow) :] == ["quick"]
    bench.held.set()
    await asyncio.gather(held, *others)


async def test_what_takes_long_is_not_kept_waiting_for_ever(bench: Bench) -> None:
    """While there is always something quick."""
    await bench.job("slow", 2 * MUCH)
    goes_on = True

    async def always() -> None:
        while goes_on:
            await asyncio.gather(*(bench.job("quick") for _ in range(5)))

    flood = asyncio.ensure_future(always())
    await asyncio.wait_for(bench.job("slow", 2 * MUCH), 10)
    goes_on = False
    await flood


async def test_who_was_slow_once_is_forgiven(bench: Bench) -> None:
    await bench.job("once", 2 * MUCH)
    for _ in range(20):
        await bench.job("once")
    assert bench.renderers.costs["once"] < MUCH


@pytest.mark.parametrize("error", [ValueError("x"), RecursionError()])
async def test_what_goes_wrong_is_heard_by_who_waits_and_the_next_has_its_turn(
    bench: Bench, error: Exception
) -> None:
    def fails() -> None:
        raise error

    for _ in range(4):
        with pytest.raises(type(error)):
            await bench.renderers.run("a", fails)
    await bench.job("a")


async def test_what_nobody_waits_for_any_more_is_not_done(bench: Bench) -> None:
    await bench.job("slow", 2 * MUCH)
    held = bench.job("slow", hold=True)
    await bench.until_held(1)
    left = bench.job("slow")
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)
    bench.held.set()
    await held
    await bench.job("slow")
    assert bench.order == ["slow"] * 3


async def test_after_the_end_nothing_hangs(bench: Bench) -> None:
    await bench.job("slow", 2 * MUCH)
    held = bench.job("slow", hold=True)
    await bench.until_held(1)
    waiting = bench.job("slow")
    await asyncio.sleep(0)
    bench.renderers.close()
    for job in (waiting, bench.job("late")):
        with pytest.raises(asyncio.CancelledError):
            await job
    bench.held.set()
    await held
