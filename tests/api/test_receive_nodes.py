"""Receiving on two nodes over real HTTP: what one has changed counts on the other, which still has it otherwise in memory."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from tests.api.conftest import Keys, make_keys
from tests.api.nodes import two_nodes
from tests.api.raw import as_told, wire
from tests.api.receiving import BODY, SECRET, knock, receipts, source, stripe
from tests.api.running import Running, Told
from tests.engine.gateway import until

LONG = b'{"id": "evt_long", "type": "a", "x": "' + b"y" * 5000 + b'"}'
LARGE = b'{"id": "evt_large", "type": "a", "x": "' + b"y" * 100_000 + b'"}'


class Nodes(NamedTuple):
    here: Running
    there: Running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def nodes(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str, database_names: Iterator[str]
) -> AsyncIterator[Nodes]:
    folder = tmp_path_factory.mktemp("nodes")
    async with two_nodes(folder, postgres_server, next(database_names)) as (here, there):
        yield Nodes(here, there)


async def test_of_64_copies_on_two_nodes_one_becomes_an_event(nodes: Nodes) -> None:
    keys = await make_keys(nodes.here)
    made = await source(nodes.here, keys)
    told = await asyncio.gather(*(knock(nodes[number % 2], made) for number in range(64)))
    assert {one.status for one in told} == {200}
    events = await nodes.here.call("GET", "/v1/events", keys["read"])
    assert len(events.json["items"]) == 1
    found = await nodes.here.call("GET", "/v1/receipts?limit=250", keys["read"])
    outcomes = [one["outcome"] for one in found.json["items"]]
    assert (outcomes.count("accepted"), outcomes.count("duplicate")) == (1, 63)


async def test_a_secret_that_is_mended_on_one_node_counts_on_the_other(nodes: Nodes) -> None:
    keys = await make_keys(nodes.here)
    made = await source(nodes.here, keys, secrets=["wrong"])
    assert (await knock(nodes.there, made)).status == 401
    changed = await nodes.here.call(
        "PATCH", f"/v1/sources/{made['id']}", keys["manage"], json={"secrets": [SECRET]}
    )
    assert changed.status == 200
    nodes.there.parts.directory.forget(Running.tenant(keys))
    await until(lambda: True)
    assert (await knock(nodes.there, made)).status == 200


async def test_a_path_that_one_node_gives_to_another_source_leads_to_that_one_on_the_other(
    nodes: Nodes,
) -> None:
    """The other node still has the old source and its path in memory."""
    here, there, keys = *nodes, await make_keys(nodes.here)
    first = await source(here, keys, path="payments/moved")
    path = f"/in/{keys.alice}/payments/moved"
    assert (await knock(there, first, path=path)).status == 200
    await here.call("PATCH", f"/v1/sources/{first['id']}", keys["manage"], json={"path": ""})
    second = await source(here, keys, path="payments/moved", secrets=["another"])
    told = await knock(there, second, path=path, headers=stripe(BODY, secret="another"))
    assert told.status == 200
    (newest,) = await receipts(here, keys, second)
    assert newest["outcome"] == "accepted"


async def test_what_both_sources_would_accept_goes_to_the_one_whose_path_it_is(nodes: Nodes) -> None:
    """The other node learns it at the commit: then the provider is asked to come again."""
    here, there, keys = *nodes, await make_keys(nodes.here)
    first = await source(here, keys, path="payments/shared")
    path = f"/in/{keys.alice}/payments/shared"
    assert (await knock(there, first, path=path)).status == 200
    await here.call("PATCH", f"/v1/sources/{first['id']}", keys["manage"], json={"path": ""})
    second = await source(here, keys, path="payments/shared")
    told = [await knock(there, second, path=path, body=b'{"id": "evt_2", "type": "a"}') for _ in range(2)]
    assert [one.status for one in told] == [503, 200]
    assert [len(await receipts(here, keys, one)) for one in (first, second)] == [1, 1]


@pytest_asyncio.fixture(loop_scope="session")
async def both(nodes: Nodes) -> Keys:
    return await make_keys(nodes.here)


async def change(nodes: Nodes, keys: Keys, made: dict[str, Any], **fields: Any) -> None:
    """On one node; the other has had a request to it already, and hears nothing."""
    assert (await knock(nodes.there, made)).status == 200
    told = await nodes.here.call("PATCH", f"/v1/sources/{made['id']}", keys["manage"], json=fields)
    assert told.status == 200, told.body


@pytest.mark.parametrize("body", [LONG, LARGE])
async def test_a_body_limit_that_is_raised_on_one_node_counts_on_the_other(
    nodes: Nodes, both: Keys, body: bytes
) -> None:
    made = await source(nodes.here, both, body_limit=1024)
    await change(nodes, both, made, body_limit=1_000_000)
    assert (await knock(nodes.there, made, body=body, headers=stripe(body))).status == 200


async def test_what_is_larger_than_the_raised_limit_is_refused_with_that_one_in_the_receipt(
    nodes: Nodes, both: Keys
) -> None:
    made = await source(nodes.here, both, body_limit=1024)
    await change(nodes, both, made, body_limit=2000)
    told = await knock(nodes.there, made, body=LONG, headers=stripe(LONG))
    nobody = await knock(nodes.there, made, path="/in/in_nobody", body=LONG, headers=stripe(LONG))
    assert (told.status, told.body) == (401, nobody.body)
    newest, _ = await receipts(nodes.here, both, made, 2)
    assert (newest["cause"], "2000 bytes" in newest["detail"]) == ("body_too_large", True)


@pytest.mark.parametrize(("old", "new", "status"), [(1024, 100_000, 200), (100_000, 1024, 401)])
async def test_a_path_that_goes_to_another_source_has_the_limit_of_that_one(
    nodes: Nodes, both: Keys, old: int, new: int, status: int
) -> None:
    here, there = nodes
    path = f"/in/{both.alice}/payments/limits"
    first = await source(here, both, path="payments/limits", body_limit=old)
    assert (await knock(there, first, path=path)).status == 200
    await here.call("PATCH", f"/v1/sources/{first['id']}", both["manage"], json={"path": ""})
    second = await source(here, both, path="payments/limits", secrets=["another"], body_limit=new)
    told = await knock(there, second, path=path, body=LONG, headers=stripe(LONG, secret="another"))
    assert told.status == status
    (newest,) = await receipts(here, both, second)
    assert newest["cause"] == (None if status == 200 else "body_too_large")


async def test_a_limit_that_is_raised_while_a_body_comes_counts_for_it(nodes: Nodes, both: Keys) -> None:
    """Though the node has learned of it meanwhile, from another request."""
    here, there = nodes
    made = await source(here, both, body_limit=1024)
    assert (await knock(there, made)).status == 200
    lines = "".join(f"{name}: {value}\r\n" for name, value in stripe(LARGE).items())
    head = f"POST {made['receive_url']} HTTP/1.1\r\nHost: x\r\n{lines}Content-Length: {len(LARGE)}\r\n\r\n"
    async with wire(there.port) as line:
        await line.send(head.encode() + LARGE[:500])
        await here.call("PATCH", f"/v1/sources/{made['id']}", both["manage"], json={"body_limit": 200_000})
        assert (await knock(there, made, headers=stripe(BODY, secret="wrong"))).status == 401
        await line.send(LARGE[500:])
        assert as_told(await line.answer()).status == 200


async def test_a_method_that_is_allowed_on_one_node_may_come_to_the_other(nodes: Nodes, both: Keys) -> None:
    made = await source(nodes.here, both)
    await change(nodes, both, made, methods=["POST", "PUT"])
    body = b'{"id": "evt_put", "type": "a"}'
    put = await knock(nodes.there, made, body=body, headers=stripe(body), method="PUT")
    delete = await knock(nodes.there, made, body=body, headers=stripe(body), method="PATCH")
    assert (put.status, delete.status) == (200, 401)


@pytest.mark.parametrize(
    ("fields", "body"), [({"methods": ["PUT"]}, BODY), ({"body_limit": 1024}, LONG)], ids=["method", "size"]
)
async def test_what_a_source_takes_no_more_on_one_node_the_other_does_not_take_either(
    nodes: Nodes, both: Keys, fields: dict[str, Any], body: bytes
) -> None:
    """It learns of it at the commit."""
    made = await source(nodes.here, both, dedupe=0)
    await change(nodes, both, made, **fields)
    assert (await knock(nodes.there, made, body=body, headers=stripe(body))).status == 401


async def test_a_handshake_that_is_mended_on_one_node_succeeds_on_the_other(nodes: Nodes, both: Keys) -> None:
    made = await source(nodes.here, both, provider="meta", parameters={"verify_token": "wrong"})

    async def shaken(node: Running) -> Told:
        query = "hub.mode=subscribe&hub.challenge=42&hub.verify_token=mended"
        return await node.call("GET", f"{made['receive_url']}?{query}")

    assert (await shaken(nodes.there)).status == 401
    await nodes.here.call(
        "PATCH", f"/v1/sources/{made['id']}", both["manage"], json={"parameters": {"verify_token": "mended"}}
    )
    told = await shaken(nodes.there)
    assert (told.status, told.body) == (200, b"42")
    assert (await receipts(nodes.here, both, made, 2))[1]["cause"] == "handshake_refused"
