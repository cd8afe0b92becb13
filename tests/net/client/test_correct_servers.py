"""On correct servers the client sees what aiohttp's client sees."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from hookline.net.client import Client, Request
from hookline.net.url import parse_url
from tests.ports import free_port

PATHS = [
    "/length", "/chunked", "/204", "/304", "/500", "/302", "/large", "/close", "/latin", "/twice", "/empty",
]  # fmt: skip
HOP = {"date", "keep-alive"}

ASGI = """
ANSWERS = {
    "/length": (200, [], [b"hello"]), "/chunked": (200, None, [b"a" * 10, b"b" * 1000, b"c"]), "/204": (204, None, []),
    "/304": (304, None, []), "/500": (500, [], [b"broken"]), "/302": (302, [(b"location", b"/length")], []),
    "/large": (200, [], [b"L" * 65_536]), "/close": (200, [(b"connection", b"close")], [b"bye"]),
    "/latin": (200, [(b"x-name", "caf\\u00e9".encode("latin-1"))], [b"\\xff\\x00"]),
    "/twice": (200, [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")], [b"2"]), "/empty": (200, [], []),
}


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    status, headers, parts = ANSWERS[scope["path"]]
    if headers is not None:
        headers = [*headers, (b"content-length", str(sum(map(len, parts))).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers or []})
    for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
"""

NODE = """
const answers = {
  "/length": [200, {"Content-Length": "5"}, ["hello"]], "/chunked": [200, {}, ["a".repeat(10), "b".repeat(1000), "c"]],
  "/204": [204, {}, []], "/304": [304, {}, []], "/500": [500, {}, ["broken"]], "/302": [302, {Location: "/length"}, []],
  "/large": [200, {}, ["L".repeat(65536)]], "/close": [200, {Connection: "close"}, ["bye"]],
  "/latin": [200, {"X-Name": "caf\\u00e9"}, [Buffer.from([255, 0])]],
  "/twice": [200, {"Set-Cookie": ["a=1", "b=2"]}, ["2"]], "/empty": [200, {"Content-Length": "0"}, []],
};
require("http").createServer((request, response) => {
  request.resume().on("end", () => {
    const [status, headers, parts] = answers[request.url];
    response.writeHead(status, headers);
    for (const part of parts) response.write(part);
    response.end();
  });
}).listen(Number(process.argv[2]), "127.0.0.1");
"""

NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log stderr;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; default_type text/plain;
  server {{
    listen 127.0.0.1:{port};
    location = /length {{ return 200 hello; }} location = /204 {{ return 204; }} location = /304 {{ return 304; }}
    location = /500 {{ return 500; }} location = /302 {{ return 302 /length; }} location = /empty {{ return 200 ""; }}
    location = /chunked {{ ssi on; ssi_types text/plain; return 200 chunks; }}
    location = /large {{ return 200 "{large}"; }} location = /close {{ keepalive_timeout 0; return 200 bye; }}
    location = /latin {{ add_header X-Name "caf\u00e9"; return 200 x; }}
    location = /twice {{ add_header Set-Cookie a=1; add_header Set-Cookie b=2; return 200 2; }}
  }}
}}
"""


class Loopback:
    async def addresses(self, host: str, port: int, deadline: float) -> Sequence[str]:
        return ("127.0.0.1",)


AIOHTTP: dict[str, tuple[int, bytes, list[tuple[str, str]]]] = {
    "/204": (204, b"", []),
    "/304": (304, b"", []),
    "/500": (500, b"broken", []),
    "/302": (302, b"", [("Location", "/length")]),
    "/large": (200, b"L" * 65_536, []),
    "/close": (200, b"bye", [("Connection", "close")]),
    "/twice": (200, b"2", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]),
    "/empty": (200, b"", []),
}


async def answer_in_aiohttp(request: web.Request) -> web.StreamResponse:
    await request.read()
    if request.path == "/chunked":
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        for part in (b"a" * 10, b"b" * 1000, b"c"):
            await response.write(part)
        return response
    status, body, headers = AIOHTTP.get(request.path, (200, b"hello", []))
    return web.Response(status=status, body=body, headers=headers)


@asynccontextmanager
async def with_aiohttp(_folder: Path) -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer_in_aiohttp)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@asynccontextmanager
async def program(port: int, *command: str, folder: Path) -> AsyncIterator[int]:
    """The real program as a process of its own, until the test is over."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    null = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=null, stderr=null)
    try:
        await listening(port, process)
        yield port
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def listening(port: int, process: asyncio.subprocess.Process) -> None:
    for _ in range(400):
        assert process.returncode is None, "the server ended"
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            await writer.wait_closed()
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the server does not listen")


@asynccontextmanager
async def with_uvicorn(folder: Path) -> AsyncIterator[int]:
    (folder / "answers.py").write_text(ASGI)
    port = free_port()
    command = (sys.executable, "-m", "uvicorn", "answers:app", "--port", str(port), "--log-level", "error")
    async with program(port, *command, folder=folder):
        yield port


@asynccontextmanager
async def with_node(folder: Path) -> AsyncIterator[int]:
    (folder / "answers.js").write_text(NODE)
    port = free_port()
    async with program(port, installed("node"), str(folder / "answers.js"), str(port), folder=folder):
        yield port


@asynccontextmanager
async def with_nginx(folder: Path) -> AsyncIterator[int]:
    port = free_port()
    binary = installed("nginx")
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, large="L" * 4000), "latin-1")
    async with program(port, binary, "-c", str(folder / "nginx.conf"), "-p", str(folder), folder=folder):
        yield port


def installed(name: str) -> str:
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed on this machine")
    return path


def comparable(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted((name.lower(), value) for name, value in headers if name.lower() not in HOP)


@pytest.mark.parametrize("server", [with_aiohttp, with_uvicorn, with_node, with_nginx])
async def test_the_client_sees_what_aiohttp_sees(
    server: Callable[[Path], AbstractAsyncContextManager[int]], tmp_path: Path
) -> None:
    client = Client(dial=Loopback())
    async with server(tmp_path) as port, aiohttp.ClientSession(auto_decompress=False) as session:
        for path in PATHS * 2:
            url = f"http://127.0.0.1:{port}{path}"
            ours = await client.send(Request(url=parse_url(url), body=b"b" * 5000))
            async with session.post(url, data=b"b" * 5000, allow_redirects=False) as answer:
                raw = [
                    (name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.raw_headers
                ]
                theirs = (answer.status, comparable(raw), await answer.read())
            assert (ours.status, comparable(list(ours.headers)), ours.body) == theirs, path
            assert not ours.truncated
    await client.close()
