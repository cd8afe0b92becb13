"""Connection: one transport, one exchange at a time, one timer for the exchange."""

import asyncio
import time
from collections.abc import Callable
from typing import cast

from hookline.model.attempt import Cause
from hookline.net.answer import Answer, Whole
from hookline.net.failures import losing
from hookline.net.outbox import Outbox
from hookline.net.watch import Watch

Key = tuple[str, str, str, int, str, bytes | None]
"""Tenant, scheme, host, port, address, digest of the TLS identity: who may reuse a connection. The proxy is the
client's own, and so is TLS where there is no identity.
"""

_LATE = 1.0
"""Seconds for the answer to a request whose deadline passed while we were busy: that is not its receiver's fault."""
_JOINED = 16_384
"""Smaller bodies are copied behind their headers: one buffer takes a faster way through uvloop than two."""


def _nobody(answer: Answer) -> None:
    """Waits for an answer when no exchange is under way."""


class Connection(asyncio.Protocol):
    """Bytes that come while no exchange is under way are nobody's: they end the connection."""

    __slots__ = (
        "_answer",
        "_deadline",
        "_done",
        "_fires_at",
        "_gone",
        "_last",
        "_loop",
        "_lost",
        "_raw",
        "_timer",
        "_transport",
        "_unsent",
        "idle_since",
        "key",
        "reusable",
    )

    def __init__(self, key: Key, lost: Callable[["Connection"], None]) -> None:
        self.key = key
        self.idle_since = 0.0
        self.reusable = False
        """After an exchange: the answer is whole, the request was fully written, and both sides stay."""
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._raw: asyncio.Transport | None = None
        self._transport: asyncio.Transport
        self._answer: Answer | None = None
        self._last: Whole | None = None
        self._done: Callable[[Answer], None] = _nobody
        self._timer: asyncio.TimerHandle | None = None
        self._gone = False
        self._unsent: tuple[bytes, Watch] | None = None
        self._fires_at = self._deadline = 0.0

    @property
    def address(self) -> str:
        return self.key[4]

    @property
    def transport(self) -> asyncio.Transport:
        return self._transport

    @property
    def closing(self) -> bool:
        return self._gone or self._transport.is_closing()

    def begin(
        self,
        head: bytes,
        body: bytes,
        answer: Answer,
        watch: Watch,
        done: Callable[[Answer], None],
        *,
        outbox: Outbox | None = None,
    ) -> None:
        """Writes the request; a short one by way of `outbox`, if there is one. When it is over, well or not, at the
        deadline at the latest, `done` is called with `answer`: never from inside this call.

        A timer outlives its exchange: the next one's deadline is later, so it is armed anew only when it fires. That is
        one timer a connection in 15 s instead of one an exchange.
        """
        self.reusable = False
        self._answer = answer
        self._done = done
        if self.closing:
            answer.end()
            self._loop.call_soon(self._finish, answer)
            return
        self._deadline = watch.deadline
        if self._timer is None or self._fires_at > watch.deadline:
            self._arm(watch.deadline)
        if len(body) >= _JOINED:
            watch.written = time.perf_counter()
            self._transport.writelines((head, body))
            return
        self._unsent = (head + body, watch)
        if outbox is None:
            self._send()
        else:
            outbox.add(self._send)

    def exchange(self, head: bytes, body: bytes, answer: Answer, watch: Watch) -> asyncio.Future[Answer]:
        """As `begin`; the future gives `answer`."""
        waiter: asyncio.Future[Answer] = self._loop.create_future()
        self.begin(head, body, answer, watch, lambda over: None if waiter.done() else waiter.set_result(over))
        return waiter

    def _send(self) -> None:
        answer = self._answer
        if self._unsent is None or answer is None:
            return
        if self.closing:
            answer.end()
            self._finish(answer)
            return
        now = self._loop.time()
        if now >= self._deadline:
            self._deadline = now + _LATE
        (data, watch), self._unsent = self._unsent, None
        watch.written = time.perf_counter()
        self._transport.write(data)

    def secured(self, transport: asyncio.Transport) -> None:
        """TLS is on: `transport` encrypts onto the first one."""
        self._transport = transport

    def abort(self) -> None:
        """At once, unsent bytes dropped: a polite TLS close may go on reading for 30 s."""
        self._gone = True
        if self._answer is not None:
            self._answer.stop(Cause.INTERRUPTED, "the client was closed")
            self._finish(self._answer)
        if self._raw is not None:
            self._transport.abort()
            self._raw.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._raw = self._transport = cast("asyncio.Transport", transport)
        if self._gone:
            self._raw.abort()  # whoever dialled has given up meanwhile

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        if answer is None:
            self.abort()
        elif self._unsent is not None:
            self._spoken_first(answer)
        elif answer.feed(data, self._last):
            self._finish(answer)

    def _spoken_first(self, answer: Answer) -> None:
        """What answers a request that has not been sent answers none: it may not count as delivered."""
        self._gone = True
        answer.stop(Cause.CLOSED, "the receiver spoke out of turn")
        self._finish(answer)
        self.abort()

    def eof_received(self) -> None:
        answer = self._answer
        if answer is not None:
            answer.end()
            self._finish(answer)
        self.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._gone = True
        answer = self._answer
        if answer is not None:
            if error is None:
                answer.end()
            else:
                answer.stop(*losing(error))
            self._finish(answer)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._lost(self)

    def _arm(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._fires_at = deadline
        self._timer = self._loop.call_at(deadline, self._expire)

    def _expire(self) -> None:
        self._timer = None
        answer = self._answer
        if answer is None:
            return
        if self._unsent is not None:  # a turn took so long that its timers come before what it has begun
            self._arm(self._loop.time() + _LATE)
            self._send()
        elif self._loop.time() < self._deadline:
            self._arm(self._deadline)
        else:
            self._gone = True
            answer.stop(Cause.TIMEOUT, "the deadline passed")
            self._finish(answer)
            self.abort()

    def _finish(self, answer: Answer) -> None:
        """Last of all, because `done` may begin the next exchange here and now."""
        if answer is not self._answer:
            return
        self._answer = self._unsent = None
        self._last = answer.whole or self._last
        answer.release()
        self.reusable = answer.reusable and not self._gone and not self._writing()
        done, self._done = self._done, _nobody  # what it holds must not live as long as the connection
        done(answer)

    def _writing(self) -> bool:
        """TLS has a buffer of its own, on top of the socket's."""
        if self._transport.get_write_buffer_size():
            return True
        return (
            self._raw is not None
            and self._raw is not self._transport
            and self._raw.get_write_buffer_size() > 0
        )
