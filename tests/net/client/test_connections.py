"""Which connections are used again, by whom, and how each way of losing one is told."""

import asyncio
import itertools
import time

import pytest
from httptools import HttpResponseParser

from hookline.model.attempt import Cause
from hookline.net.answer import Answer
from hookline.net.client import Client, Request
from hookline.net.limits import Limits
from tests.net.client.conftest import post
from tests.net.hostile import OK, Conversation, Dials, RememberingDials, receiving


async def answering(peer: Conversation) -> None:
    while True:
        await peer.answer()


async def test_a_connection_is_used_again(client: Client) -> None:
    async with receiving(answering) as receiver:
        told = [await post(client, receiver.url()) for _ in range(5)]
        assert receiver.connections == 1
        assert [one.resent for one in told] == [False] * 5
        assert told[-1].timings.connect == 0


async def test_answers_that_begin_alike_are_told_apart(client: Client) -> None:
    """A connection remembers its last answer: a longer one, another one, and one in pieces are read all the same."""
    answers = [
        (OK,),
        (OK,),
        (OK[:-2] + b"no",),
        (OK[:20], OK[20:]),
        (OK,),
        (OK.replace(b"Length: 2", b"Length: 3"), b"!"),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nok",),
        (OK,),
    ]

    async def script(peer: Conversation) -> None:
        for parts in answers:
            await peer.request()
            for part in parts:
                await peer.say(part)
                await asyncio.sleep(0.01)
        await peer.hang()

    async with receiving(script) as receiver:
        told = [await post(client, receiver.url()) for _ in answers]
        assert receiver.connections == 1
    assert [one.body for one in told] == [b"ok", b"ok", b"no", b"ok", b"ok", b"ok!", b"ok", b"ok"]
    assert [one.status for one in told] == [200] * 6 + [500, 200]
    assert {one.headers for one in told[:5]} == {(("Content-Length", "2"),)}


async def test_an_answer_that_comes_again_is_not_read_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were it always read, everything would work and be slower. When it came is told each time."""
    parsers: list[object] = []

    def counted(answer: Answer) -> object:
        parsers.append(answer)
        return HttpResponseParser(answer)

    monkeypatch.setattr("hookline.net.answer.HttpResponseParser", counted)

    waited: list[float] = []

    async def script(peer: Conversation) -> None:
        while True:
            await peer.request()
            since = time.perf_counter()  # a loop's timer may come some milliseconds early
            await asyncio.sleep(0.01)
            waited.append((time.perf_counter() - since) * 1000)
            await peer.say(OK)

    async with receiving(script) as receiver:
        told = [await post(client, receiver.url()) for _ in range(4)]
    assert len(parsers) == 1
    for one, least in zip(told, waited, strict=True):
        assert least - 0.01 <= one.timings.first_byte <= one.timings.total
    assert len({(one.status, one.headers, one.body) for one in told}) == 1


async def test_tenants_hosts_and_addresses_never_share_a_connection() -> None:
    dial = RememberingDials()
    client = Client(dial=dial)
    async with receiving(answering, host="0.0.0.0") as receiver:
        for tenant, host in itertools.product(["a", "b"], ["one.test", "two.test"]):
            await post(client, receiver.url(host), tenant=tenant)
        assert receiver.connections == 4
        dial.approved = ("127.0.0.2",)
        told = await post(client, receiver.url("one.test"), tenant="a")
        assert (told.address, receiver.connections) == ("127.0.0.2", 5)
    await client.close()


async def test_a_dial_that_must_look_up_is_asked_for_every_exchange() -> None:
    dial = Dials()
    client = Client(dial=dial)
    async with receiving(answering) as receiver:
        for _ in range(3):
            assert (await post(client, receiver.url())).status == 200
        assert (dial.asked, receiver.connections) == (["receiver.test"] * 3, 1)
    await client.close()


@pytest.mark.parametrize("end", ["Connection: close\r\n", ""])
async def test_a_connection_that_the_receiver_means_to_close_is_not_used_again(
    client: Client, end: str
) -> None:
    version = "1.1" if end else "1.0"

    async def script(peer: Conversation) -> None:
        await peer.answer(f"HTTP/{version} 200 OK\r\n{end}Content-Length: 0\r\n\r\n".encode())
        await peer.hang()

    async with receiving(script) as receiver:
        for _ in range(3):
            told = await post(client, receiver.url())
            assert (told.status, told.resent) == (200, False)
        assert receiver.connections == 3


@pytest.mark.parametrize(
    "extra", [OK, b"HTTP/1.1 500 No\r\n\r\n", b"stray", b"\r\n\r\nx"], ids=["answer", "500", "stray", "lines"]
)
async def test_bytes_nobody_asked_for_never_become_an_answer(client: Client, extra: bytes) -> None:
    gone = asyncio.Event()

    async def together(peer: Conversation) -> None:
        await peer.answer(OK + extra)
        await peer.until_gone()
        gone.set()

    async def afterwards(peer: Conversation) -> None:
        await peer.answer()
        await asyncio.sleep(0.02)
        await peer.say(extra)
        await peer.until_gone()
        gone.set()

    for script in (together, afterwards):
        async with receiving(script) as receiver:
            for _ in range(2):
                gone.clear()
                told = await post(client, receiver.url())
                assert (told.status, told.body, told.resent) == (200, b"ok", False)
                await asyncio.wait_for(gone.wait(), 2)  # long before an idle connection ends
            assert receiver.connections == 2


async def test_an_idle_connection_ends_before_the_receiver_would_end_it() -> None:
    client = Client(dial=RememberingDials(), limits=Limits(idle_seconds=0.1))
    gone = asyncio.Event()

    async def script(peer: Conversation) -> None:
        await peer.answer()
        await peer.until_gone()
        gone.set()

    async with receiving(script) as receiver:
        await post(client, receiver.url())
        began = asyncio.get_running_loop().time()
        await asyncio.wait_for(gone.wait(), 2)
        assert 0.05 < asyncio.get_running_loop().time() - began < 0.4
    await client.close()


async def test_idle_connections_are_bounded_per_key_and_in_all() -> None:
    client = Client(dial=RememberingDials(), limits=Limits(idle_per_key=2, idle=3))
    async with receiving(answering) as receiver:
        await asyncio.gather(*(post(client, receiver.url(), tenant=t) for t in "aaaabbbb"))
        await asyncio.sleep(0.05)
        opened = receiver.connections
        assert opened == 8
        await asyncio.gather(*(post(client, receiver.url(), tenant=t) for t in "aabb"))
        assert receiver.connections - opened == 1, "three of the four were kept"
    await client.close()


POINTS = {
    "at once": None,
    "inside the request": 10,
    "before the answer": b"",
    "inside the status line": b"HTTP/1.1 2",
    "inside the headers": b"HTTP/1.1 200 OK\r\nContent-Le",
}


@pytest.mark.parametrize("how", ["close", "reset", "half-close"])
@pytest.mark.parametrize("point", POINTS)
async def test_a_fresh_connection_that_ends_before_the_headers_did_is_a_failure(
    client: Client, point: str, how: str
) -> None:
    where = POINTS[point]

    async def script(peer: Conversation) -> None:
        if isinstance(where, int):
            await peer.reader.readexactly(where)
        elif where is not None:
            await peer.answer(where)
            await asyncio.sleep(0.02)  # a reset would overtake it
        await end(peer, how)

    async with receiving(script) as receiver:
        told = await post(client, receiver.url())
        assert told.status is None
        assert told.cause in ({Cause.CLOSED} if how == "half-close" else {Cause.CLOSED, Cause.RESET})
        assert not told.resent
        assert receiver.connections == 1


async def end(peer: Conversation, how: str) -> None:
    if how == "reset":
        peer.reset()
    elif how == "half-close":
        peer.half_close()
        await peer.until_gone()


async def test_a_reset_is_told_as_one(client: Client) -> None:
    async def script(peer: Conversation) -> None:
        await peer.request()
        peer.reset()

    async with receiving(script) as receiver:
        assert (await post(client, receiver.url())).cause is Cause.RESET


@pytest.mark.parametrize("how", ["close", "reset", "half-close"])
@pytest.mark.parametrize(
    "body", [b"Content-Length: 10\r\n\r\nhalf", b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"]
)
async def test_an_end_inside_the_body_only_cuts_the_body(client: Client, body: bytes, how: str) -> None:
    async def script(peer: Conversation) -> None:
        await peer.answer(b"HTTP/1.1 200 OK\r\n" + body)
        await asyncio.sleep(0.02)
        await end(peer, how)

    async with receiving(script) as receiver:
        told = await post(client, receiver.url())
        assert (told.status, told.body, told.truncated, told.cause) == (200, b"half", True, None)
        assert "inside the body" in told.detail


async def test_a_half_close_after_the_answer_is_no_harm(client: Client) -> None:
    async def script(peer: Conversation) -> None:
        await peer.answer()
        peer.half_close()
        await peer.until_gone()

    async with receiving(script) as receiver:
        for _ in range(2):
            assert (await post(client, receiver.url())).status == 200


@pytest.mark.parametrize("how", ["close", "reset", "half-close"])
async def test_a_used_connection_that_ends_without_a_byte_is_replaced_once(client: Client, how: str) -> None:
    """The receiver reads the second request and ends: whether it worked on it, nobody knows."""

    async def script(peer: Conversation) -> None:
        await peer.answer()
        await peer.request()
        await end(peer, how)

    async with receiving(script) as receiver:
        assert not (await post(client, receiver.url(), b"1")).resent
        told = await post(client, receiver.url(), b"2")
        assert (told.status, told.resent, told.cause) == (200, True, None)
        assert [request[-1:] for request in receiver.requests] == [b"1", b"2", b"2"]
        assert receiver.connections == 2


async def test_what_may_be_sent_once_alone_goes_on_a_fresh_connection_and_never_again(client: Client) -> None:
    seen = itertools.count()

    async def script(peer: Conversation) -> None:
        if next(seen) == 0:
            await peer.answer()
        await peer.request()

    async with receiving(script) as receiver:
        await post(client, receiver.url())
        told = await client.send(Request(url=receiver.url(), body=b"2", once=True))
        assert (told.status, told.cause, told.resent) == (None, Cause.CLOSED, False)
        assert [request[-1:] for request in receiver.requests].count(b"2") == 1
        assert receiver.connections == 2


async def test_a_used_connection_that_ends_after_a_byte_is_not_replaced(client: Client) -> None:
    async def script(peer: Conversation) -> None:
        await peer.answer()
        await peer.answer(b"H")

    async with receiving(script) as receiver:
        await post(client, receiver.url())
        told = await post(client, receiver.url())
        assert (told.status, told.resent, told.cause, receiver.connections) == (None, False, Cause.CLOSED, 1)


async def test_a_receiver_that_ends_again_after_the_replacement_is_a_failure(client: Client) -> None:
    seen = itertools.count()

    async def script(peer: Conversation) -> None:
        if next(seen) == 0:
            await peer.answer()
        await peer.request()

    async with receiving(script) as receiver:
        await post(client, receiver.url())
        told = await post(client, receiver.url())
        assert (told.cause, told.resent, receiver.connections) == (Cause.CLOSED, True, 2)


async def test_idle_connections_closed_at_random_cost_no_delivery(client: Client) -> None:
    turns = itertools.cycle([0.0, 0.001, 0.003, 0.01, 0.002])

    async def script(peer: Conversation) -> None:
        for _ in range(3):
            await peer.answer()
        await asyncio.sleep(next(turns))

    async with receiving(script) as receiver:
        for number in range(60):
            told = await post(client, receiver.url())
            assert told.status == 200, told
            await asyncio.sleep((number % 7) / 1000)
        assert receiver.connections >= 20


async def test_an_answer_before_the_request_was_read_is_taken(client: Client) -> None:
    body = b"b" * 8_000_000

    async def script(peer: Conversation) -> None:
        await peer.reader.readexactly(100)
        await peer.say(b"HTTP/1.1 413 Too large\r\nContent-Length: 0\r\n\r\n")
        await peer.hang()

    async with receiving(script) as receiver:
        for _ in range(2):
            told = await post(client, receiver.url(), body)
            assert (told.status, told.cause) == (413, None)
        assert receiver.connections == 2, "its rest of the request would be read as another one"


async def test_receivers_that_never_stay_leave_nothing_behind(client: Client) -> None:
    async def script(peer: Conversation) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    async with receiving(script) as receiver:
        for tenant in "abc":
            assert (await post(client, receiver.url(), tenant=tenant)).status == 200
    assert client._pool._idle == {}


async def test_a_large_body_and_small_ones_begin_together(client: Client) -> None:
    bodies = [b"small", bytes(range(256)) * 100, b"small too"]
    async with receiving(answering) as receiver:
        for _ in range(2):  # on fresh connections, then on those that were kept
            told = await asyncio.gather(*[post(client, receiver.url(), body) for body in bodies])
            assert [one.status for one in told] == [200] * 3
        assert sorted(map(len, bodies * 2)) == sorted(
            len(request.partition(b"\r\n\r\n")[2]) for request in receiver.requests
        )
        assert receiver.connections == 3


async def test_an_answer_before_the_request_is_taken(client: Client) -> None:
    """The receiver speaks first. Its bytes meet a request under way or end an unused connection."""

    async def script(peer: Conversation) -> None:
        await peer.say(OK)
        await peer.until_gone()

    async with receiving(script) as receiver:
        told = await post(client, receiver.url())
        assert told.status == 200 or told.cause is Cause.CLOSED


async def test_a_large_body_arrives_whole(client: Client) -> None:
    body = bytes(range(256)) * 20_000
    async with receiving(answering) as receiver:
        for _ in range(2):
            assert (await post(client, receiver.url(), body)).status == 200
        assert [request.endswith(body) for request in receiver.requests] == [True, True]
        assert receiver.connections == 1


async def test_nothing_listens() -> None:
    client = Client(dial=RememberingDials())
    async with receiving(answering) as receiver:
        url = receiver.url()
    told = await post(client, url)
    assert (told.status, told.cause) == (None, Cause.CONNECT_REFUSED)
    await client.close()


async def test_the_next_address_is_tried_when_one_refuses() -> None:
    client = Client(dial=RememberingDials("127.0.0.2", "127.0.0.1"))
    async with receiving(answering) as receiver:
        told = await post(client, receiver.url())
        assert (told.status, told.address) == (200, "127.0.0.1")
    await client.close()


async def test_cancelling_drops_the_connection(client: Client) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def script(peer: Conversation) -> None:
        await peer.request()
        asked.set()
        await peer.until_gone()
        gone.set()

    async with receiving(script) as receiver:
        sending = asyncio.ensure_future(post(client, receiver.url()))
        await asyncio.wait_for(asked.wait(), 2)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await asyncio.wait_for(gone.wait(), 2)


async def test_a_closed_client_tells_so() -> None:
    client = Client(dial=RememberingDials())
    asked = asyncio.Event()

    async def script(peer: Conversation) -> None:
        await peer.request()
        asked.set()
        await peer.hang()

    async with receiving(script) as receiver:
        sending = asyncio.ensure_future(post(client, receiver.url()))
        await asyncio.wait_for(asked.wait(), 2)
        await client.close()
        assert (await sending).cause is Cause.INTERRUPTED
        assert (await client.send(Request(url=receiver.url()))).cause is Cause.NOT_SENT
