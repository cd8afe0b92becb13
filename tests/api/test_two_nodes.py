"""Two API nodes over one PostgreSQL: what one does the other knows, at once or within the time that is promised."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

import pytest
import pytest_asyncio

from hookline.api.kept import KEPT
from hookline.clock import SystemClock
from tests.api.conftest import Keys, make_keys
from tests.api.matrix import RECEIVER, TENANT
from tests.api.nodes import two_nodes
from tests.api.running import Running, Told
from tests.clock import ManualClock

SCHEMA = {"type": "object", "required": ["call"]}


class Nodes(NamedTuple):
    here: Running
    there: Running
    hands: ManualClock
    """Of the clock there."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def nodes(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str, database_names: Iterator[str]
) -> AsyncIterator[Nodes]:
    folder, hands = tmp_path_factory.mktemp("nodes"), ManualClock(SystemClock().now())
    async with two_nodes(folder, postgres_server, next(database_names), clock=hands) as (here, there):
        yield Nodes(here, there, hands)


@pytest_asyncio.fixture(loop_scope="session")
async def both(nodes: Nodes) -> Keys:
    """Keys that both nodes have seen, and a tenant whose configuration both have in memory."""
    keys = await make_keys(nodes.here)
    for node in nodes[:2]:
        assert (await publish(node, keys)).status == 202
        for scope in ("admin", "manage", "read"):
            named = {TENANT: keys.alice} if scope == "admin" else {}
            assert (await node.call("GET", "/v1/event-types", keys[scope], headers=named)).status == 200
    return keys


async def publish(node: Running, keys: Keys, data: object = 1, key: str | None = None) -> Told:
    body = {"type": "call.started", "data": data, "idempotency_key": key}
    return await node.call("POST", "/v1/events", keys["publish"], json=body)


async def test_what_one_makes_the_other_shows_at_once(nodes: Nodes, both: Keys) -> None:
    """An endpoint, an event type, a key, a tenant, an event."""
    here, there, _ = nodes
    endpoint = await here.call("POST", "/v1/endpoints", both["manage"], json={"url": RECEIVER})
    await here.call("PUT", "/v1/event-types/call.ended", both["manage"], json={})
    key = await here.call("POST", "/v1/keys", both["manage"], json={"scope": "read"})
    tenant = await here.call("POST", "/v1/tenants", both["admin"], json={})
    event = await publish(here, both)
    for path, scope in (
        (f"/v1/endpoints/{endpoint.json['id']}", "read"),
        ("/v1/event-types/call.ended", "read"),
        (f"/v1/keys/{key.json['id']}", "manage"),
        (f"/v1/tenants/{tenant.json['id']}", "admin"),
        (f"/v1/events/{event.json['id']}", "read"),
    ):
        assert (await there.call("GET", path, both[scope])).status == 200, path
    assert (await there.call("GET", "/v1/events", key.json["token"])).status == 200


async def test_an_event_is_matched_with_what_the_other_node_committed(nodes: Nodes, both: Keys) -> None:
    """An endpoint counts from the moment that it is there, and no longer than it is; so the reasons are told."""
    here, there, _ = nodes
    made = (await here.call("POST", "/v1/endpoints", both["manage"], json={"url": RECEIVER})).json["id"]
    event = await publish(there, both)
    assert event.json["matched"] == [made]
    later = (await here.call("POST", "/v1/endpoints", both["manage"], json={"url": RECEIVER})).json["id"]
    told = await there.call("GET", f"/v1/events/{event.json['id']}/matches", both["read"])
    assert [(one["endpoint_id"], one["matched"]) for one in told.json["items"]] == [
        (made, True),
        (later, False),
    ]
    for endpoint in (made, later):
        await here.call("DELETE", f"/v1/endpoints/{endpoint}", both["manage"])
    told = await there.call("GET", f"/v1/events/{event.json['id']}/matches", both["read"])
    assert [one["reason"] for one in told.json["items"]] == ["The endpoint is gone."]
    assert (await publish(there, both)).json["matched"] == []


async def test_a_test_takes_the_example_that_the_other_node_committed(nodes: Nodes, both: Keys) -> None:
    """The example of an event type as it is now."""
    here, there, _ = nodes
    fields = {"url": RECEIVER, "events": ["call.started"]}
    made = (await here.call("POST", "/v1/endpoints", both["manage"], json=fields)).json["id"]
    await here.call("PUT", "/v1/event-types/call.started", both["manage"], json={"example": {"call": "c_9"}})
    told = await there.call("POST", f"/v1/endpoints/{made}/test", both["manage"], json={})
    assert told.json["request_body"]["text"].endswith('"data":{"call":"c_9"}}')


async def test_a_schema_holds_on_the_other_node(nodes: Nodes, both: Keys) -> None:
    """From its commit on, the first event that does not fit included, alone and in a batch."""
    here, there, _ = nodes
    schema = {"schema": SCHEMA, "enforcement": "enforce"}
    await here.call("PUT", "/v1/event-types/call.started", both["manage"], json=schema)
    assert (await publish(there, both, {})).code == "schema_mismatch"
    await here.call("PUT", "/v1/event-types/call.started", both["manage"], json={})
    assert (await publish(there, both, {})).status == 202
    await here.call("PUT", "/v1/event-types/call.started", both["manage"], json=schema)
    events = {"events": [{"type": "call.started", "data": {}}, {"type": "call.started", "data": {"call": 1}}]}
    told = await there.call("POST", "/v1/events/batch", both["publish"], json=events)
    assert [one["status"] for one in told.json["items"]] == [422, 202]


@pytest.mark.parametrize("now", [{"schema": SCHEMA}, {"schema": {}, "enforcement": "enforce"}, None])
async def test_nothing_is_refused_by_a_schema_that_the_other_node_has_taken_away(
    nodes: Nodes, both: Keys, now: object
) -> None:
    """No longer enforced, another one, or the type deleted: the next event passes, alone and in a batch."""
    here, there, _ = nodes
    path = "/v1/event-types/call.started"
    events = {"events": [{"type": "call.started", "data": {}}, {"type": "call.started", "data": {"call": 1}}]}
    for batch in (False, True):
        schema = {"schema": SCHEMA, "enforcement": "enforce"}
        await there.call("PUT", path, both["manage"], json=schema)
        told = await there.call("POST", "/v1/events/batch", both["publish"], json=events)
        assert [one["status"] for one in told.json["items"]] == [422, 202]
        await here.call("DELETE" if now is None else "PUT", path, both["manage"], json=now)
        if batch:
            told = await there.call("POST", "/v1/events/batch", both["publish"], json=events)
            assert [one["status"] for one in told.json["items"]] == [202, 202]
        else:
            assert (await publish(there, both, {})).status == 202


async def test_a_key_revoked_here_stops_there_in_time(nodes: Nodes, both: Keys) -> None:
    """Within five seconds on a node that has it in memory, whatever its scope."""
    here, there, hands = nodes
    made = {}
    for scope in ("manage", "publish", "read"):
        told = await here.call("POST", "/v1/keys", both["manage"], json={"scope": scope})
        made[scope] = told.json
        method = "POST" if scope == "publish" else "GET"
        assert (await there.call(method, "/v1/events", told.json["token"])).status != 401
        await here.call("DELETE", f"/v1/keys/{told.json['id']}", both["manage"])
    hands.turn(KEPT)
    assert KEPT < 5
    for key in made.values():
        for method in ("GET", "POST"):
            assert (await there.call(method, "/v1/events", key["token"])).code == "unauthorized"


async def test_a_tenant_deleted_here_is_gone_there_in_time(nodes: Nodes, both: Keys) -> None:
    """Nothing of it is shown even at once; within five seconds its keys, and who names it, hear that there is none."""
    here, there, hands = nodes
    named = {TENANT: both.alice}
    event = (await publish(there, both)).json["id"]
    assert (await here.call("DELETE", f"/v1/tenants/{both.alice}", both["admin"])).status == 204
    assert (await there.call("GET", f"/v1/events/{event}", both["admin"], headers=named)).status == 404
    hands.turn(KEPT)
    assert (await there.call("GET", "/v1/events", both["read"])).code == "unauthorized"
    for method, path in (("GET", "/v1/events"), ("GET", "/v1/keys"), ("POST", "/v1/events")):
        told = await there.call(method, path, both["admin"], headers=named)
        never = await there.call(method, path, both["admin"], headers={TENANT: "nobody"})
        assert (told.status, told.code) == (404, "not_found"), path
        assert told.body.replace(both.alice.encode(), b"") == never.body.replace(b"nobody", b"")


async def test_one_idempotency_key_on_both_nodes_is_one_event(nodes: Nodes, both: Keys) -> None:
    """64 at once, half of them on each node: one is stored, and all hear its id; another body is told of it."""
    here, there, _ = nodes
    told = await asyncio.gather(
        *(publish(node, both, "same", "k-1") for _ in range(32) for node in (here, there))
    )
    assert [one.status for one in told] == [202] * 64
    assert Counter(one.json["duplicate"] for one in told) == {False: 1, True: 63}
    (event,) = {one.json["id"] for one in told}
    mixed = await asyncio.gather(
        *(publish(node, both, data, "k-2") for data in range(16) for node in (here, there))
    )
    assert Counter(one.status for one in mixed) == {202: 2, 409: 30}
    winner = {one.json["id"] for one in mixed if one.status == 202}
    assert len(winner) == 1
    assert all(one.code == "idempotency_conflict" for one in mixed if one.status == 409)
    for node in (here, there):
        listed = (await node.call("GET", "/v1/events?limit=100", both["read"])).json["items"]
        keyed = {one["id"] for one in listed if one["idempotency_key"] in {"k-1", "k-2"}}
        assert keyed == {event, *winner}


async def test_of_two_changes_at_once_one_is_told_of_the_other(nodes: Nodes, both: Keys) -> None:
    """Each node changes another field of one endpoint: what was answered 200 stands, the rest heard 409."""
    here, there, _ = nodes
    made = (await here.call("POST", "/v1/endpoints", both["manage"], json={"url": RECEIVER})).json["id"]
    path = f"/v1/endpoints/{made}"
    for round_ in range(4):
        changes = ({"name": f"n{round_}"}, {"description": f"d{round_}"})
        told = await asyncio.gather(
            *(
                node.call("PATCH", path, both["manage"], json=change)
                for node, change in zip((here, there), changes, strict=True)
            )
        )
        shown = (await there.call("GET", path, both["read"])).json
        assert 200 in {one.status for one in told}
        for one, change in zip(told, changes, strict=True):
            assert one.status in {200, 409}
            stands = all(shown[name] == value for name, value in change.items())
            assert stands is (one.status == 200)
