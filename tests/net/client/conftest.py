"""The client runs under uvloop; the plain loop is a second opinion on everything."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import pytest_asyncio
import uvloop

from hookline.model.attempt import Exchange
from hookline.net.client import Client, Request
from hookline.net.tls import verifying_context
from hookline.net.url import Url
from tests.net.hostile import RememberingDials


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


@pytest.fixture(scope="session")
def authorities() -> ssl.SSLContext:
    """Read once: it takes longer than most of these tests."""
    return verifying_context()


@pytest_asyncio.fixture
async def client(authorities: ssl.SSLContext) -> AsyncIterator[Client]:
    client = Client(dial=RememberingDials(), tls=authorities)
    yield client
    await client.close()


async def post(
    client: Client, url: Url, body: bytes = b"{}", seconds: float = 5.0, tenant: str = ""
) -> Exchange:
    headers = (("Content-Type", "application/json"),)
    return await client.send(Request(url=url, headers=headers, body=body, timeout=seconds, tenant=tenant))
