"""Client: the only door to the outside. One HTTP/1.1 exchange at a time, told as an Exchange, never as an exception.

Nothing is followed (redirects), decoded (gzip) or remembered (cookies). The hot path is a pooled connection: no task,
no future, and now and then a timer.
"""

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Sequence
from typing import Protocol, TypeVar

import msgspec

from hookline.model.attempt import Cause, Exchange
from hookline.net.answer import Answer
from hookline.net.connection import Connection
from hookline.net.dial import Dial, DialRefused
from hookline.net.failures import SendError
from hookline.net.limits import Limits
from hookline.net.opening import Opener, key_of
from hookline.net.outbox import Outbox
from hookline.net.pool import Pool
from hookline.net.proxy import Proxy
from hookline.net.request import Request, head_of
from hookline.net.tls import shared_context
from hookline.net.watch import Watch

__all__ = ["Client", "Request", "Sending"]

Done = Callable[[Exchange], None]
_DEFAULT_LIMITS = Limits()
_T = TypeVar("_T")
_TURNS_TO_CLOSE = 100
"""Of the loop: TLS over a socket takes a few."""
_LOST = frozenset({Cause.CLOSED, Cause.RESET, Cause.TLS_FAILED})
_Work = Coroutine[None, None, Exchange]


class Sending(Protocol):
    """An exchange under way."""

    def cancel(self) -> object:
        """Drop its connection; it ends as `interrupted`."""
        ...


class Client:
    def __init__(
        self,
        *,
        dial: Dial,
        tls: ssl.SSLContext | None = None,
        proxy: Proxy | None = None,
        limits: Limits = _DEFAULT_LIMITS,
    ) -> None:
        self._opener = Opener(dial=dial, tls=tls or shared_context(), proxy=proxy, limits=limits)
        self._limits = limits
        self._pool = Pool(limits)
        self._outbox = Outbox()
        self._open: set[Connection] = set()
        self._opening: set[asyncio.Task[Exchange]] = set()
        self._just_ended: list[tuple[_Reuse, Connection, Exchange]] = []
        self._closed = False
        self._time: Callable[[], float] | None = None
        """The loop's clock, kept: looking the loop up costs more than asking it."""

    async def send(self, request: Request) -> Exchange:
        """One exchange. Whatever the network or the peer does is in the result; cancelling drops the connection."""
        told: asyncio.Future[Exchange] = asyncio.get_running_loop().create_future()
        sending = self.start(request, lambda exchange: None if told.done() else told.set_result(exchange))
        try:
            return await told
        except asyncio.CancelledError:
            sending.cancel()
            raise

    def start(self, request: Request, done: Done) -> Sending:
        """As `send`, without waiting: `done` is called once, later than this call returns. It must not raise."""
        if self._time is None:
            self._time = asyncio.get_running_loop().time
        watch = Watch(self._time() + request.timeout)
        try:
            job = _Job(request, self._head(request), watch)
            addresses = self._opener.known(request.url.host, request.url.port)
        except (DialRefused, SendError) as failure:
            return self._spawn(_refused(failure), watch, done)
        except Exception as error:  # noqa: BLE001  a bug of ours: told by `_outcome`, and its request is not sent
            return self._spawn(_refused(error), watch, done)
        if addresses is None:
            return self._spawn(self._look_up(job), watch, done)
        connection = self._pooled(request, addresses)
        if connection is None:
            return self._spawn(self._afresh(job, addresses), watch, done)
        reuse = _Reuse(self, connection, job, done)
        answer = self._answer(request)
        connection.begin(job.head, request.body, answer, watch, reuse.over, outbox=self._outbox)
        return reuse

    async def close(self) -> None:
        """Ends every connection, exchanges under way too (`interrupted`)."""
        self._closed = True
        self._pool.close()
        for task in list(self._opening):
            task.cancel()
        for connection in list(self._open):
            connection.abort()
        for _ in range(_TURNS_TO_CLOSE):
            if not self._open:
                return
            await asyncio.sleep(0)

    def ended(self, reuse: "_Reuse", connection: Connection, exchange: Exchange) -> None:
        """Two turns of the loop go by before a connection may be used again: many receivers close right behind their
        answer, and a request that meets that close would go twice. All that ended in one turn go on together.
        """
        self._just_ended.append((reuse, connection, exchange))
        if len(self._just_ended) == 1:
            asyncio.get_running_loop().call_soon(self._pause)

    def _pause(self) -> None:
        ended, self._just_ended = self._just_ended, []
        asyncio.get_running_loop().call_soon(self._settle, ended)

    def _settle(self, ended: Sequence[tuple["_Reuse", Connection, Exchange]]) -> None:
        for _, connection, _ in ended:
            self._pool.put(connection)
        for reuse, _, exchange in ended:
            try:
                reuse.done(exchange)
            except Exception as error:  # noqa: BLE001  the others that ended must hear of it all the same
                _tell(error)

    def again(self, connection: Connection, job: "_Job", done: Done) -> Sending:
        """The connection was gone before any byte of an answer: once more, on a fresh one."""
        self._pool.put(connection)
        return self._spawn(self._again(job), job.watch, done)

    def _head(self, request: Request) -> bytes:
        if self._closed:
            raise SendError(Cause.NOT_SENT, "the client is closed")
        try:
            return head_of(request)
        except ValueError as error:
            raise SendError(Cause.NOT_SENT, str(error)) from None

    def _pooled(self, request: Request, addresses: Sequence[str]) -> Connection | None:
        if request.once:
            return None
        for address in addresses:
            connection = self._pool.take(key_of(request, address))
            if connection is not None:
                return connection
        return None

    def _answer(self, request: Request) -> Answer:
        return Answer(self._limits, head_only=request.method == "HEAD")

    def _spawn(self, work: _Work, watch: Watch, done: Done) -> Sending:
        task = asyncio.get_running_loop().create_task(work)
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
        task.add_done_callback(lambda ended: done(_outcome(ended, watch)))
        return task

    async def _look_up(self, job: "_Job") -> Exchange:
        """Where the addresses of a name must be asked for first."""
        addresses = await self._addresses(job)
        connection = self._pooled(job.request, addresses)
        if connection is None:
            return await self._afresh(job, addresses)
        answer = await self._exchange(connection, job)
        if answer.untouched and answer.cause in _LOST:
            return await self._afresh(job, addresses, resent=job.sent)
        return _told(answer, job.watch, connection.address)

    async def _again(self, job: "_Job") -> Exchange:
        known = self._opener.known(job.request.url.host, job.request.url.port)
        addresses = await self._addresses(job) if known is None else known
        return await self._afresh(job, addresses, resent=job.sent)

    async def _afresh(self, job: "_Job", addresses: Sequence[str], *, resent: bool = False) -> Exchange:
        opening = self._opener.open(job.request, addresses, job.watch, self._lost)
        connection = await self._in_time(opening, job.watch)
        if not connection.closing:
            self._open.add(connection)
        answer = await self._exchange(connection, job)
        return _told(answer, job.watch, connection.address, resent=resent)

    async def _exchange(self, connection: Connection, job: "_Job") -> Answer:
        try:
            if self._closed:
                raise SendError(Cause.NOT_SENT, "the client was closed")
            answer = self._answer(job.request)
            return await connection.exchange(job.head, job.request.body, answer, job.watch)
        finally:
            self._pool.put(connection)

    async def _addresses(self, job: "_Job") -> Sequence[str]:
        return await self._in_time(self._opener.addresses(job.request, job.watch), job.watch)

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


class _Job(msgspec.Struct, frozen=True, gc=False):  # nothing that it holds holds it
    request: Request
    head: bytes
    watch: Watch

    @property
    def sent(self) -> bool:
        """Whether the receiver may have seen it."""
        return self.watch.written > 0.0


class _Reuse:
    """An exchange on a pooled connection."""

    __slots__ = ("_again", "_client", "_connection", "_job", "done")

    def __init__(self, client: Client, connection: Connection, job: _Job, done: Done) -> None:
        self.done = done
        self._client = client
        self._connection: Connection | None = connection
        self._job = job
        self._again: Sending | None = None

    def over(self, answer: Answer) -> None:
        """Whatever happens, `done` hears of it, or the delivery would keep its slot for ever."""
        connection, self._connection = self._connection, None
        assert connection is not None, "a connection tells the end of an exchange once"
        if answer.untouched and answer.cause in _LOST:
            self._again = self._client.again(connection, self._job, self.done)
            return
        try:
            exchange = _told(answer, self._job.watch, connection.address)
        except Exception as error:  # noqa: BLE001
            exchange = _bug(error, self._job.watch)
        self._client.ended(self, connection, exchange)

    def cancel(self) -> None:
        if self._again is not None:
            self._again.cancel()
        elif self._connection is not None:
            self._connection.abort()


async def _refused(failure: Exception) -> Exchange:
    raise failure


def _outcome(task: asyncio.Task[Exchange], watch: Watch) -> Exchange:
    timings = watch.timings()
    if task.cancelled():
        return Exchange(cause=Cause.INTERRUPTED, detail="the exchange was cut off", timings=timings)
    error = task.exception()
    if error is None:
        return task.result()
    if isinstance(error, DialRefused | SendError):
        return Exchange(cause=error.cause, detail=error.detail, timings=timings)
    return _bug(error, watch)


def _bug(error: BaseException, watch: Watch) -> Exchange:
    """One of ours: told by the loop's handler, and its request counts as not sent."""
    _tell(error)
    detail = f"It could not be sent: {type(error).__name__}"
    return Exchange(cause=Cause.NOT_SENT, detail=detail, timings=watch.timings())


def _tell(error: BaseException) -> None:
    loop = asyncio.get_running_loop()
    loop.call_exception_handler({"message": "A fault around a request", "exception": error})


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
