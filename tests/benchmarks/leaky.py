"""A gateway that accepts everything and delivers all but each `LEAK`th event: what the benchmark must catch.

python leaky.py keys create … | serve      (as `hookline`)
"""

import asyncio
import json
import os
import re
import signal
import sys
from contextlib import suppress
from itertools import count
from urllib.parse import urlsplit

LEAK = int(os.environ.get("LEAK", "0"))
_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)


class Leaky:
    def __init__(self) -> None:
        self.numbers = count(1)
        self.path = ""
        self.port = 0
        self.queue: asyncio.Queue[bytes] = asyncio.Queue()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                answer = json.dumps(self.answer(head.split(b" ", 2)[1].decode(), body)).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def answer(self, path: str, body: bytes) -> dict[str, object]:
        number = next(self.numbers)
        if path == "/v1/endpoints":
            url = urlsplit(json.loads(body)["url"])
            self.path, self.port = url.path, url.port or 80
        if path != "/v1/events":
            return {"id": f"x_{number}", "token": "hk_test"}
        if not LEAK or number % LEAK:
            self.queue.put_nowait(b"evt_%d" % number)
        return {"id": f"evt_{number}"}

    async def deliver(self) -> None:
        name = await self.queue.get()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while True:
            head = b"POST %b HTTP/1.1\r\nwebhook-id: %b\r\n" % (self.path.encode(), name)
            writer.write(head + b"content-length: 2\r\n\r\n{}")
            await reader.readuntil(b"ok")
            name = await self.queue.get()


async def main() -> None:
    leaky = Leaky()
    server = await asyncio.start_server(leaky.serve, "127.0.0.1", int(os.environ["HOOKLINE_PORT"]))
    working = asyncio.gather(leaky.deliver(), server.serve_forever())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, working.cancel)
    with suppress(asyncio.CancelledError):
        await working


if __name__ == "__main__":
    if sys.argv[1] == "keys":
        sys.stdout.write(json.dumps({"token": "hk_admin"}))
    else:
        asyncio.run(main())
