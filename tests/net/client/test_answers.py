"""What strange receivers answer, and what the client makes of it."""

import gzip
import tracemalloc

import pytest

from hookline.model.attempt import Cause
from hookline.net.client import Client, Request
from tests.net.client.conftest import post
from tests.net.hostile import OK, Conversation, receiving

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


async def test_a_plain_answer_is_told_whole(client: Client) -> None:
    async def script(peer: Conversation) -> None:
        await peer.answer(b"HTTP/1.1 201 Made\r\nX-One: 1\r\nx-one:  2 \r\nContent-Length: 5\r\n\r\nhello")

    async with receiving(script) as receiver:
        told = await post(client, receiver.url(path="/a?b=c"), b'{"n":1}')
        assert (told.status, told.body, told.cause, told.truncated) == (201, b"hello", None, False)
        assert told.headers == (("X-One", "1"), ("x-one", "2"), ("Content-Length", "5"))
        assert told.address == "127.0.0.1"
        assert 0 < told.timings.first_byte <= told.timings.total
        assert told.timings.connect > 0
        assert receiver.requests == [
            b"POST /a?b=c HTTP/1.1\r\n"
            + f"Host: receiver.test:{receiver.port}\r\n".encode()
            + b"Content-Type: application/json\r\nAccept-Encoding: identity\r\n"
            b'Content-Length: 7\r\nConnection: keep-alive\r\n\r\n{"n":1}'
        ]


async def test_an_answer_may_come_byte_by_byte(client: Client) -> None:
    async def script(peer: Conversation) -> None:
        await peer.request()
        await peer.say(*(bytes([byte]) for byte in OK))

    async with receiving(script) as receiver:
        told = await post(client, receiver.url())
        assert (told.status, told.body) == (200, b"ok")


async def test_interim_answers_are_not_the_answer(client: Client) -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"

    async def script(peer: Conversation) -> None:
        await peer.request()
        await peer.say(interim, interim + OK)

    async with receiving(script) as receiver:
        told = await post(client, receiver.url())
        assert (told.status, told.body, told.headers) == (200, b"ok", (("Content-Length", "2"),))


async def test_a_body_without_length_ends_with_the_connection(client: Client) -> None:
    async def script(peer: Conversation) -> None:
        await peer.answer(HEAD + b"\r\nall of it")

    async with receiving(script) as receiver:
        for _ in range(2):
            told = await post(client, receiver.url())
            assert (told.status, told.body, told.truncated, told.resent) == (200, b"all of it", False, False)
        assert receiver.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        HEAD + b"Content-Length: -3\r\n\r\nabc",
        HEAD + b"Content-Length: 99999999999999999999999\r\n\r\nabc",
        HEAD + b"Folded: a\r\n b\r\nContent-Length: 0\r\n\r\n",
        HEAD + b"Blank : a\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nzzz",
        b"HTTP/1.1 101 Switching\r\n\r\nzzz",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x00\x00\x08\x07\x00\x00\x00\x00\x00" + bytes(8),
    ],
)
async def test_what_is_not_http_is_a_bad_answer(client: Client, answer: bytes) -> None:
    async def script(peer: Conversation) -> None:
        await peer.answer(answer)
        await peer.hang()

    async with receiving(script) as receiver:
        told = await post(client, receiver.url())
        assert (told.status, told.cause) == (None, Cause.BAD_ANSWER)
        await post(client, receiver.url())
        assert receiver.connections == 2


async def test_chunk_extensions_and_trailers_are_no_content(client: Client) -> None:
    async def script(peer: Conversation) -> None:
        await peer.answer(CHUNKED + b'3;a=1;b="2"\r\nabc\r\n1\r\nd\r\n0\r\nX-Trailer: 1\r\n\r\n')

    async with receiving(script) as receiver:
        told = await post(client, receiver.url())
        assert (told.status, told.body, told.truncated) == (200, b"abcd", False)
        assert told.headers == (("Transfer-Encoding", "chunked"),)


@pytest.mark.parametrize("broken", [b"zz\r\n", b"-1\r\n", b"1\r\nab\r\n", b"fffffffffffffffff\r\n"])
async def test_a_broken_chunk_only_cuts_the_body(client: Client, broken: bytes) -> None:
    async def script(peer: Conversation) -> None:
        await peer.request()
        await peer.say(CHUNKED + b"3\r\nabc\r\n", broken)
        await peer.hang()

    async with receiving(script) as receiver:
        told = await post(client, receiver.url())
        assert (told.status, told.body[:3], told.truncated, told.cause) == (200, b"abc", True, None)
        assert "not valid HTTP" in told.detail


@pytest.mark.parametrize(
    ("start", "block"),
    [
        (HEAD, b"X-Many: " + b"x" * 56 + b"\r\n"),
        (HEAD, b"a:\r\n" * 1000),
        (HEAD + b"X-One: ", b"x" * 65_536),
        (b"HTTP/1.1 200 ", b"x" * 65_536),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
        (b"", b"\r\n" * 4096),
    ],
    ids=["headers", "tiny headers", "one header", "reason", "interim answers", "empty lines"],
)
async def test_ten_megabytes_of_headers_are_not_read(client: Client, start: bytes, block: bytes) -> None:
    async def script(peer: Conversation) -> None:
        await peer.answer(start)
        await peer.pour(block, 10_000_000)

    async with receiving(script) as receiver:
        told = await post(client, receiver.url())
        assert (told.status, told.cause, told.headers) == (None, Cause.ANSWER_TOO_LARGE, ())
        assert receiver.sent < 10_000_000


async def test_a_header_section_within_its_bounds_is_read_in_one_go(client: Client) -> None:
    async def script(peer: Conversation) -> None:
        await peer.answer(HEAD + b"X: y\r\n" * 255 + b"Content-Length: 60000\r\n\r\n" + b"b" * 60_000)

    async with receiving(script) as receiver:
        told = await post(client, receiver.url())
        assert (told.status, len(told.headers), len(told.body), told.truncated) == (200, 256, 60_000, False)


@pytest.mark.parametrize("framing", [b"", b"Content-Length: 1000000000\r\n"], ids=["endless", "with length"])
async def test_of_a_gigabyte_the_first_64_kib_are_kept(client: Client, framing: bytes) -> None:
    async def script(peer: Conversation) -> None:
        await peer.answer(HEAD + framing + b"\r\n")
        await peer.pour(b"g" * 65_536, 1_000_000_000)

    async with receiving(script) as receiver:
        told = await post(client, receiver.url())
        assert (told.status, told.body, told.truncated) == (200, b"g" * 65_536, True)
        assert told.cause is None
        assert "65536" in told.detail
    assert receiver.sent < 20_000_000, "what lay in the sockets' buffers, not the body"


async def test_memory_does_not_grow_with_the_body(client: Client) -> None:
    block = b"g" * 65_536

    async def script(peer: Conversation) -> None:
        await peer.answer(CHUNKED)
        await peer.pour(b"10000\r\n" + block + b"\r\n", 1_000_000_000)

    async with receiving(script) as receiver:
        await post(client, receiver.url())
        tracemalloc.start()
        told = await post(client, receiver.url())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (told.status, len(told.body), told.truncated) == (200, 65_536, True)
        assert peak < 1_000_000, "the receiver's own buffers are in it"


@pytest.mark.parametrize(
    "block",
    [b";x=" + b"y" * 8000, b"1\r\nz\r\n", b"X-T: " + b"t" * 8000 + b"\r\n"],
    ids=["extension", "chunks", "trailer"],
)
async def test_framing_without_content_is_bounded_too(client: Client, block: bytes) -> None:
    start = {b";": b"1", b"1": b"", b"X": b"0\r\n"}[block[:1]]

    async def script(peer: Conversation) -> None:
        await peer.answer(CHUNKED + start)
        await peer.pour(block * max(1, 65_536 // len(block)), 100_000_000)

    async with receiving(script) as receiver:
        told = await post(client, receiver.url())
        assert (told.status, told.truncated) == (200, True)
    assert receiver.sent < 20_000_000


async def test_a_body_of_exactly_64_kib_is_whole(client: Client) -> None:
    async def script(peer: Conversation) -> None:
        for _ in range(2):
            await peer.answer(HEAD + b"Content-Length: 65536\r\n\r\n" + b"e" * 65_536)

    async with receiving(script) as receiver:
        for _ in range(2):
            told = await post(client, receiver.url())
            assert (len(told.body), told.truncated) == (65_536, False)
        assert receiver.connections == 1


async def test_gzip_stays_gzip(client: Client) -> None:
    bomb = gzip.compress(bytes(10_000_000))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()

    async def script(peer: Conversation) -> None:
        await peer.answer(head + bomb)

    async with receiving(script) as receiver:
        told = await post(client, receiver.url())
        assert told.body == bomb
        assert b"Accept-Encoding: identity\r\n" in receiver.requests[0]


@pytest.mark.parametrize(
    "status", [200, 204, 226, 299, 300, 301, 304, 307, 400, 404, 410, 425, 429, 500, 503, 520, 999]
)
async def test_every_status_is_told_and_nothing_is_followed(client: Client, status: int) -> None:
    body = b"" if status in {204, 304} else b"Content-Length: 2\r\n"
    end = b"" if status in {204, 304} else b"no"

    async def script(peer: Conversation) -> None:
        while True:
            await peer.answer(
                f"HTTP/1.1 {status}\r\n".encode() + b"Location: /away\r\n" + body + b"\r\n" + end
            )

    async with receiving(script) as receiver:
        told = [await post(client, receiver.url()) for _ in range(2)]
        assert [(one.status, one.body, one.cause) for one in told] == [(status, end, None)] * 2
        assert (receiver.connections, len(receiver.requests)) == (1, 2)


async def test_the_answer_to_head_has_no_body_whatever_its_length_says(client: Client) -> None:
    async def script(peer: Conversation) -> None:
        await peer.answer(HEAD + b"Content-Length: 500\r\n\r\n")

    async with receiving(script) as receiver:
        told = await client.send(Request(url=receiver.url(), method="HEAD"))
        assert (told.status, told.body, told.truncated) == (200, b"", False)


@pytest.mark.parametrize(
    "header",
    [("X-A", "a\r\nX-B: b"), ("X-A", "a\nb"), ("X-A", "a\0"), ("X A", "a"), ("X-A:", "a"), ("", "a"), ("X-A", "\u20ac"),
     ("Content-Length", "3"), ("transfer-encoding", "chunked"), ("HOST", "other"), ("Connection", "close")],
)  # fmt: skip
async def test_a_header_that_would_be_another_request_is_not_sent(
    client: Client, header: tuple[str, str]
) -> None:
    async def script(peer: Conversation) -> None:
        await peer.answer()

    async with receiving(script) as receiver:
        told = await client.send(Request(url=receiver.url(), headers=(header,)))
        assert (told.status, told.cause) == (None, Cause.NOT_SENT)
        assert receiver.connections == 0
