"""Promise 8 with nothing in between: real receivers inside and outside of what is allowed, real look-ups."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network

import pytest

from hookline.model.attempt import Cause
from hookline.net.client import Client
from hookline.net.dns import DnsResolver, Resolver
from hookline.net.guard import Guard
from tests.clock import ManualClock
from tests.net.client.conftest import post
from tests.net.hostile import OK, Conversation, Receiver, receiving
from tests.net.name_server import Name, NameServer, name_server
from tests.net.stub import StubResolver

ALLOWED, FORBIDDEN = "127.0.0.1", "127.0.0.2"
"""Both lead to a receiver of the test; the operator allows one of them."""


@asynccontextmanager
async def guarded(resolver: Resolver) -> AsyncIterator[Client]:
    guard = Guard(resolver=resolver, allow_http=True, allow_networks=[ip_network(ALLOWED)])
    client = Client(dial=guard)
    yield client
    await client.close()


@asynccontextmanager
async def turning(*addresses: str) -> AsyncIterator[tuple[NameServer, ManualClock, Client]]:
    clock = ManualClock()
    async with name_server({"turn.example": Name(addresses, ttl=0)}) as server:
        resolver = DnsResolver(clock, nameservers=[server.address])
        async with guarded(resolver) as client:
            yield server, clock, client
        await resolver.close()


async def answering(peer: Conversation) -> None:
    while True:
        await peer.answer()


async def listens(receiver: Receiver, address: str) -> bool:
    before = receiver.connections
    reader, writer = await asyncio.open_connection(address, receiver.port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    answer = await reader.readexactly(len(OK))
    writer.close()
    await writer.wait_closed()
    return answer == OK and receiver.connections == before + 1


@pytest.mark.parametrize("address", [ALLOWED, FORBIDDEN])
@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308])
@pytest.mark.parametrize("header", ["Location", "Refresh", "Alt-Svc"])
async def test_no_answer_sends_the_client_to_another_receiver(address: str, status: int, header: str) -> None:
    async def redirecting(peer: Conversation) -> None:
        where = {"Refresh": f"0; url=http://{there}/", "Alt-Svc": f'http/1.1="{there}"'}
        line = f"{header}: {where.get(header, f'http://{there}/')}\r\n"
        while True:
            await peer.answer(f"HTTP/1.1 {status} Go\r\n{line}Content-Length: 0\r\n\r\n".encode())

    async with (
        receiving(answering, host=address) as target,
        receiving(redirecting) as receiver,
        guarded(StubResolver([ALLOWED])) as client,
    ):
        there = f"{address}:{target.port}"
        for sent in (1, 2):
            told = await post(client, receiver.url())
            assert (told.status, told.address, len(receiver.requests)) == (status, ALLOWED, sent)
            assert there in dict(told.headers)[header], "kept, so that the endpoint's owner can see it"
        assert target.connections == 0
        assert await listens(target, address)


async def test_a_redirect_to_the_receiver_itself_is_not_followed_either() -> None:
    async def looping(peer: Conversation) -> None:
        while True:
            await peer.answer(b"HTTP/1.1 307 Again\r\nLocation: /hook\r\nContent-Length: 0\r\n\r\n")

    async with receiving(looping) as receiver, guarded(StubResolver([ALLOWED])) as client:
        assert (await post(client, receiver.url())).status == 307
        assert len(receiver.requests) == 1


@pytest.mark.parametrize("answers", [[FORBIDDEN], [ALLOWED, FORBIDDEN], ["169.254.169.254"]])
async def test_a_name_that_turns_is_refused_although_a_connection_is_open(answers: Sequence[str]) -> None:
    async with (
        receiving(answering, host="0.0.0.0") as receiver,
        turning(ALLOWED) as (server, clock, client),
    ):
        url = receiver.url("turn.example")
        assert (await post(client, url)).status == 200
        server.zone["turn.example"] = Name(tuple(answers), ttl=0)
        clock.turn(2)
        told = await post(client, url)
        assert (told.status, told.cause) == (None, Cause.ADDRESS_REFUSED)
        assert (receiver.connections, len(receiver.requests)) == (1, 1)
        server.zone["turn.example"] = Name((ALLOWED,), ttl=0)
        clock.turn(2)
        assert (await post(client, url)).status == 200
        assert await listens(receiver, FORBIDDEN)
