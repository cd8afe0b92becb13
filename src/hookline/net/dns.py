"""Names to addresses, with a deadline, a bounded cache, and one look-up for all who ask for a name at once."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import aiodns
import pycares
from aiodns.error import ARES_ECANCELLED, ARES_ECONNREFUSED, ARES_ETIMEOUT, DNSError

from hookline.clock import Clock
from hookline.model.attempt import Cause
from hookline.net.dial import DialRefused
from hookline.net.host import literal

MAX_ANSWERS = 32
"""What is over this is forgotten, not dialled: a name with a thousand addresses costs no more than one with a few."""
MAX_NAMES = 4096
MIN_TTL = 1.0
MAX_TTL = 60.0
FAILURE_TTL = 1.0
_TRY_SECONDS = 1.0
_TRIES = 5
"""c-ares adapts the first wait to how fast a server was, down to 250 ms, and doubles it at each try: fewer tries would
give up on a name whose own servers are slow after little more than a second."""
_LOOKUP_SECONDS = 15.0
"""The end of a look-up that nobody waits for any more."""


_UNANSWERED = frozenset({ARES_ECANCELLED, ARES_ECONNREFUSED, ARES_ETIMEOUT})


class Resolver(Protocol):
    async def resolve(self, host: str, deadline: float) -> Sequence[str]:
        """The addresses of `host`; `deadline` is a time of the loop's clock. Raises DialRefused."""
        ...

    def cached(self, host: str) -> Sequence[str] | None:
        """The addresses that are known without asking. Raises DialRefused for a name known to have none."""
        ...


class _Entry(NamedTuple):
    until: float
    answer: tuple[str, ...] | DialRefused


class DnsResolver:
    def __init__(self, clock: Clock, *, nameservers: Sequence[str] = ()) -> None:
        """`nameservers` as `address` or `address:port`; by default those of the system."""
        self._clock = clock
        self._nameservers = nameservers
        self._channel: aiodns.DNSResolver | None = None
        self._channel_until = 0.0
        self._entries: dict[str, _Entry] = {}
        self._running: dict[str, asyncio.Task[tuple[str, ...]]] = {}

    async def resolve(self, host: str, deadline: float) -> Sequence[str]:
        known = self.cached(host)
        if known is not None:
            return known
        lookup = self._running.get(host) or self._begin(host)
        try:
            async with asyncio.timeout_at(deadline):
                # Shielded: the others who wait for this name, and the cache, still want the answer.
                return await asyncio.shield(lookup)
        except TimeoutError:
            raise _refusal(Cause.DNS_TIMEOUT) from None

    def cached(self, host: str) -> Sequence[str] | None:
        entry = self._entries.get(host)
        if entry is None:
            return None if literal(host) is None else (host,)
        if entry.until <= self._clock.monotonic():
            return None
        if isinstance(entry.answer, DialRefused):
            raise _refusal(entry.answer.cause)
        return entry.answer

    async def close(self) -> None:
        running = tuple(self._running.values())
        for lookup in running:
            lookup.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._channel is not None:
            await self._channel.close()
            self._channel = None

    def _begin(self, host: str) -> asyncio.Task[tuple[str, ...]]:
        lookup = asyncio.create_task(self._look_up(host), name=f"dns {host}")
        self._running[host] = lookup
        lookup.add_done_callback(lambda done: self._end(host, done))
        return lookup

    def _end(self, host: str, lookup: asyncio.Task[tuple[str, ...]]) -> None:
        del self._running[host]
        if not lookup.cancelled():
            lookup.exception()  # its waiters may all have left: seen here, asyncio does not report it as lost

    async def _look_up(self, host: str) -> tuple[str, ...]:
        try:
            async with asyncio.timeout(_LOOKUP_SECONDS):
                channel = self._open()
                # The one call of aiodns that knows `localhost` and the hosts file.
                found = await channel.getaddrinfo(host)
        except (DNSError, TimeoutError) as error:
            raise self._fail(host, _cause(error)) from None
        return self._learn(host, found)

    def _learn(self, host: str, found: pycares.AddrInfoResult) -> tuple[str, ...]:
        answers = tuple(dict.fromkeys(node.addr[0].decode() for node in found.nodes))[:MAX_ANSWERS]
        if not answers:
            raise self._fail(host, Cause.DNS_FAILED)
        ttl = min([node.ttl for node in found.nodes] + [alias.ttl for alias in found.cnames])
        self._remember(host, min(max(ttl, MIN_TTL), MAX_TTL), answers)
        return answers

    def _fail(self, host: str, cause: Cause) -> DialRefused:
        self._remember(host, FAILURE_TTL, _refusal(cause))
        return _refusal(cause)

    def _remember(self, host: str, seconds: float, answer: tuple[str, ...] | DialRefused) -> None:
        self._entries.pop(host, None)  # so that it goes to the young end
        if len(self._entries) >= MAX_NAMES:
            del self._entries[next(iter(self._entries))]
        self._entries[host] = _Entry(self._clock.monotonic() + seconds, answer)

    def _open(self) -> aiodns.DNSResolver:
        """Opened at a look-up, because it belongs to the loop that runs then, and anew once a minute: c-ares has a cache
        of its own that keeps "no address yet" for an hour. Look-ups under way keep their channel until they end.
        """
        now = self._clock.monotonic()
        if self._channel is None or self._channel_until <= now:
            # The name of a URL is whole: no search domains, which would ask the cluster for `example.com.svc…` first.
            flags = pycares.ARES_FLAG_NOSEARCH | pycares.ARES_FLAG_EDNS
            self._channel = aiodns.DNSResolver(
                self._nameservers or None, timeout=_TRY_SECONDS, tries=_TRIES, flags=flags
            )
            self._channel_until = now + MAX_TTL
        return self._channel


def _cause(error: DNSError | TimeoutError) -> Cause:
    late = isinstance(error, TimeoutError) or error.args[0] in _UNANSWERED
    return Cause.DNS_TIMEOUT if late else Cause.DNS_FAILED


def _refusal(cause: Cause) -> DialRefused:
    late = cause is Cause.DNS_TIMEOUT
    return DialRefused(
        cause, "The name servers did not answer in time" if late else "The host name does not resolve"
    )
