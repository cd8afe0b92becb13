"""A rate is the endpoint's, not a node's: with two nodes no window has more than it allows, presets' endpoints included."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from hookline.catalog.loader import load_presets
from hookline.catalog.preset_settings import checked
from hookline.clock import SECOND, Micros
from hookline.model.delivery import State
from hookline.model.endpoint import Rate
from hookline.route.draft import Published
from tests.clock import ManualClock
from tests.engine.gateway import Gateway, gateway
from tests.engine.receivers import Receiver
from tests.presets.fakes.jira import JiraFake

RATE = Rate(count=3, seconds=10.0)
WINDOW = 9 * SECOND
"""The hands may turn by one second between a claim and its sending."""
JIRA = load_presets()["jira"]


@contextmanager
def fields_of(kind: str, receiver: Receiver) -> Iterator[dict[str, Any]]:
    if kind == "plain":
        yield {"url": receiver.url()}
        return
    with JiraFake() as fake:
        settings = dict(checked(JIRA, fake.settings))
        yield {"url": fake.url, "preset": "jira", "settings": settings, "dialect": JIRA.dialect}


async def case(hookline: Gateway, number: int) -> Published:
    return await hookline.publish(b'{"case_id": %d, "subject": "s"}' % number, type="case.created")


async def sent_at(hookline: Gateway, events: Sequence[Published]) -> list[Micros]:
    return [(await hookline.until_state(one, State.DELIVERED)).attempts[0].at for one in events]


def kept(sent: Sequence[Micros]) -> bool:
    return all(sum(at <= other < at + WINDOW for other in sent) <= RATE.count for at in sent)


@pytest.mark.parametrize("kind", ["plain", "preset"])
async def test_two_nodes_together_keep_to_the_rate(
    postgres_env: dict[str, str], clock: ManualClock, receiver: Receiver, kind: str
) -> None:
    with fields_of(kind, receiver) as fields:
        async with gateway(postgres_env, clock) as one, gateway(postgres_env, clock) as two:
            await one.tenants()
            await one.endpoint(**fields, secrets=(), rate=RATE)
            events = [await case((one, two)[number % 2], number) for number in range(8)]
            await one.turn(40)
            sent = await sent_at(one, events)
            assert kept(sent)
            assert max(sent) - min(sent) >= 19 * SECOND


@pytest.mark.parametrize("kind", ["plain", "preset"])
async def test_whoever_comes_after_a_node_that_stopped_keeps_to_the_rate(
    postgres_env: dict[str, str], clock: ManualClock, receiver: Receiver, kind: str
) -> None:
    """It does not know what the other has just sent: it waits for a whole window."""
    with fields_of(kind, receiver) as fields:
        async with gateway(postgres_env, clock) as one:
            await one.tenants()
            await one.endpoint(**fields, secrets=(), rate=RATE)
            events = [await case(one, number) for number in range(6)]
            await one.turn(12)
            await one.until_state(events[0], State.DELIVERED)
            before = [(await one.delivery(event)).state for event in events].count(State.DELIVERED)
        assert before <= RATE.count
        async with gateway(postgres_env, clock) as two:
            await two.turn(40)
            assert kept(await sent_at(two, events))
