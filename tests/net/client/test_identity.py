"""Mutual TLS on real connections: each endpoint shows its own certificate, and trusts whom it says."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import trustme

from hookline.model.attempt import Cause, Exchange
from hookline.model.endpoint import ClientTls
from hookline.net.client import Client, Request
from hookline.net.identity import Identity, identity_of
from hookline.net.proxy import Proxy
from hookline.net.url import Url, parse_url
from tests.net.certificates import Guests, a_certificate, demanding, pem, tls_of
from tests.net.client.test_proxy import Tunnels
from tests.net.client.test_tls import refuse_one, serving
from tests.net.hostile import RememberingDials, receiving

NAME = "receiver.test"


@pytest.fixture(scope="module")
def servers() -> trustme.CA:
    """Whom receivers have their certificates from: nobody that the machine knows."""
    return trustme.CA()


@pytest.fixture(scope="module")
def clients() -> trustme.CA:
    """Whom they let in."""
    return trustme.CA()


@pytest_asyncio.fixture
async def client(authorities: ssl.SSLContext) -> AsyncIterator[Client]:
    client = Client(dial=RememberingDials(), tls=authorities)
    yield client
    await client.close()


async def post(client: Client, url: Url, identity: Identity | None) -> Exchange:
    return await client.send(Request(url=url, body=b"{}", timeout=5, tenant="ten_1", identity=identity))


async def test_a_receiver_that_demands_a_certificate_gets_the_endpoints(
    client: Client, servers: trustme.CA, clients: trustme.CA
) -> None:
    guests = Guests()
    mine = identity_of(tls_of(a_certificate(clients, "blue"), servers))
    async with receiving(guests, demanding(servers.issue_cert(NAME), clients)) as receiver:
        told = [await post(client, receiver.url(), mine) for _ in range(3)]
        assert [(one.status, one.body) for one in told] == [(200, b"ok")] * 3
        assert guests.names == ["blue"], "one connection serves them all"


async def test_two_identities_at_one_host_never_share_a_connection(
    client: Client, servers: trustme.CA, clients: trustme.CA
) -> None:
    """Of one tenant, turn by turn. The same texts are the same identity, whichever endpoint has them."""
    guests = Guests()
    blue, red = (tls_of(a_certificate(clients, name), servers) for name in ("blue", "red"))
    async with receiving(guests, demanding(servers.issue_cert(NAME), clients)) as receiver:
        for tls in (blue, red, blue, red, blue):
            assert (await post(client, receiver.url(), identity_of(tls))).status == 200
        assert guests.names == ["blue", "red"]


async def test_who_has_no_certificate_never_goes_in_on_the_connection_of_one_who_has(
    authorities: ssl.SSLContext, servers: trustme.CA, clients: trustme.CA
) -> None:
    trusting = ssl.create_default_context()
    servers.configure_trust(trusting)
    client = Client(dial=RememberingDials(), tls=trusting)
    mine = identity_of(tls_of(a_certificate(clients, "blue"), servers))
    async with receiving(Guests(), demanding(servers.issue_cert(NAME), clients)) as receiver:
        assert (await post(client, receiver.url(), mine)).status == 200
        assert (await post(client, receiver.url(), None)).status is None
        assert receiver.connections == 1, "the other was not let in"
    await client.close()


async def test_own_authorities_stand_in_the_place_of_the_others(
    authorities: ssl.SSLContext, servers: trustme.CA
) -> None:
    trusting = ssl.create_default_context()
    servers.configure_trust(trusting)
    client = Client(dial=RememberingDials(), tls=trusting)
    stranger = trustme.CA()
    async with receiving(Guests(), serving(servers.issue_cert(NAME))) as receiver:
        assert (await post(client, receiver.url(), None)).status == 200
        assert (await post(client, receiver.url(), identity_of(tls_of(ca=servers)))).status == 200
        told = await post(client, receiver.url(), identity_of(tls_of(ca=stranger)))
        assert (told.status, told.cause) == (None, Cause.CERTIFICATE_UNTRUSTED)
        both = ClientTls(ca=tls_of(ca=stranger).ca + tls_of(ca=servers).ca)
        assert (await post(client, receiver.url(), identity_of(both))).status == 200
    await client.close()


async def test_own_authorities_do_not_switch_off_the_check_of_the_name(
    client: Client, servers: trustme.CA
) -> None:
    async with receiving(Guests(), serving(servers.issue_cert("other.test"))) as receiver:
        told = await post(client, receiver.url(), identity_of(tls_of(ca=servers)))
        assert (told.status, told.cause) == (None, Cause.CERTIFICATE_NAME)


async def test_a_certificate_without_authorities_goes_with_those_of_the_machine(
    client: Client,
    servers: trustme.CA,
    clients: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "machine.pem").write_text(pem([servers.cert_pem]))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "machine.pem"))
    guests = Guests()
    async with receiving(guests, demanding(servers.issue_cert(NAME), clients)) as receiver:
        told = await post(client, receiver.url(), identity_of(tls_of(a_certificate(clients, "blue"))))
        assert (told.status, guests.names) == (200, ["blue"])


async def test_through_the_egress_proxy_the_receiver_sees_the_certificate(
    servers: trustme.CA, clients: trustme.CA
) -> None:
    guests = Guests()
    mine = identity_of(tls_of(a_certificate(clients, "blue"), servers))
    async with (
        receiving(guests, demanding(servers.issue_cert(NAME), clients)) as receiver,
        receiving(Tunnels()) as proxy,
    ):
        client = Client(dial=RememberingDials(), proxy=Proxy(host="127.0.0.1", port=proxy.port))
        assert (await post(client, receiver.url(), mine)).status == 200
        assert guests.names == ["blue"]
        await client.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_receiver_that_does_not_know_our_authority_is_told_as_that(
    client: Client, servers: trustme.CA, clients: trustme.CA, version: ssl.TLSVersion
) -> None:
    """A blocking server, because asyncio's drops the alert."""
    context = demanding(servers.issue_cert(NAME), clients)
    context.maximum_version = version
    foreign = identity_of(tls_of(a_certificate(trustme.CA(), "blue"), servers))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        refusing = asyncio.create_task(asyncio.to_thread(refuse_one, listener, context))
        url = parse_url(f"https://{NAME}:{listener.getsockname()[1]}/")
        told = await post(client, url, foreign)
        await refusing
    assert (told.status, told.cause) == (None, Cause.CLIENT_CERTIFICATE)
    assert told.detail.startswith("the receiver does not know the authority of our client certificate")
