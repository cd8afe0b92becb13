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
    apart,
    group_size,
    portions,
)
from hookline.route.match import MatchResult
from hookline.storage.directory import TenantConfig


async def entries(count: int, *, size: int = 10, matched: int = 1) -> list[Entry]:
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
        )
        for index in range(count)
    ]


async def test_many_small_ones_share_a_commit() -> None:
    assert group_size(await entries(MAX_GROUP + 5)) == MAX_GROUP


async def test_large_ones_do_not() -> None:
    assert group_size(await entries(10, size=MAX_GROUP_BYTES // 4)) == 4


async def test_nor_do_those_that_go_to_many() -> None:
    assert group_size(await entries(50, matched=MAX_GROUP_DELIVERIES // 10)) == 10


def batch(*events: tuple[int, int]) -> list[tuple[Draft, MatchResult]]:
    """Of events with so many bytes, to so many endpoints."""
    return [
        (Draft(type="a.b", data=b"x" * size), MatchResult(endpoint_ids=(EndpointId("e"),) * matched))
        for size, matched in events
    ]


async def test_a_batch_is_one_commit_unless_it_is_too_large() -> None:
    assert list(portions([])) == []
    whole = batch(*[(10, 1)] * MAX_GROUP)
    assert list(portions(whole)) == [whole]
    many = batch(*[(10, 1)] * (2 * MAX_GROUP + 1))
    assert list(portions(many)) == [many[:MAX_GROUP], many[MAX_GROUP : 2 * MAX_GROUP], many[2 * MAX_GROUP :]]
    large = batch((MAX_GROUP_BYTES + 1, 1), (1, 1), (MAX_GROUP_BYTES, 1))
    assert list(portions(large)) == [large[:1], large[1:2], large[2:]]
    wide = batch((1, MAX_GROUP_DELIVERIES), (1, 1), (1, MAX_GROUP_DELIVERIES - 1), (1, 1))
    assert list(portions(wide)) == [wide[:1], wide[1:3], wide[3:]]


async def test_what_came_together_is_taken_apart_unless_a_record_tells_of_it() -> None:
    one, two = await entries(2)
    together = Entry([*one.parts, *two.parts], one.config, started=1.0, check=None)
    assert [entry.parts for entry in apart([together, one])] == [one.parts, two.parts, one.parts]
    assert {entry.started for entry in apart([together])} == {1.0}
    together.receipt = object()  # type: ignore[assignment]  # whatever it tells
    assert apart([together]) == [together]


@pytest.mark.parametrize("size", [MAX_GROUP_BYTES, 10 * MAX_GROUP_BYTES])
async def test_one_goes_however_large_it_is(size: int) -> None:
    assert group_size(await entries(2, size=size, matched=MAX_GROUP_DELIVERIES + 1)) == 1
