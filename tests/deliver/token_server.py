"""A token server on a real socket: it counts, and answers what a test says."""

import asyncio
from collections.abc import Mapping
from urllib.parse import parse_qs

import msgspec

from tests.net.hostile import Conversation

Answer = bytes


def granted(token: str, **fields: object) -> Answer:
    return told(200, {"access_token": token, "token_type": "Bearer", **fields})


def told(status: int, fields: object, *headers: str) -> Answer:
    body = fields if isinstance(fields, bytes) else msgspec.json.encode(fields)
    lines = [f"HTTP/1.1 {status} Told", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class TokenServer:
    """Gives `t1`, `t2`, … for an hour each, unless `answer` says something else. While `open` is not set it waits."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.answer: Answer | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.came = asyncio.Event()
        """Somebody has asked."""

    async def __call__(self, peer: Conversation) -> None:
        while True:
            self.asked.append(await peer.request())
            self.came.set()
            await self.open.wait()
            await peer.say(self.answer or granted(f"t{len(self.asked)}", expires_in=3600))

    def form(self, number: int = -1) -> Mapping[str, list[str]]:
        return parse_qs(self.asked[number].partition(b"\r\n\r\n")[2].decode())

    def headers(self, number: int = -1) -> Mapping[str, str]:
        lines = self.asked[number].partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
