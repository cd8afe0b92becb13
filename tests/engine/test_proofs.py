"""Who an endpoint's receiver wants to know: access tokens and certificates, through the whole engine, with real servers."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import trustme

from hookline.model.attempt import Cause
from hookline.model.delivery import DeliveryDetail, State
from hookline.model.endpoint import Endpoint, OAuth2Auth
from hookline.model.retry import Schedule
from hookline.route.draft import Published
from tests.deliver.token_server import TokenServer, told
from tests.engine.gateway import Gateway
from tests.engine.receivers import OK, Answer, Receiver, status
from tests.net.certificates import Guests, a_certificate, demanding, tls_of
from tests.net.hostile import Receiver as Host
from tests.net.hostile import receiving

CLIENT_SECRET = "cl13nt-s3cr3t"
RETRY = Schedule(delays=(0, 5, 5), jitter=0)
SERVERS, CLIENTS = trustme.CA(), trustme.CA()
HERE = "127.0.0.1"


@pytest.fixture
def server() -> TokenServer:
    return TokenServer()


@pytest.fixture
async def host(server: TokenServer) -> AsyncIterator[Host]:
    async with receiving(server) as found:
        yield found


async def guarded(hookline: Gateway, receiver: Receiver, host: Host, **fields: Any) -> Endpoint:
    token_url = host.url(HERE, "/token").text
    auth = OAuth2Auth(token_url=token_url, client_id="id", client_secret=CLIENT_SECRET)
    return await hookline.endpoint(receiver.url(), auth=auth, retry=RETRY, **fields)


def taking(*tokens: str) -> Answer:
    lines = {f"Bearer {token}" for token in tokens}
    return lambda got: OK if got.headers["authorization"] in lines else status(401)


def shown(receiver: Receiver) -> list[str]:
    return [got.headers["authorization"].removeprefix("Bearer ") for got in receiver.got]


async def delivered(hookline: Gateway, *events: Published) -> list[DeliveryDetail]:
    return [await hookline.until_state(event, State.DELIVERED) for event in events]


async def test_a_token_is_fetched_once_for_many_deliveries_and_again_when_its_life_is_over(
    hookline: Gateway, receiver: Receiver, server: TokenServer, host: Host
) -> None:
    await guarded(hookline, receiver, host)
    await delivered(hookline, *[await hookline.publish() for _ in range(8)])
    await delivered(hookline, await hookline.publish())
    assert (shown(receiver), len(server.asked)) == (["t1"] * 9, 1)
    await hookline.turn(3600, step=1200)
    await delivered(hookline, await hookline.publish())
    assert (shown(receiver)[9:], len(server.asked)) == (["t2"], 2)


async def test_a_token_that_is_refused_is_renewed_within_the_attempt(
    hookline: Gateway, receiver: Receiver, server: TokenServer, host: Host
) -> None:
    await guarded(hookline, receiver, host)
    receiver.answer = taking("t2")
    details = await delivered(hookline, await hookline.publish(), await hookline.publish())
    assert (set(shown(receiver)), len(server.asked)) == ({"t1", "t2"}, 2)
    assert [len(detail.attempts) for detail in details] == [1, 1]


async def test_a_new_token_that_is_refused_too_is_a_failure_that_says_so(
    hookline: Gateway, receiver: Receiver, server: TokenServer, host: Host
) -> None:
    """No third one is asked for; the next attempt comes when the policy says."""
    await guarded(hookline, receiver, host)
    receiver.answer = taking()
    event = await hookline.publish()
    (attempt,) = (await hookline.until_tried(event, 1)).attempts
    assert (attempt.exchange.status, attempt.exchange.cause) == (401, Cause.STATUS)
    assert attempt.exchange.detail == "it does not take a new access token either"
    assert (shown(receiver), len(server.asked)) == (["t1", "t2"], 2)
    receiver.answer = taking("t3")
    await hookline.turn(5)
    await delivered(hookline, event)
    assert shown(receiver) == ["t1", "t2", "t2", "t3"]


@pytest.mark.parametrize("answer", [told(503, {}), told(401, {"error": "invalid_client"})])
async def test_while_there_is_no_token_nothing_is_sent_and_it_is_tried_again(
    hookline: Gateway, receiver: Receiver, server: TokenServer, host: Host, answer: bytes
) -> None:
    await guarded(hookline, receiver, host)
    server.answer = answer
    event = await hookline.publish()
    (attempt,) = (await hookline.until_tried(event, 1)).attempts
    assert (attempt.exchange.status, attempt.exchange.cause) == (None, Cause.TOKEN_FAILED)
    assert attempt.exchange.detail.startswith("the token server answered ")
    assert receiver.got == []
    server.answer = None
    await hookline.turn(5)
    (detail,) = await delivered(hookline, event)
    assert (len(detail.attempts), len(receiver.got)) == (2, 1)


async def test_a_token_server_that_is_down_is_the_reason_when_no_attempt_is_left(
    on_sqlite: Gateway, receiver: Receiver, server: TokenServer
) -> None:
    async with receiving(server) as host:
        await guarded(on_sqlite, receiver, host)
    event = await on_sqlite.publish()
    for attempts in (1, 2):
        await on_sqlite.until_tried(event, attempts)
        await on_sqlite.turn(5)
    detail = await on_sqlite.until_state(event, State.DEAD)
    assert [attempt.exchange.cause for attempt in detail.attempts] == [Cause.TOKEN_FAILED] * 3
    assert "the token server" in detail.delivery.reason
    assert receiver.got == []


async def test_neither_token_nor_secret_is_in_attempts_or_logs(
    on_sqlite: Gateway, receiver: Receiver, server: TokenServer, host: Host
) -> None:
    await guarded(on_sqlite, receiver, host)
    receiver.answer = taking("t2")
    (detail,) = await delivered(on_sqlite, await on_sqlite.publish())
    kept = msgspec.json.encode((detail.attempts, on_sqlite.lines)).decode()
    assert '["authorization","Bearer ***"]' in kept
    for secret in (CLIENT_SECRET, '"t1"', '"t2"', "Bearer t"):
        assert secret not in kept


async def test_a_receiver_that_wants_our_certificate_gets_the_endpoint_s_own(hookline: Gateway) -> None:
    """And its certificate is of an authority that the endpoint alone trusts."""
    guests = Guests()
    async with receiving(guests, demanding(SERVERS.issue_cert(HERE), CLIENTS)) as receiver:
        for name in ("blue", "red"):
            tls = tls_of(a_certificate(CLIENTS, name), SERVERS)
            await hookline.endpoint(receiver.url(HERE).text, tls=tls, events=(name,))
        events = [await hookline.publish(type=name) for name in ("blue", "red", "blue")]
        details = await delivered(hookline, *events)
    assert set(guests.names) == {"blue", "red"}
    assert "PRIVATE KEY" not in msgspec.json.encode((details, hookline.lines)).decode()


@pytest.mark.parametrize("strange", [None, SERVERS])
async def test_without_the_certificate_that_is_wanted_nothing_goes_in_until_it_is_there(
    on_sqlite: Gateway, strange: trustme.CA | None
) -> None:
    """What the attempt is told as is tested with the client: asyncio's server drops the alert."""
    mine = None if strange is None else a_certificate(strange, "blue")
    async with receiving(Guests(), demanding(SERVERS.issue_cert(HERE), CLIENTS)) as receiver:
        endpoint = await on_sqlite.endpoint(receiver.url(HERE).text, tls=tls_of(mine, SERVERS), retry=RETRY)
        event = await on_sqlite.publish()
        (attempt,) = (await on_sqlite.until_tried(event, 1)).attempts
        assert (attempt.exchange.status, receiver.requests) == (None, [])
        await on_sqlite.change(endpoint, tls=tls_of(a_certificate(CLIENTS, "blue"), SERVERS))
        await on_sqlite.turn(5)
        await delivered(on_sqlite, event)


async def test_a_receiver_of_an_authority_that_the_endpoint_does_not_trust_gets_nothing(
    on_sqlite: Gateway,
) -> None:
    tls = tls_of(a_certificate(CLIENTS, "blue"), CLIENTS)
    async with receiving(Guests(), demanding(SERVERS.issue_cert(HERE), CLIENTS)) as receiver:
        await on_sqlite.endpoint(receiver.url(HERE).text, tls=tls, retry=RETRY)
        (attempt,) = (await on_sqlite.until_tried(await on_sqlite.publish(), 1)).attempts
        assert (attempt.exchange.cause, receiver.requests) == (Cause.CERTIFICATE_UNTRUSTED, [])


async def test_a_token_server_of_the_same_host_sees_the_certificate_too(hookline: Gateway) -> None:
    """RFC 8705: the token may be bound to it."""
    server, guests, door = TokenServer(), Guests(), demanding(SERVERS.issue_cert(HERE), CLIENTS)
    async with receiving(server, door) as host, receiving(guests, door) as receiver:
        auth = OAuth2Auth(token_url=host.url(HERE).text, client_id="id", client_secret=CLIENT_SECRET)
        tls = tls_of(a_certificate(CLIENTS, "blue"), SERVERS)
        await hookline.endpoint(receiver.url(HERE).text, tls=tls, auth=auth)
        await delivered(hookline, await hookline.publish())
        assert b"authorization: Bearer t1" in receiver.requests[0]
    assert guests.names == ["blue"]
