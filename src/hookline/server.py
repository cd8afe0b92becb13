"""Server: uvicorn inside our own loop, beside the workers, without its signal handlers and its own logging."""

import asyncio
import contextlib
import functools
import socket
from collections.abc import Iterator
from typing import Any, cast

import uvicorn

from hookline.config import Settings
from hookline.errors import ConfigurationError
from hookline.server_protocol import GuardedProtocol, Limits

BACKLOG = 2048
KEEP_ALIVE = 5
"""Seconds that a connection may lie idle between requests."""


class Server:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server: _Quiet | None = None
        self._sockets: list[socket.socket] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port that it listens on, the real one where the setting says 0."""
        return int(self._sockets[0].getsockname()[1])

    async def bind(self) -> None:
        """From here on `port` is known. Raises ConfigurationError when the address cannot be had."""
        self._sockets = await _bound_all(self._settings.host, self._settings.port)

    async def start(self, app: Any) -> None:
        """Returns when connections are taken. `app`: an ASGI application."""
        self._server = _Quiet(_config(app, self._settings))
        self._task = asyncio.get_running_loop().create_task(self._server.serve(self._sockets))
        ready = asyncio.get_running_loop().create_task(self._server.ready.wait())
        await asyncio.wait({self._task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            await self._task  # it ended before it began: this raises why

    async def stop(self) -> None:
        """No new connections; requests under way are answered within the grace."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task
            self._task = None
        for listening in self._sockets:
            listening.close()


class _Quiet(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the composition root, which stops the parts in order."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


def _config(app: Any, settings: Settings) -> uvicorn.Config:
    limits = Limits(header_bytes=settings.header_limit, read_seconds=settings.read_timeout)
    protocol = functools.partial(GuardedProtocol, limits=limits)
    return uvicorn.Config(
        app,
        http=cast("type[asyncio.Protocol]", protocol),  # uvicorn only ever calls it
        ws="none",
        loop="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=max(1, round(settings.grace)),
        backlog=BACKLOG,
    )


async def _bound_all(host: str, port: int) -> list[socket.socket]:
    """One socket for each address of `host`; with port 0 only the first, since the others would get other ports."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        places = list(dict.fromkeys((family, address) for family, _, _, _, address in found))
        return [_bound(family, address) for family, address in (places[:1] if port == 0 else places)]
    except OSError as error:
        raise ConfigurationError(
            f"Cannot listen on {host} port {port}: {error.strerror or error}.",
            hint="Stop whoever uses it, or set HOOKLINE_PORT to another port (0 takes a free one).",
        ) from None


def _bound(family: int, address: Any) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(address)
    except OSError:
        listening.close()
        raise
    listening.setblocking(False)
    return listening
