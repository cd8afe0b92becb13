"""The retry times of the six systems, with a clock in hand: whatever a receiver says, but for a 2xx, is tried again, when
the system says and not when the receiver does.
"""

import pytest

from hookline.clock import SECOND
from hookline.model.delivery import State
from hookline.model.system import System
from tests.engine.gateway import Gateway, until
from tests.engine.receivers import Got, Receiver, status

MINUTE = 60
WAITS = {
    "askpro-gateway": (60, 120, 300, 600),
    "askpro-callbacks": (60, 60),
    "ai-support-autoresponder": (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400),
    "pbx": (5, 5),
    "urpa": (2 * MINUTE, 4 * MINUTE, 8 * MINUTE, 16 * MINUTE, 32 * MINUTE),
    "4calls": (2 * MINUTE, 4 * MINUTE, 8 * MINUTE, 16 * MINUTE, 32 * MINUTE),
}
"""Seconds between the attempts, as the systems' own documents have them; the autoresponder's has none, and gets the
default policy's.
"""
FAILURES = (
    status(410),  # elsewhere the end of an endpoint
    status(429, "Retry-After: 86400"),  # elsewhere a wish that is granted
    b"not HTTP at all\r\n\r\n",
    status(302, "Location: https://example.com/"),
    status(503, "Retry-After: 1"),
)


class Refusing:
    """Fails in each of these ways, in turn."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, _: Got) -> bytes:
        self.times += 1
        return FAILURES[(self.times - 1) % len(FAILURES)]


async def subscribed(hookline: Gateway, receiver: Receiver, name: str) -> System:
    system = hookline.engine.core.systems[name]
    await hookline.endpoint(
        receiver.url(),
        system=name,
        dialect=system.dialect,
        retry=system.retry,
        timeout=system.timeout,
    )
    return system


@pytest.mark.parametrize("name", WAITS)
async def test_each_system_tries_again_to_the_second_and_then_no_more(
    on_sqlite: Gateway, receiver: Receiver, name: str
) -> None:
    hookline, waits = on_sqlite, WAITS[name]
    receiver.answer = refusing = Refusing()
    system = await subscribed(hookline, receiver, name)
    published = await hookline.publish(type=next(iter(system.events)), system=name)
    detail = await hookline.until_tried(published, 1)
    begun = detail.attempts[0].at
    for number, wait in enumerate(waits, 2):
        await hookline.turn(wait - 1, step=wait - 1)
        assert refusing.times == number - 1, "it came before its time"
        await hookline.turn(1)
        detail = await hookline.until_tried(published, number)
    expected = [sum(waits[:number]) * SECOND for number in range(len(waits) + 1)]
    assert [attempt.at - begun for attempt in detail.attempts] == expected
    assert detail.delivery.state is State.DEAD
    await hookline.turn(100_000, step=50_000)
    assert refusing.times == len(waits) + 1
    await until(hookline.idle)


@pytest.mark.parametrize("name", WAITS)
async def test_a_success_ends_it(on_sqlite: Gateway, receiver: Receiver, name: str) -> None:
    receiver.says_in_turn(500, 204)
    system = await subscribed(on_sqlite, receiver, name)
    published = await on_sqlite.publish(type=next(iter(system.events)), system=name)
    await on_sqlite.until_tried(published, 1)
    await on_sqlite.turn(WAITS[name][0], step=WAITS[name][0])
    detail = await on_sqlite.until_state(published, State.DELIVERED)
    assert [attempt.exchange.status for attempt in detail.attempts] == [500, 204]
