"""A filter that is slow again and again is switched off, for all nodes and configurations, until it is saved again."""

import pytest

from hookline.model.delivery import State
from hookline.route import match
from hookline.storage.endpoints import Endpoints
from tests.engine.gateway import ALICE, STRANGER, Gateway, until
from tests.engine.receivers import Receiver


async def _off(hookline: Gateway, endpoint_id: str) -> str:
    page = await hookline.store.endpoints.list(ALICE, limit=10)
    return next(endpoint.filter_off for endpoint in page.items if endpoint.id == endpoint_id)


async def test_a_slow_filter_is_switched_off_once_told_once_and_stays_so(
    hookline: Gateway, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = await hookline.endpoint(receiver.url("/slow"), filter="data.n > 0.0")
    await hookline.endpoint(receiver.url("/plain"))
    with monkeypatch.context() as patched:
        patched.setattr(match, "SLOW_FILTER", -1.0)
        for _ in range(4):
            await hookline.publish()
    await until(lambda: bool(hookline.told("FilterSwitchedOff")))
    (line,) = hookline.told("FilterSwitchedOff")
    assert (line["endpoint_id"], "switched off" in line["reason"]) == (slow.id, True)
    assert await _off(hookline, slow.id) == line["reason"]
    await hookline.endpoint(receiver.url("/new"))  # another version of the configuration
    published = await hookline.publish()
    assert slow.id not in published.matched
    assert published.failures == {slow.id: line["reason"]}
    assert len(hookline.told("FilterSwitchedOff")) == 1
    now = await hookline.store.endpoints.get(ALICE, slow.id)
    await hookline.change(now, filter_off="")
    again = await hookline.publish()
    assert slow.id in again.matched
    await hookline.until_state(again, State.DELIVERED)


async def test_the_verb_leaves_alone_a_filter_that_was_changed_meanwhile(hookline: Gateway) -> None:
    endpoints: Endpoints = hookline.store.endpoints
    slow = await hookline.endpoint("http://127.0.0.1/", filter="data.n > 0.0")
    changed = await hookline.change(slow, filter="data.n > 1.0")
    now = hookline.clock.now()
    assert not await endpoints.switch_filter_off(slow, "slow", now)
    assert await endpoints.switch_filter_off(changed, "slow", now)
    assert not await endpoints.switch_filter_off(changed, "slower", now)
    assert (await endpoints.get(ALICE, slow.id)).filter_off == "slow"


async def test_a_strangers_filter_is_not_touched(hookline: Gateway) -> None:
    mine = await hookline.endpoint("http://127.0.0.1/", filter="data.n > 0.0")
    theirs = await hookline.endpoint("http://127.0.0.1/", STRANGER, id=mine.id, filter="data.n > 0.0")
    await hookline.store.endpoints.switch_filter_off(mine, "slow", hookline.clock.now())
    assert (await hookline.store.endpoints.get(STRANGER, theirs.id)).filter_off == ""
