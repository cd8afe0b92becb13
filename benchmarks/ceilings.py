"""The ceilings: what a service could do by hand, with no gateway and no durability at all.

`aiohttp` is its client in a loop; `own` is Hookline's client, bare. Both post the bytes that the gateway would.
"""

import asyncio
import itertools
from collections.abc import Iterator, Sequence

import aiohttp
import msgspec

from benchmarks.board import Board, Slot
from benchmarks.child import Handle, work
from benchmarks.messages import AnyOrder, Done, Loop
from hookline.net.client import Client, Request
from hookline.net.url import parse_url

_PATH = "/ceiling"


class Loopback:
    """A dial that approves the one address."""

    async def addresses(self, host: str, port: int, deadline: float) -> Sequence[str]:
        del port, deadline
        return self.cached(host, 0)

    def cached(self, host: str, port: int) -> Sequence[str]:
        del port
        return (host,)


def _names(board: Board) -> Iterator[str]:
    """Ids for requests, until the board says stop."""
    for number in itertools.count():
        if board[Slot.STOP]:
            return
        board[Slot.SENT] += 1
        yield f"evt_{number:025d}"


async def run_aiohttp(order: Loop, board: Board) -> None:
    url = f"http://127.0.0.1:{order.port}{_PATH}"
    names = _names(board)
    connector = aiohttp.TCPConnector(limit=order.connections)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def post() -> None:
            for name in names:
                headers = {"content-type": "application/json", "webhook-id": name}
                async with session.post(url, data=order.body, headers=headers) as answer:
                    await answer.read()
                    if answer.status != 200:
                        raise RuntimeError(f"the receiver answered {answer.status}")

        await asyncio.gather(*(post() for _ in range(order.connections)))


async def run_own(order: Loop, board: Board) -> None:
    url = parse_url(f"http://127.0.0.1:{order.port}{_PATH}")
    names = _names(board)
    client = Client(dial=Loopback())

    async def post() -> None:
        for name in names:
            headers = (("content-type", "application/json"), ("webhook-id", name))
            exchange = await client.send(Request(url=url, headers=headers, body=order.body))
            if exchange.status != 200:
                raise RuntimeError(f"the receiver answered {exchange}")

    await asyncio.gather(*(post() for _ in range(order.connections)))
    await client.close()


async def prepare(board: Board) -> tuple[int, Handle]:
    async def handle(order: AnyOrder) -> msgspec.Struct:
        assert isinstance(order, Loop)
        await (run_aiohttp if order.client == "aiohttp" else run_own)(order, board)
        return Done()

    return 0, handle


if __name__ == "__main__":
    work(prepare)
