"""Trusted proxies: whose word about the caller's address is believed, as the log tells it."""

from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from tests.api.conftest import Keys, make_keys
from tests.api.raw import post, wire
from tests.api.running import Running, serving, settings_for

HOT, CALM = ("POST", "/v1/events"), ("GET", "/v1/events")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def behind(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """A gateway whose proxies are on this machine and in 10.0.0.0/8."""
    trusted = (ip_network("127.0.0.1/32"), ip_network("10.0.0.0/8"))
    async with serving(settings_for(tmp_path_factory.mktemp("behind"), trusted_proxies=trusted)) as found:
        yield found


async def remote(api: Running, route: tuple[str, str], *forwarded: str) -> object:
    """Of a request without a key, as the log has it."""
    headers = [("X-Forwarded-For", one) for one in forwarded]
    async with api.session.request(route[0], api.url + route[1], headers=headers) as answer:
        assert answer.status == 401
    (*_, line) = (refused for refused in lines(api) if refused["path"] == route[1])
    return line.get("remote")


def lines(api: Running) -> list[dict[str, Any]]:
    told = map(msgspec.json.decode, api.log.getvalue().splitlines())
    return [line for line in told if line["what"] == "RequestRefused"]


@pytest.mark.parametrize("route", [HOT, CALM], ids=["hot", "calm"])
async def test_nobody_is_believed_unless_the_operator_says_so(light: Running, route: tuple[str, str]) -> None:
    """By default the address is that of the connection, whatever its headers claim."""
    assert await remote(light, route) == "127.0.0.1"
    assert await remote(light, route, "203.0.113.7") == "127.0.0.1"


@pytest.mark.parametrize("route", [HOT, CALM], ids=["hot", "calm"])
async def test_a_trusted_proxy_is_believed_and_what_stands_before_it_is_not(
    behind: Running, route: tuple[str, str]
) -> None:
    """The last address that is no trusted proxy counts: what a caller wrote before it is a claim."""
    assert await remote(behind, route, "203.0.113.7") == "203.0.113.7"
    assert await remote(behind, route, "2001:db8:0::7") == "2001:db8::7"
    assert await remote(behind, route, "198.51.100.1, 203.0.113.7, 10.1.2.3") == "203.0.113.7"
    assert await remote(behind, route, "198.51.100.1", "203.0.113.7") == "203.0.113.7"
    assert await remote(behind, route) == "127.0.0.1"


@pytest.mark.parametrize("route", [HOT, CALM], ids=["hot", "calm"])
async def test_what_is_no_address_is_not_told(behind: Running, route: tuple[str, str]) -> None:
    """A proxy that passes on anything puts nothing of it into the log."""
    for nonsense in ("unknown", "_hidden", "<script>", "203.0.113.7.example", "x" * 4000):
        assert await remote(behind, route, nonsense) is None
    assert "script" not in behind.log.getvalue().decode()


async def test_publishing_through_a_proxy_is_as_ever(behind: Running) -> None:
    """With a length, in chunks, and one after the other on a connection."""
    keys: Keys = await make_keys(behind)
    forwarded = b"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https"
    body = b'{"type":"a.b","data":1}'
    async with wire(behind.port) as line:
        for _ in range(2):
            await line.send(post(keys["publish"], body, forwarded))
            assert (await line.answer()).startswith(b"HTTP/1.1 202 ")
        head = post(keys["publish"], body, forwarded).partition(b"Content-Length")[0]
        await line.send(head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
        assert (await line.answer()).startswith(b"HTTP/1.1 202 ")
    assert behind.faults() == []
