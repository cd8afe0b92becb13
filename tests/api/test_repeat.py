"""Clients that send the same head again and again: it is not read twice, and nobody can tell."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from hookline.server_repeat import Head, head_of
from tests.api.conftest import Keys, make_keys
from tests.api.raw import Wire, as_told, post, wire
from tests.api.running import Running, serving, settings_for

URL = b"/v1/events"
HEADERS = [(b"host", b"x"), (b"authorization", b"Bearer t"), (b"content-length", b"2")]
RAW = b"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\nContent-Length: 2\r\n\r\n"


def learned(data: bytes = RAW + b"{}") -> Head:
    head = head_of(data, URL, HEADERS)
    assert head is not None
    return head


def test_a_head_with_another_length_is_the_same_head() -> None:
    head = learned()
    assert head.body_in(RAW + b"{}") == b"{}"
    assert head.body_in(RAW.replace(b": 2", b": 11") + b'{"a":[1,2]}') == b'{"a":[1,2]}'
    assert head.body_in(RAW.replace(b": 2", b": 0")) == b""
    assert head.with_length(11) == [*HEADERS[:2], (b"content-length", b"11")]


@pytest.mark.parametrize(
    "data",
    [
        RAW + b"{",  # not all of it yet
        RAW + b"{}{",  # something behind it
        RAW[:-2],
        RAW.replace(b": 2", b": two") + b"{}",
        RAW.replace(b": 2", b": 02") + b"{}",  # it is kept as it came
        RAW.replace(b": 2", b": " + b"2" * 5000) + b"{}",  # more than Python reads as a number
        RAW.replace(b": 2", b": ") + b"{}",
        RAW.replace(b": 2", b": -2") + b"{}",
        RAW.replace(b": 2", b": +2") + b"{}",
        RAW.replace(b": 2", b": 2 ") + b"{}",
        RAW.replace(b": 2", b": 2, 2") + b"{}",
        RAW.replace(b": 2\r\n", b": 2\r\nX: y\r\n") + b"{}",
        RAW.replace(b"Bearer t", b"Bearer u") + b"{}",
        RAW.replace(b"/v1/events", b"/v1/events/batch") + b"{}",
        RAW.replace(b": 2", b": 65537") + b" " * 65537,  # uvicorn's flow control is wanted
        b"\r\n" + RAW + b"{}",
        b"",
    ],
)
def test_anything_else_is_read(data: bytes) -> None:
    assert learned().body_in(data) is None


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n" + RAW,  # a blank line before it is allowed, and is not its head
        b"\r\n\r\n" + RAW,
        RAW.replace(b"\r\nHost", b"\nHost"),  # a bare line end, whoever takes it for one
        RAW.replace(b"\r\nHost", b"\rHost"),
        RAW.replace(b"Host: x", b"Host: x\nX: y"),
        RAW.replace(b"Host: x", b"Host: x\rX: y"),
        RAW.replace(b"Host: x", b"Host: x\r\n folded"),
        RAW.replace(b"Host: x", b"Host: x\r\nX-More: y"),
        RAW.replace(b"Bearer t", b"Bearer u"),  # the head of another request
        RAW.replace(b"Host", b"Best"),
        RAW.replace(b"Host: x", b"Content-Length: 2").replace(b"Length: 2\r\n\r\n", b"Length: 3\r\n\r\n"),
        RAW.replace(b"POST", b"PUT"),
        RAW.replace(b"1.1", b"1.0"),
        RAW[:-2],
        RAW[:30],
        b"",
    ],
)
def test_a_head_that_is_not_certain_is_not_remembered(data: bytes) -> None:
    assert head_of(data, URL, HEADERS) is None


def test_a_long_head_is_not_remembered() -> None:
    """A connection may be kept for long, and there are many."""
    for size, remembered in ((1500, True), (2048, False), (60_000, False)):
        raw = RAW.replace(b"Host: x", b"Host: " + b"x" * size)
        assert (head_of(raw, URL, [(b"host", b"x" * size), *HEADERS[1:]]) is not None) is remembered


def test_a_head_has_one_length() -> None:
    assert head_of(RAW, URL, [*HEADERS[:2], (b"x", b"2")]) is None
    twice = RAW.replace(b"Host: x", b"Content-Length: 2")
    assert head_of(twice, URL, [HEADERS[2], HEADERS[1], HEADERS[2]]) is None


@given(st.text("0123456789 X\r\n:{}", max_size=12), st.binary(max_size=12))
def test_what_is_taken_is_the_head_with_a_length_and_its_body(length: str, body: bytes) -> None:
    data = RAW.replace(b": 2", b": " + length.encode()) + body
    if learned().body_in(data) is not None:
        assert length.isdigit()
        assert int(length) == len(body)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with serving(settings_for(tmp_path_factory.mktemp("repeat"))) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def keys(running: Running) -> Keys:
    return await make_keys(running)


def event(number: int) -> bytes:
    return msgspec.json.encode({"type": "a.b", "data": {"n": "x" * number}})


async def accepted(client: Wire) -> str:
    told = as_told(await client.answer())
    assert told.status == 202, told
    return str(msgspec.json.decode(told.body)["id"])


async def data_of(running: Running, keys: Keys, event_id: str) -> object:
    told = await running.call("GET", f"/v1/events/{event_id}", keys["read"])
    return told.json["data"]


async def test_each_request_on_a_connection_is_its_own(running: Running, keys: Keys) -> None:
    """Bodies of many lengths behind one head: every event has its own data."""
    sizes = [3, 3, 40, 0, 200, 3, 5000, 3]
    async with wire(running.port) as client:
        ids = []
        for size in sizes:
            await client.send(post(keys["publish"], event(size)))
            ids.append(await accepted(client))
    assert [await data_of(running, keys, one) for one in ids] == [{"n": "x" * size} for size in sizes]
    assert len(set(ids)) == len(sizes)


async def test_what_changes_in_a_head_counts(running: Running, keys: Keys) -> None:
    """Another key, another idempotency key, another path: none is taken for the last one."""
    async with wire(running.port) as client:
        for _ in range(3):
            await client.send(post(keys["publish"], event(1)))
            await accepted(client)
        await client.send(post("hk_" + "0" * 40, event(1)))
        assert as_told(await client.answer()).status == 401
        await client.send(post(keys["read"], event(1)))
        assert as_told(await client.answer()).status == 403
        ids = []
        for key in (b"one", b"two", b"two"):
            await client.send(post(keys["publish"], event(1), b"Idempotency-Key: " + key))
            ids.append(await accepted(client))
        assert (ids[0] != ids[1], ids[1] == ids[2]) == (True, True)


async def test_a_key_that_is_revoked_opens_nothing_though_its_head_is_known(
    running: Running, keys: Keys
) -> None:
    made = await running.call("POST", "/v1/keys", keys["manage"], json={"scope": "publish"})
    token = made.json["token"]
    async with wire(running.port) as client:
        for _ in range(3):
            await client.send(post(token, event(1)))
            await accepted(client)
        gone = await running.call("DELETE", f"/v1/keys/{made.json['id']}", keys["manage"])
        assert gone.status == 204
        await client.send(post(token, event(1)))
        assert as_told(await client.answer()).status == 401


async def test_a_request_may_come_in_pieces_at_any_time(running: Running, keys: Keys) -> None:
    whole = post(keys["publish"], event(9))
    async with wire(running.port) as client:
        for cut in (0, 10, 0, whole.index(b"\r\n\r\n") + 2, 0, len(whole) - 3, len(whole) - 1, 0):
            await client.send(whole[:cut])
            await asyncio.sleep(0.01)
            await client.send(whole[cut:])
            await accepted(client)


async def test_pipelined_requests_with_a_known_head(running: Running, keys: Keys) -> None:
    """Known or not: the second waits for the first, and each is answered in its turn."""
    async with wire(running.port) as client:
        sizes = [5, 5, 6, 7, 8, 9]
        await client.send(post(keys["publish"], event(5)))
        ids = [await accepted(client)]
        await client.send(post(keys["publish"], event(5)))
        await client.send(post(keys["publish"], event(6)))
        await client.send(post(keys["publish"], event(7)) + post(keys["publish"], event(8)))
        await client.send(post(keys["publish"], event(9)))
        ids += [await accepted(client) for _ in sizes[1:]]
    assert [await data_of(running, keys, one) for one in ids] == [{"n": "x" * size} for size in sizes]


async def test_a_bad_body_behind_a_known_head_is_told(running: Running, keys: Keys) -> None:
    async with wire(running.port) as client:
        for _ in range(2):
            await client.send(post(keys["publish"], event(1)))
            await accepted(client)
        for status, body in ((400, b"{"), (400, b""), (422, b'{"type":"a.b","data":1,"nope":1}')):
            await client.send(post(keys["publish"], body))
            assert as_told(await client.answer()).status == status, body
        await client.send(post(keys["publish"], event(2)))
        await accepted(client)


async def test_other_requests_between(running: Running, keys: Keys) -> None:
    """A request that is not hot, a blank line, one that ends the connection."""
    async with wire(running.port) as client:
        for _ in range(2):
            await client.send(post(keys["publish"], event(1)))
            await accepted(client)
            await client.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert as_told(await client.answer()).status == 200
            await client.send(b"\r\n")
        await client.send(post(keys["publish"], event(1)))
        await accepted(client)
        await client.send(post(keys["publish"], event(1), b"Connection: close"))
        await accepted(client)
        assert await client.rest() == b""
