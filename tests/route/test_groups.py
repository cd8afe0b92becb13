"""Groups: how many events share one commit."""

import pytest

from hookline.model.ids import EndpointId, TenantId
from hookline.route.answers import Gathered
from hookline.route.draft import Draft
from hookline.route.groups import (
    MAX_GROUP,
    MAX_GROUP_BYTES,
    MAX_GROUP_DELIVERIES,
    Entry,
    Part,
    group_size,
    is_cut,
)
from hookline.route.match import MatchResult
from hookline.storage.directory import TenantConfig


async def entries(count: int, *, size: int = 10, matched: int = 1, batch: object = None) -> list[Entry]:
    config = TenantConfig(tenant_id=TenantId("t"), version=1, endpoints={}, event_types={})
    gathered = Gathered(count)
    return [
        Entry(
            [
                Part(
                    Draft(type="a.b", data=b"x" * size),
                    MatchResult(endpoint_ids=(EndpointId("e"),) * matched),
                    gathered.places[index],
                )
            ],
            config,
            started=0.0,
            check=None,
            batch=batch,
        )
        for index in range(count)
    ]


async def test_many_small_ones_share_a_commit() -> None:
    assert group_size(await entries(MAX_GROUP + 5)) == MAX_GROUP


async def test_large_ones_do_not() -> None:
    assert group_size(await entries(10, size=MAX_GROUP_BYTES // 4)) == 4


async def test_nor_do_those_that_go_to_many() -> None:
    assert group_size(await entries(50, matched=MAX_GROUP_DELIVERIES // 10)) == 10


async def test_a_batch_is_not_cut_where_it_can_begin_the_next_commit() -> None:
    queue = await entries(5) + await entries(MAX_GROUP - 10, batch="a") + await entries(10, batch="b")
    assert group_size(queue) == MAX_GROUP - 5
    assert not is_cut(queue[: MAX_GROUP - 5], queue[MAX_GROUP - 5 :])
    assert group_size(await entries(1) + await entries(MAX_GROUP, batch="a")) == 1
    assert group_size(await entries(MAX_GROUP, batch="a") + await entries(1)) == MAX_GROUP


async def test_one_that_is_too_large_alone_is_cut() -> None:
    queue = await entries(MAX_GROUP + 1, batch="a")
    assert group_size(queue) == MAX_GROUP
    assert is_cut(queue[:MAX_GROUP], queue[MAX_GROUP:])
    assert not is_cut(queue, [])
    assert not is_cut([], queue)
    lone = await entries(2)
    assert not is_cut(lone[:1], lone[1:])


@pytest.mark.parametrize("size", [MAX_GROUP_BYTES, 10 * MAX_GROUP_BYTES])
async def test_one_goes_however_large_it_is(size: int) -> None:
    assert group_size(await entries(2, size=size, matched=MAX_GROUP_DELIVERIES + 1)) == 1
