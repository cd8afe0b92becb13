"""Tokens, from a real token server by the real client, with a clock in hand."""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import trustme

from hookline.deliver import tokens as tokens_module
from hookline.deliver.tokens import PAUSE, Tokens
from hookline.errors import InvalidUrl
from hookline.model.attempt import Cause, Exchange
from hookline.model.endpoint import Endpoint, OAuth2Auth
from hookline.model.ids import EndpointId, TenantId
from hookline.net.client import Client
from hookline.net.url import Url
from tests.clock import ManualClock
from tests.deliver.making import endpoint
from tests.deliver.token_server import TokenServer, granted, told
from tests.net.certificates import a_certificate, demanding, tls_of
from tests.net.hostile import Receiver, RememberingDials, receiving

SECRET = "s3cr3t"


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    client = Client(dial=RememberingDials())
    yield client
    await client.close()


@pytest.fixture
def tokens(client: Client, clock: ManualClock) -> Tokens:
    return Tokens(client, clock, allowed)


@pytest.fixture
def server() -> TokenServer:
    return TokenServer()


@pytest_asyncio.fixture
async def host(server: TokenServer) -> AsyncIterator[Receiver]:
    async with receiving(server) as found:
        yield found


def allowed(url: Url) -> None:
    """Every URL."""


def refusing(url: Url) -> None:
    raise InvalidUrl("The address is not allowed")


def protected(host: Receiver, name: str = "ep_1", tenant: str = "ten_1", **auth: Any) -> Endpoint:
    fields = {"client_id": "id", "client_secret": SECRET, **auth}
    proof = OAuth2Auth(token_url=host.url("token.test", "/token").text, **fields)
    return endpoint(id=EndpointId(name), tenant_id=TenantId(tenant), auth=proof, timeout=5.0)


async def failure(tokens: Tokens, of: Endpoint) -> str:
    found = await tokens.bearer(of)
    assert isinstance(found, Exchange)
    assert (found.status, found.cause) == (None, Cause.TOKEN_FAILED)
    return found.detail


async def test_a_token_is_asked_for_with_what_the_endpoint_says(
    tokens: Tokens, server: TokenServer, host: Receiver
) -> None:
    """Id and secret are encoded as in a form before they become Basic: RFC 6749, 2.3.1."""
    of = protected(host, client_id="a:b c", client_secret="ü/+", scope="read write", audience="https://x/")
    assert await tokens.bearer(of) == "t1"
    assert server.asked[0].startswith(b"POST /token HTTP/1.1\r\nHost: token.test:")
    headers = server.headers()
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    pair = headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(pair) == b"a%3Ab+c:%C3%BC%2F%2B"
    assert server.form() == {
        "grant_type": ["client_credentials"],
        "scope": ["read write"],
        "audience": ["https://x/"],
    }


async def test_id_and_secret_go_in_the_body_where_the_server_wants_them_there(
    tokens: Tokens, server: TokenServer, host: Receiver
) -> None:
    assert await tokens.bearer(protected(host, client_secret="a&b", send_in="body")) == "t1"
    assert "authorization" not in server.headers()
    assert server.form() == {
        "grant_type": ["client_credentials"],
        "client_id": ["id"],
        "client_secret": ["a&b"],
    }


@pytest.mark.parametrize(
    ("fields", "lives"), [({"expires_in": 3600}, 3570), ({"expires_in": 100}, 90), ({}, 270)]
)
async def test_a_token_is_kept_until_shortly_before_its_end(
    client: Client, clock: ManualClock, fields: dict[str, object], lives: float
) -> None:
    """Half a minute before, or a tenth of its life; without an end, five minutes."""
    server, tokens = TokenServer(), Tokens(client, clock, allowed)
    async with receiving(server) as host:
        of = protected(host)
        server.answer = granted("first", **fields)
        assert await tokens.bearer(of) == "first"
        server.answer = granted("second")
        clock.turn(lives - 0.001)
        assert await tokens.bearer(of) == "first"
        clock.turn(0.001)
        assert await tokens.bearer(of) == "second"
        assert len(server.asked) == 2


async def test_who_asks_at_once_shares_one_fetch(tokens: Tokens, server: TokenServer, host: Receiver) -> None:
    of = protected(host)
    found = await asyncio.gather(*(tokens.bearer(of) for _ in range(50)))
    assert set(found) == {"t1"}
    assert len(server.asked) == 1


async def test_one_who_leaves_takes_nobody_along(tokens: Tokens, server: TokenServer, host: Receiver) -> None:
    """Not even the one who asked first."""
    server.open.clear()
    of = protected(host)
    first, second = (asyncio.ensure_future(tokens.bearer(of)) for _ in range(2))
    await server.came.wait()
    first.cancel()
    await asyncio.sleep(0)
    server.open.set()
    assert await second == "t1"
    assert first.cancelled()
    assert len(server.asked) == 1


async def test_endpoints_tenants_and_values_do_not_share_a_token(
    tokens: Tokens, server: TokenServer, host: Receiver
) -> None:
    """Another secret is another token at once, without a word that it was changed."""
    of = [
        protected(host),
        protected(host, name="ep_2"),
        protected(host, tenant="ten_2"),
        protected(host, client_secret="other"),
        protected(host, scope="s"),
    ]
    found = [await tokens.bearer(one) for one in of + of]
    assert found == ["t1", "t2", "t3", "t4", "t5"] * 2


async def test_a_token_that_the_receiver_refused_is_fetched_anew_once(
    tokens: Tokens, server: TokenServer, host: Receiver, clock: ManualClock
) -> None:
    """Many hear of it at once; and a receiver that takes none costs a fetch a second, not one an attempt."""
    of = protected(host)
    assert await tokens.bearer(of) == "t1"
    tokens.refused(of, "t1")
    tokens.refused(of, "t1")
    assert await tokens.bearer(of) == "t2"
    tokens.refused(of, "t1")
    tokens.refused(of, "t2")
    assert await tokens.bearer(of) == "t2"
    clock.turn(PAUSE)
    tokens.refused(of, "t1")
    assert await tokens.bearer(of) == "t2", "it is not that one that was refused"
    tokens.refused(of, "t2")
    assert await tokens.bearer(of) == "t3"


async def test_a_server_that_gives_nothing_is_left_alone_for_a_second(
    tokens: Tokens, server: TokenServer, host: Receiver, clock: ManualClock
) -> None:
    of = protected(host)
    server.answer = told(400, {"error": "invalid_client", "error_description": "no such client"})
    for _ in range(3):
        detail = await failure(tokens, of)
        assert detail == "the token server answered 400 invalid_client: no such client"
    assert len(server.asked) == 1
    server.answer = None
    clock.turn(PAUSE)
    assert await tokens.bearer(of) == "t2"


async def test_a_server_that_asks_for_more_time_gets_it(
    tokens: Tokens, server: TokenServer, host: Receiver, clock: ManualClock
) -> None:
    """A minute at most."""
    of = protected(host)
    server.answer = told(429, b"", "Retry-After: 3600")
    assert await failure(tokens, of) == "the token server answered 429"
    clock.turn(59)
    await failure(tokens, of)
    assert len(server.asked) == 1
    server.answer = None
    clock.turn(1)
    assert await tokens.bearer(of) == "t2"


async def test_a_server_that_is_not_there_is_told_as_that(tokens: Tokens, host: Receiver) -> None:
    of = protected(host, client_secret=SECRET)
    nobody = OAuth2Auth(token_url="http://token.test:1/", client_id="id", client_secret=SECRET)
    detail = await failure(tokens, endpoint(auth=nobody, timeout=5.0))
    assert detail == "the token server: the connection was refused"
    assert await tokens.bearer(of) == "t1", "another server is not to blame"


async def test_an_answer_that_is_too_large_is_no_token(
    tokens: Tokens, server: TokenServer, host: Receiver
) -> None:
    server.answer = granted("t", padding="x" * 70_000)
    assert "was cut" in await failure(tokens, protected(host))


async def test_a_url_that_is_not_allowed_any_more_is_not_asked(
    client: Client, clock: ManualClock, server: TokenServer, host: Receiver
) -> None:
    tokens = Tokens(client, clock, refusing)
    assert await failure(tokens, protected(host)) == "the token server: The address is not allowed"
    assert server.asked == []


async def test_a_redirect_is_not_followed(tokens: Tokens, server: TokenServer, host: Receiver) -> None:
    """The secret goes to the URL that was checked, and nowhere else."""
    server.answer = told(307, b"", f"Location: {host.url('token.test', '/elsewhere').text}")
    assert await failure(tokens, protected(host)) == "the token server answered 307"
    assert len(server.asked) == 1


async def test_what_is_kept_is_bounded(
    tokens: Tokens, server: TokenServer, host: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has not asked for longest goes first."""
    monkeypatch.setattr(tokens_module, "MAX_KEPT", 2)
    first, second, third = (protected(host, name=f"ep_{number}") for number in range(3))
    for of in (first, second, first, third, first):
        await tokens.bearer(of)
    assert len(server.asked) == 3
    assert await tokens.bearer(second) == "t4"


@pytest.mark.parametrize("same", [True, False])
async def test_tls_of_the_endpoint_goes_to_its_own_host_only(
    tokens: Tokens, server: TokenServer, *, same: bool
) -> None:
    """Elsewhere its authority is not known, and its certificate is nobody's business."""
    authority = trustme.CA()
    context = demanding(authority.issue_cert("token.test"), authority)
    async with receiving(server, context) as host:
        url = host.url("token.test" if same else "receiver.test").text
        tls = tls_of(a_certificate(authority, "blue"), authority)
        of = endpoint(auth=protected(host).auth, url=url, tls=tls, timeout=5.0)
        if same:
            assert await tokens.bearer(of) == "t1"
        else:
            assert (await failure(tokens, of)).startswith("the token server: the certificate was refused")
            assert server.asked == []
