"""Requests with access tokens: a real token server and a real receiver, by the real client."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from hookline.catalog.loader import load_dialects
from hookline.deliver.authorized import send_authorized
from hookline.deliver.dialect import compile_dialect
from hookline.deliver.target import Target
from hookline.deliver.tokens import Tokens
from hookline.model.attempt import Cause, Exchange
from hookline.model.endpoint import OAuth2Auth
from hookline.model.event import Origin
from hookline.model.ids import ReceiptId, SourceId
from hookline.net.client import Client
from tests.clock import ManualClock
from tests.deliver.making import NOW, SECRET, event, target
from tests.deliver.test_tokens import allowed
from tests.deliver.token_server import TokenServer, granted, told
from tests.net.hostile import OK, Conversation, Receiver, RememberingDials, receiving

CLIENT_SECRET = "cl13nt-s3cr3t"
DENIED = told(401, b"who are you?")


class Guarded:
    """A receiver that takes some tokens, or every one, and holds its answers back while `open` is not set."""

    def __init__(self) -> None:
        self.takes: set[str] | None = None
        self.seen: list[str] = []
        self.open = asyncio.Event()
        self.open.set()
        self.came = asyncio.Event()
        """A request is here."""

    async def __call__(self, peer: Conversation) -> None:
        while True:
            head = (await peer.request()).decode()
            lines = [line for line in head.split("\r\n") if line.lower().startswith("authorization:")]
            assert len(lines) == 1
            token = lines[0].removeprefix("authorization: Bearer ")
            self.seen.append(token)
            self.came.set()
            await self.open.wait()
            await peer.say(OK if self.takes is None or token in self.takes else DENIED)


class Stage:
    """A sender with all that it needs."""

    def __init__(self, client: Client, tokens: Tokens, server: TokenServer, host: Receiver) -> None:
        self.client = client
        self.tokens = tokens
        self.server = server
        self.auth = OAuth2Auth(
            token_url=host.url("token.test").text, client_id="id", client_secret=CLIENT_SECRET
        )
        self.guarded = Guarded()

    def target(self, receiver: Receiver, **fields: Any) -> Target:
        return target(SECRET, url=receiver.url().text, auth=self.auth, **{"timeout": 5.0, **fields})

    async def send(self, to: Target) -> Exchange:
        request = to.request(event(), body=b"{}", attempt=1, now=NOW)
        return await send_authorized(self.client, self.tokens, to, request)


@pytest_asyncio.fixture
async def stage(clock: ManualClock) -> AsyncIterator[Stage]:
    client, server = Client(dial=RememberingDials()), TokenServer()
    async with receiving(server) as host:
        yield Stage(client, Tokens(client, clock, allowed), server, host)
        await client.close()


async def test_a_request_goes_out_with_a_token_that_is_fetched_once(stage: Stage) -> None:
    async with receiving(stage.guarded) as receiver:
        to = stage.target(receiver)
        assert [(await stage.send(to)).status for _ in range(3)] == [200, 200, 200]
    assert stage.guarded.seen == ["t1", "t1", "t1"]
    assert len(stage.server.asked) == 1


async def test_what_is_kept_of_a_request_shows_that_there_was_a_token_and_not_which(stage: Stage) -> None:
    async with receiving(stage.guarded) as receiver:
        to = stage.target(receiver)
        request = to.request(event(), body=b"{}", attempt=1, now=NOW)
        exchange = await send_authorized(stage.client, stage.tokens, to, request)
    kept = to.recorded(request)
    assert [value for name, value in kept if name.lower() == "authorization"] == ["Bearer ***"]
    for secret in (CLIENT_SECRET, "t1"):
        assert secret not in f"{exchange} {kept}"


async def test_after_a_401_a_new_token_is_fetched_and_the_request_sent_again(stage: Stage) -> None:
    stage.guarded.takes = {"t2"}
    async with receiving(stage.guarded) as receiver:
        to = stage.target(receiver)
        assert (await stage.send(to)).status == 200
        assert (await stage.send(to)).status == 200
    assert stage.guarded.seen == ["t1", "t2", "t2"]


async def test_a_receiver_that_takes_no_token_is_asked_twice_and_no_more(stage: Stage) -> None:
    """And its answer is what is told."""
    stage.guarded.takes = set()
    async with receiving(stage.guarded) as receiver:
        to = stage.target(receiver)
        exchange = await stage.send(to)
        assert (exchange.status, exchange.body) == (401, b"who are you?")
        assert stage.guarded.seen == ["t1", "t2"]
        await stage.send(to)
        assert stage.guarded.seen == ["t1", "t2", "t2"], "no other token within a second, so not again"


async def test_a_receiver_that_repeats_the_token_is_told_without_it(stage: Stage) -> None:
    stage.server.answer = granted("acc3ss-t0ken")

    async def repeating(peer: Conversation) -> None:
        while True:
            await peer.request()
            await peer.say(told(401, b'{"message":"Bearer acc3ss-t0ken"}', "X-Seen: acc3ss-t0ken"))

    async with receiving(repeating) as receiver:
        exchange = await stage.send(stage.target(receiver))
    assert exchange.body == b'{"message":"Bearer ***"}'
    assert "acc3ss-t0ken" not in str(exchange)


async def test_many_that_meet_a_401_at_once_fetch_one_token(stage: Stage) -> None:
    stage.guarded.takes = {"t2"}
    async with receiving(stage.guarded) as receiver:
        to = stage.target(receiver)
        found = await asyncio.gather(*(stage.send(to) for _ in range(20)))
    assert {one.status for one in found} == {200}
    assert len(stage.server.asked) == 2


async def test_other_answers_are_told_as_they_are(stage: Stage) -> None:
    async def script(peer: Conversation) -> None:
        while True:
            await peer.answer(told(403, b"no"))

    async with receiving(script) as receiver:
        assert (await stage.send(stage.target(receiver))).status == 403
        assert len(receiver.requests) == 1
    assert len(stage.server.asked) == 1


async def test_without_a_token_nothing_is_sent(stage: Stage) -> None:
    stage.server.answer = told(400, {"error": "invalid_client"})
    async with receiving(stage.guarded) as receiver:
        exchange = await stage.send(stage.target(receiver))
        assert (exchange.status, exchange.cause) == (None, Cause.TOKEN_FAILED)
        assert exchange.detail == "the token server answered 400 invalid_client"
        assert receiver.connections == 0


async def test_a_401_stays_one_when_there_is_no_new_token(stage: Stage) -> None:
    stage.guarded.takes = set()
    async with receiving(stage.guarded) as receiver:
        to = stage.target(receiver)
        stage.guarded.open.clear()
        sending = asyncio.ensure_future(stage.send(to))
        await stage.guarded.came.wait()
        stage.server.answer = told(503, b"")
        stage.guarded.open.set()
        exchange = await sending
    assert (exchange.status, exchange.detail) == (401, "no new token: the token server answered 503")
    assert stage.guarded.seen == ["t1"]


async def test_a_token_server_that_hangs_ends_at_the_deadline(stage: Stage) -> None:
    stage.server.open.clear()
    loop = asyncio.get_running_loop()
    async with receiving(stage.guarded) as receiver:
        began = loop.time()
        exchange = await stage.send(stage.target(receiver, timeout=0.5))
        assert (exchange.status, exchange.cause) == (None, Cause.TOKEN_FAILED)
        assert "the deadline passed" in exchange.detail
        assert loop.time() - began < 1.5
        assert receiver.connections == 0


async def test_the_receiver_gets_the_time_that_the_token_server_left(stage: Stage) -> None:
    stage.server.open.clear()
    stage.guarded.open.clear()
    loop = asyncio.get_running_loop()
    async with receiving(stage.guarded) as receiver:
        loop.call_later(0.4, stage.server.open.set)
        began = loop.time()
        exchange = await stage.send(stage.target(receiver, timeout=0.8))
        assert (exchange.status, exchange.cause) == (None, Cause.TIMEOUT)
        assert loop.time() - began < 1.15, "not 0.4 s, and 0.8 s more"


async def test_one_that_is_cancelled_drops_its_request(stage: Stage) -> None:
    stage.guarded.open.clear()
    async with receiving(stage.guarded) as receiver:
        sending = asyncio.ensure_future(stage.send(stage.target(receiver)))
        await stage.guarded.came.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending


async def test_a_target_says_whether_it_needs_a_token(stage: Stage) -> None:
    """A header set by hand beats `auth`, as it does with the others."""
    async with receiving(stage.guarded) as receiver:
        assert stage.target(receiver).authorized
        by_hand = stage.target(receiver, headers={"Authorization": "Custom x"})
        assert not by_hand.authorized
        request = by_hand.request(event(), body=b"{}", attempt=1, now=NOW)
        assert b"Authorization: Custom x" in request.prefix
    assert not target(SECRET).authorized


async def test_a_provider_s_credential_is_not_sent_beside_the_token(stage: Stage) -> None:
    """Of what a source received, where the dialect sends it on."""
    async with receiving(stage.guarded) as receiver:
        to = stage.target(receiver, envelope=compile_dialect(load_dialects()["raw"]))
        came = Origin(
            receipt_id=ReceiptId("rcp_1"),
            source_id=SourceId("src_1"),
            headers=(("authorization", "Basic theirs"), ("x-a", "b")),
        )
        request = to.request(event(origin=came), body=b"{}", attempt=1, now=NOW)
        assert (await send_authorized(stage.client, stage.tokens, to, request)).status == 200
    assert stage.guarded.seen == ["t1"]
