"""The clock of the tests."""

import asyncio

from hookline.clock import SECOND
from tests.clock import NOON, ManualClock


async def test_time_stands_still_until_the_hands_are_turned(clock: ManualClock) -> None:
    assert (clock.now(), clock.now()) == (NOON, NOON)
    before = clock.monotonic()
    assert clock.turn(1.5) == NOON + 1.5 * SECOND
    assert clock.monotonic() == before + 1.5


async def test_sleepers_wake_when_the_hands_have_passed_their_time(clock: ManualClock) -> None:
    woken: list[float] = []

    async def sleeper(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    async with asyncio.TaskGroup() as tasks:
        for seconds in (3, 1, 2, 0):
            tasks.create_task(sleeper(seconds))
        await asyncio.sleep(0)
        assert clock.sleepers == 3
        for turn in (0.5, 1.5, 1):
            clock.turn(turn)
            await asyncio.sleep(0)
    assert woken == [0, 1, 2, 3]


async def test_a_sleeper_that_is_cancelled_harms_nobody(clock: ManualClock) -> None:
    sleeper = asyncio.ensure_future(clock.sleep(1))
    sleeper.cancel()
    clock.turn(2)
    assert clock.sleepers == 0


async def test_the_time_of_a_sleep_runs_from_its_call_even_if_nobody_awaits_it_yet(
    clock: ManualClock,
) -> None:
    sleeper = clock.sleep(1)
    clock.turn(1)
    async with asyncio.timeout(5):
        await sleeper
