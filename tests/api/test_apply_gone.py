"""What a declaration named once and names no more: it goes, in every tenant, and nothing of others does."""

from typing import Any

import pytest

from tests.api.conftest import Keys
from tests.api.running import Running
from tests.api.test_apply import CRM, PAYMENTS, apply, listed, steps


class Two:
    """Two tenants, declared by an owner of the test's own."""

    def __init__(self, api: Running, keys: Keys) -> None:
        self.api, self.keys = api, keys
        self.one, self.other = keys.alice, keys.stranger
        self.owner = f"ops-of-{keys.alice}"

    async def apply(self, tenants: Any, *, query: str = "", owner: str = "") -> list[tuple[str, str, str]]:
        told = await apply(self.api, self.keys, tenants, query=query, owner=owner or self.owner)
        return steps(told)

    async def of_other(self, noun: str) -> list[dict[str, Any]]:
        told = await self.api.call("GET", f"/v1/{noun}", self.keys["stranger"])
        found: list[dict[str, Any]] = told.json["items"]
        return found

    async def uses(self, system: str, key: str = "manage") -> bool:
        told = await self.api.call("GET", f"/v1/systems/{system}", self.keys[key])
        return told.json["enabled"] is not None

    def below(self, tenant: str) -> dict[str, Any]:
        """Systems that have their paths below the tenant's name."""
        return {"pbx": {"prefix": tenant}, "urpa": {"prefix": tenant}}


@pytest.fixture
def two(api: Running, keys: Keys) -> Two:
    return Two(api, keys)


async def test_a_tenant_that_is_named_no_more_keeps_only_what_others_made(two: Two) -> None:
    """The plan shows it first, and the tenant itself stays."""
    by_hand = await two.api.call("POST", "/v1/endpoints", two.keys["stranger"], json={"url": CRM["url"]})
    assert by_hand.status == 201
    await two.apply({two.other: {"endpoints": {"theirs": CRM}}}, owner=f"{two.owner}-2")
    things = {"systems": two.below(two.other), "endpoints": {"crm": CRM}, "sources": {"pay": PAYMENTS}}
    await two.apply({two.one: {"endpoints": {"crm": CRM}}, two.other: things})
    left = {two.one: {"endpoints": {"crm": CRM}}}
    gone = [
        ("delete", "endpoint", "crm"),
        ("delete", "source", "pay"),
        ("delete", "system", "pbx"),
        ("delete", "system", "urpa"),
    ]
    assert await two.apply(left, query="?dry_run=true") == gone
    assert len(await two.of_other("endpoints")) == 3
    assert await two.apply(left) == gone
    names = [one["metadata"].get("hookline.declared_as", "") for one in await two.of_other("endpoints")]
    assert sorted(names) == ["", "theirs"]
    assert await two.of_other("sources") == []
    assert not await two.uses("pbx", "stranger")
    assert (await two.api.call("GET", f"/v1/tenants/{two.other}", two.keys["admin"])).status == 200
    assert len(await listed(two.api, two.keys, "endpoints")) == 1
    assert await two.apply(left) == []


async def test_a_declaration_of_nothing_takes_all_of_it_away(two: Two) -> None:
    await two.apply({two.one: {"systems": two.below(two.one), "endpoints": {"crm": CRM}}})
    assert len(await two.apply({})) == 3
    assert await listed(two.api, two.keys, "endpoints") == []
    assert await two.apply({}) == []


async def test_a_system_that_is_named_no_more_is_used_no_more(two: Two) -> None:
    """Its paths are not served; endpoints of it that people made stay."""
    await two.apply({two.one: {"systems": two.below(two.one)}})
    own = await two.api.call(
        "POST", "/v1/endpoints", two.keys["manage"], json={"url": CRM["url"], "system": "pbx"}
    )
    assert own.status == 201
    left = {two.one: {"systems": {"urpa": {"prefix": two.one}}}}
    assert await two.apply(left) == [("delete", "system", "pbx")]
    assert (await two.uses("pbx"), await two.uses("urpa")) == (False, True)
    path = f"/{two.one}/api/webhooks"
    assert (await two.api.call("GET", path, two.keys["manage"])).status == 404
    assert len(await listed(two.api, two.keys, "endpoints")) == 1


async def test_a_system_that_people_enabled_is_theirs(two: Two) -> None:
    """Also when a file has named it, or when they have enabled again what a file had."""
    enabled = "/v1/systems/pbx/enabled"
    await two.api.call("PUT", enabled, two.keys["manage"], json={"prefix": two.one})
    named = {two.one: {"systems": {"pbx": {"prefix": two.one, "zone": "Europe/Berlin"}}}}
    assert await two.apply(named) == [("change", "system", "pbx")]
    assert await two.apply({two.one: {}}) == []
    assert await two.uses("pbx")
    await two.api.call("DELETE", enabled, two.keys["manage"])
    assert await two.apply(named) == [("create", "system", "pbx")]
    await two.api.call("DELETE", enabled, two.keys["manage"])
    await two.api.call("PUT", enabled, two.keys["manage"], json={"prefix": two.one})
    assert await two.apply({two.one: {}}) == []
    assert await two.uses("pbx")


async def test_owners_have_systems_apart(two: Two) -> None:
    named = {two.one: {"systems": {"pbx": {"prefix": two.one}}}}
    await two.apply(named)
    assert await two.apply(named, owner=f"{two.owner}-2") == []
    assert await two.apply({}, owner=f"{two.owner}-2") == []
    assert await two.uses("pbx")
    assert await two.apply({}) == [("delete", "system", "pbx")]


async def test_what_waits_for_an_endpoint_is_counted_before_it_goes(two: Two) -> None:
    """Held or due; it is cancelled."""
    wanted = {two.one: {"endpoints": {"crm": {**CRM, "active": False}, "two": CRM}}}
    await two.apply(wanted)
    for _ in range(3):
        event = {"type": "call.started", "data": {}}
        assert (await two.api.call("POST", "/v1/events", two.keys["publish"], json=event)).status == 202
    told = await apply(
        two.api, two.keys, {two.one: {"endpoints": {"two": CRM}}}, query="?dry_run=true", owner=two.owner
    )
    assert [(one["name"], one["waiting"]) for one in told.json["steps"]] == [("crm", 3)]
    await two.apply({two.one: {"endpoints": {"two": CRM}}})
    await two.api.parts.store.endpoints.settle_inactive(two.api.parts.clock.now(), 1000)
    cancelled = await two.api.call("GET", "/v1/deliveries?state=cancelled", two.keys["read"])
    assert len(cancelled.json["items"]) == 3


async def test_a_place_that_is_left_can_be_taken_in_the_same_step(two: Two) -> None:
    """What goes, goes first: a key is another, a prefix changes hands."""
    place = {"pbx": {"prefix": f"{two.one}-place"}}
    source = {**PAYMENTS, "path": "payments"}
    await two.apply({two.one: {"systems": place, "sources": {"old": source}}})
    moved = {two.one: {"sources": {"new": source}}, two.other: {"systems": place}}
    assert await two.apply(moved) == [
        ("delete", "source", "old"),
        ("delete", "system", "pbx"),
        ("create", "source", "new"),
        ("create", "system", "pbx"),
    ]
    assert await two.uses("pbx", "stranger")
    assert [one["path"] for one in await listed(two.api, two.keys, "sources")] == ["payments"]


async def test_a_tenant_that_was_deleted_meanwhile_is_no_matter(two: Two) -> None:
    tenant = f"{two.one}-once"
    await two.apply({tenant: {"systems": two.below(tenant), "endpoints": {"crm": CRM}}})
    deleted = await two.api.call("DELETE", f"/v1/tenants/{tenant}", two.keys["admin"])
    assert deleted.status == 204
    assert await two.apply({two.one: {}}) == []
    assert await two.apply({}) == []


async def test_a_step_that_fails_leaves_what_was_done_to_its_owner(two: Two) -> None:
    """The place is taken; what stands before it is there, and goes when it is named no more."""
    await two.api.call(
        "PUT", "/v1/systems/pbx/enabled", two.keys["stranger"], json={"prefix": f"{two.one}-place"}
    )
    systems = {"urpa": {"prefix": two.one}, "pbx": {"prefix": f"{two.one}-place"}}
    told = await apply(two.api, two.keys, {two.one: {"systems": systems}}, owner=two.owner)
    assert told.status == 409, told.body
    assert await two.uses("urpa")
    assert await two.apply({}) == [("delete", "system", "urpa")]
    assert await two.uses("pbx", "stranger")


async def test_a_copy_of_what_was_declared_is_not_taken_for_it(two: Two) -> None:
    """Somebody made another endpoint with the same metadata: the declared one is the older."""
    await two.apply({two.one: {"endpoints": {"crm": CRM}}})
    (declared,) = await listed(two.api, two.keys, "endpoints")
    copied = {"url": CRM["url"], "metadata": declared["metadata"]}
    assert (await two.api.call("POST", "/v1/endpoints", two.keys["manage"], json=copied)).status == 201
    assert await two.apply({}) == [("delete", "endpoint", "crm")]
    (left,) = await listed(two.api, two.keys, "endpoints")
    assert left["id"] != declared["id"]
