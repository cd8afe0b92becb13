"""Client: the only door to the outside. One HTTP/1.1 exchange per `send`, told as an Exchange, never as an exception.

Nothing is followed (redirects), decoded (gzip) or remembered (cookies). The hot path is a pooled connection: no task,
one timer, one future.
"""

import asyncio
import ssl
from collections.abc import Coroutine, Sequence
from typing import TypeVar

from hookline.model.attempt import Cause, Exchange
from hookline.net.answer import Answer
from hookline.net.connection import Connection
from hookline.net.dial import Dial, DialRefused
from hookline.net.failures import SendError
from hookline.net.limits import Limits
from hookline.net.opening import Opener, key_of
from hookline.net.pool import Pool
from hookline.net.proxy import Proxy
from hookline.net.request import Request, head_of
from hookline.net.tls import verifying_context
from hookline.net.watch import Watch

__all__ = ["Client", "Request"]

_DEFAULT_LIMITS = Limits()
_T = TypeVar("_T")
_TURNS_TO_CLOSE = 100
"""Of the loop: TLS over a socket takes a few."""
_LOST = frozenset({Cause.CLOSED, Cause.RESET, Cause.TLS_FAILED})


class Client:
    def __init__(
        self,
        *,
        dial: Dial,
        tls: ssl.SSLContext | None = None,
        proxy: Proxy | None = None,
        limits: Limits = _DEFAULT_LIMITS,
    ) -> None:
        self._opener = Opener(dial=dial, tls=tls or verifying_context(), proxy=proxy, limits=limits)
        self._limits = limits
        self._pool = Pool(limits)
        self._open: set[Connection] = set()
        self._closed = False

    async def send(self, request: Request) -> Exchange:
        """One exchange. Whatever the network or the peer does is in the result; cancelling drops the connection."""
        watch = Watch(request.timeout)
        try:
            head = self._head(request)
            addresses = self._opener.known(request.url.host, request.url.port)
            if addresses is None:
                addresses = await self._in_time(self._opener.addresses(request, watch), watch)
            pooled = self._pooled(request, addresses)
            if pooled is not None:
                try:
                    answer = await pooled.exchange(head, request.body, self._answer(request), watch)
                finally:
                    self._pool.put(pooled)
                if not (answer.untouched and answer.cause in _LOST):
                    return _told(answer, watch, pooled.address)
            return await self._afresh(request, head, addresses, watch, resent=pooled is not None)
        except (DialRefused, SendError) as failure:
            return Exchange(cause=failure.cause, detail=failure.detail, timings=watch.timings())

    async def close(self) -> None:
        """Ends every connection, exchanges under way too (`interrupted`)."""
        self._closed = True
        self._pool.close()
        for connection in list(self._open):
            connection.abort()
        for _ in range(_TURNS_TO_CLOSE):
            if not self._open:
                return
            await asyncio.sleep(0)

    def _head(self, request: Request) -> bytes:
        if self._closed:
            raise SendError(Cause.NOT_SENT, "the client is closed")
        try:
            return head_of(request)
        except ValueError as error:
            raise SendError(Cause.NOT_SENT, str(error)) from None

    def _pooled(self, request: Request, addresses: Sequence[str]) -> Connection | None:
        for address in addresses:
            connection = self._pool.take(key_of(request, address))
            if connection is not None:
                return connection
        return None

    def _answer(self, request: Request) -> Answer:
        return Answer(self._limits, head_only=request.method == "HEAD")

    async def _afresh(
        self, request: Request, head: bytes, addresses: Sequence[str], watch: Watch, *, resent: bool
    ) -> Exchange:
        opening = self._opener.open(request, addresses, watch, self._lost)
        connection = await self._in_time(opening, watch)
        if not connection.closing:
            self._open.add(connection)
        try:
            if self._closed:
                raise SendError(Cause.NOT_SENT, "the client was closed")
            answer = await connection.exchange(head, request.body, self._answer(request), watch)
        finally:
            self._pool.put(connection)
        return _told(answer, watch, connection.address, resent=resent)

    def _lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        self._pool.forget(connection)

    @staticmethod
    async def _in_time(work: Coroutine[None, None, _T], watch: Watch) -> _T:
        try:
            async with asyncio.timeout_at(watch.deadline):
                return await work
        except TimeoutError:
            raise SendError(watch.timeout_cause, f"the deadline passed while {watch.phase}") from None


def _told(answer: Answer, watch: Watch, address: str, *, resent: bool = False) -> Exchange:
    return Exchange(
        status=answer.status if answer.head_done else None,
        headers=answer.headers if answer.head_done else (),
        body=answer.body,
        truncated=answer.truncated,
        cause=answer.cause,
        detail=answer.detail,
        timings=watch.timings(answer.first_byte_at),
        address=address,
        resent=resent,
    )
