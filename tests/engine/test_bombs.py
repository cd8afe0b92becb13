"""Templates that are made to hurt, through the whole engine: each ends by its limit, and nobody else waits for them."""

import gc
import json
from collections.abc import Iterator, Sequence

import pytest

from hookline.deliver.variables import LIMITS
from hookline.model.attempt import Cause
from hookline.model.delivery import State
from hookline.model.retry import Schedule
from hookline.model.template import Template
from hookline.route.draft import Published
from hookline.storage.filters import DeliveryFilter
from tests.engine.gateway import ALICE, Gateway
from tests.engine.receivers import Receiver

ONCE = Schedule(delays=(0,), jitter=0)
SLACK = 0.05
DATA = json.dumps({"big": "x" * 100_000, "marks": "<script" * 20_000, "texts": ["ab"] * 5_000}).encode()
LOOP = "{{% for n in (1..10000) %}}{}{{% endfor %}}"
BURNER = LOOP.format("{{ 'a'" + " | append: 'b'" * 100 + " }}")
BOMBS = {
    "nested loops": "{% for a in (1..9999) %}{% for b in (1..9999) %}{{ a | times: b }}{% endfor %}{% endfor %}",
    "huge range": "{% for n in (1..100000000000) %}x{% endfor %}",
    "output flood": LOOP.format("{{ data.big }}"),
    "growing text": "{% assign a = 'x' %}" + LOOP.format("{% assign a = a | append: a %}"),
    "many filters": BURNER,
    "markup": LOOP.format("{{ data.marks | strip_html | size }}"),
    "replaced": LOOP.format("{{ data.big | replace: 'x', 'yy' | size }}"),
    "sorted": LOOP.format("{{ data.texts | sort_natural | uniq | size }}"),
    "as JSON": LOOP.format("{{ data | json | size }}"),
}
HOLDERS, EACH, QUICK = 6, 10, 10
DEAD = DeliveryFilter(state=State.DEAD)


@pytest.fixture
def no_collector() -> Iterator[None]:
    """It goes through the heap of all tests, which no template made."""
    gc.disable()
    yield
    gc.enable()


async def ended(hookline: Gateway, tried: DeliveryFilter) -> int:
    page = await hookline.store.deliveries.list(ALICE, tried, after=None, limit=1000)
    return len(page.items)


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("name", BOMBS)
async def test_a_bomb_ends_by_its_limit_and_costs_little_more(
    on_sqlite: Gateway, receiver: Receiver, name: str
) -> None:
    """In time of the processor: everything that was done for it at once, its data read and its limit passed."""
    endpoint = await on_sqlite.endpoint(receiver.url(), template=Template(text=BOMBS[name]), retry=ONCE)
    detail = await on_sqlite.until_state(await on_sqlite.publish(DATA), State.DEAD)
    assert detail.attempts[0].exchange.cause is Cause.TEMPLATE
    assert detail.delivery.reason.startswith("attempts used up: ")
    cost = on_sqlite.engine.core.stepwise.renderers.costs[ALICE, endpoint.id]
    assert cost < LIMITS.seconds + SLACK
    assert receiver.got == []


async def test_an_include_is_no_template_and_nothing_is_read(on_sqlite: Gateway, receiver: Receiver) -> None:
    """An endpoint that was stored by somebody who allowed it."""
    await on_sqlite.endpoint(receiver.url(), template=Template(text="{% include 'a' %}"), retry=ONCE)
    detail = await on_sqlite.until_state(await on_sqlite.publish(DATA), State.DEAD)
    assert detail.attempts[0].exchange.cause is Cause.NOT_SENT
    assert "Line 1, column 4" in detail.delivery.reason


async def test_a_quick_template_does_not_wait_for_the_bombs_before_it(
    on_sqlite: Gateway, receiver: Receiver
) -> None:
    """Measured in bombs, not in seconds: with one queue for all each of the quick ones would wait for every bomb in hand, three
    times over (its data, its rendering, its answer).
    """
    hookline = on_sqlite
    for _ in range(HOLDERS):
        await hookline.endpoint(receiver.url(), template=Template(text=BURNER), retry=ONCE, events=("bomb",))
    await hookline.endpoint(
        receiver.url("/quick"), template=Template(json={"a": "{{ type }}"}), events=("q",)
    )
    await hookline.endpoint(receiver.url("/plain"), events=("plain",))
    for event_type in ("q", "q", "plain"):
        await hookline.until_state(await hookline.publish(type=event_type), State.DELIVERED)
    await seen_once(hookline, [await hookline.publish(type="bomb") for _ in range(EACH)])

    before = await ended(hookline, DEAD)
    for _ in range(QUICK):
        for event_type in ("q", "plain"):
            event = await hookline.publish(type=event_type)
            detail = await hookline.until_state(event, State.DELIVERED)
            assert len(detail.attempts) == 1
    bombs = await ended(hookline, DEAD) - before
    assert before + bombs < HOLDERS * EACH, "bombs were there all the time"
    assert bombs <= QUICK


async def seen_once(hookline: Gateway, bombs: Sequence[Published]) -> None:
    """Until each endpoint's template has shown what it costs."""
    for position in range(HOLDERS):
        await hookline.until_state(bombs[0], State.DEAD, position)
