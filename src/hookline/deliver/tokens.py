"""Tokens: the access tokens of endpoints with OAuth2, kept while they live, fetched once for all who want them."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Self

import msgspec

from hookline.clock import Clock
from hookline.deliver.oauth2 import Token, no_token, read_answer, token_request
from hookline.deliver.retry_after import retry_after
from hookline.errors import HooklineError
from hookline.model.attempt import Exchange, Headers
from hookline.model.endpoint import Endpoint, OAuth2Auth
from hookline.model.ids import EndpointId, TenantId
from hookline.net.client import Client
from hookline.net.url import Url

MAX_KEPT = 10_000
"""Tokens and failures; the ones that nobody has asked for longest go first."""
MARGIN, MARGIN_SHARE = 30.0, 0.1
"""Seconds before its end, and at most which part of its life, a token is taken for dead: it must arrive alive."""
PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds that a token server which gave nothing is left alone, and at most where it asks for more. Tokens that the
receiver refuses are not renewed more often either: a receiver that refuses every token must not cost a fetch each.
"""

_Key = tuple[TenantId, EndpointId, bytes]


class _Kept:
    """A token, or why there is none."""

    __slots__ = ("renewed_at", "until", "value")

    def __init__(self, value: str | Exchange, until: float, renewed_at: float) -> None:
        self.value = value
        self.until = until
        """Of the monotonic clock, as `renewed_at`: when a token was last dropped because it was refused."""
        self.renewed_at = renewed_at


class Tokens:
    def __init__(self, client: Client, clock: Clock, check: Callable[[Url], None]) -> None:
        """`check` raises InvalidUrl for a URL that the operator does not allow (any more)."""
        self._client = client
        self._clock = clock
        self._check = check
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._under_way: dict[_Key, asyncio.Task[str | Exchange]] = {}

    def empty(self) -> Self:
        """Another store, which goes with its tokens when its owner does: for what shall leave nothing behind."""
        return type(self)(self._client, self._clock, self._check)

    async def bearer(self, endpoint: Endpoint) -> str | Exchange:
        """A token that lives, or the exchange that brought none. Of an endpoint with OAuth2 only."""
        key = _key(endpoint)
        kept = self._kept.get(key)
        if kept is not None and self._clock.monotonic() < kept.until:
            self._kept.move_to_end(key)
            return kept.value
        return await self._shared(key, endpoint)

    def refused(self, endpoint: Endpoint, token: str) -> None:
        """The receiver answered 401 to it: the next call fetches anew. Nothing happens where that was done already."""
        kept, now = self._kept.get(_key(endpoint)), self._clock.monotonic()
        if kept is not None and kept.value == token and now - kept.renewed_at >= PAUSE:
            kept.until = kept.renewed_at = now

    async def _shared(self, key: _Key, endpoint: Endpoint) -> str | Exchange:
        """One fetch for all who ask at once; shielded, so that one who leaves takes nobody along."""
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._fetch(key, endpoint))
            self._under_way[key] = task
            task.add_done_callback(partial(self._landed, key))
        return await asyncio.shield(task)

    def _landed(self, key: _Key, task: "asyncio.Task[str | Exchange]") -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # those who waited have heard it, or have left

    async def _fetch(self, key: _Key, endpoint: Endpoint) -> str | Exchange:
        began = self._clock.monotonic()
        found, headers = await self._asked(endpoint)
        if isinstance(found, Token):
            value: str | Exchange = found.value
            until = began + found.seconds - min(MARGIN, found.seconds * MARGIN_SHARE)
        else:
            value = found
            pause = min(retry_after(headers, self._clock.now()), LONGEST_PAUSE)
            until = self._clock.monotonic() + max(PAUSE, pause)
        before = self._kept.get(key)
        self._kept[key] = _Kept(value, until, before.renewed_at if before else float("-inf"))
        self._kept.move_to_end(key)
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return value

    async def _asked(self, endpoint: Endpoint) -> tuple[Token | Exchange, Headers]:
        """With the headers of the answer."""
        auth = _auth(endpoint)
        try:
            request = token_request(endpoint, auth)
            self._check(request.url)
        except HooklineError as error:
            return no_token(f"the token server: {error.detail}"), ()
        exchange = await self._client.send(request)
        return read_answer(exchange, auth), exchange.headers


def _auth(endpoint: Endpoint) -> OAuth2Auth:
    assert isinstance(endpoint.auth, OAuth2Auth), "only such an endpoint has a target with steps"
    return endpoint.auth


def _key(endpoint: Endpoint) -> _Key:
    """Who has another secret has another token; and so has who shows another certificate, which a token may be bound
    to (RFC 8705).
    """
    proof = msgspec.json.encode((_auth(endpoint), endpoint.tls, endpoint.url))
    return endpoint.tenant_id, endpoint.id, hashlib.sha256(proof).digest()
