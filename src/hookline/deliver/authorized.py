"""Authorized: a request that needs an access token first, and once more when the receiver does not take it."""

import asyncio

import msgspec

from hookline.deliver.masking import Mask
from hookline.deliver.oauth2 import no_token
from hookline.deliver.target import TOKEN, Target
from hookline.deliver.tokens import Tokens
from hookline.model.attempt import Exchange
from hookline.model.endpoint import Endpoint
from hookline.model.mask import SHORTEST
from hookline.net.client import Client, Request

UNAUTHORIZED = 401


async def send_authorized(client: Client, tokens: Tokens, target: Target, request: Request) -> Exchange:
    """`request` is the target's, which is `authorized`. Its timeout holds over all together; cancelling drops what is
    under way. As `Client.send`, it tells everything in the exchange.
    """
    deadline = asyncio.get_running_loop().time() + request.timeout
    token = await _token(tokens, target.endpoint, deadline)
    if isinstance(token, Exchange):
        return token
    first = await _sent(client, token, request, deadline)
    if first.status != UNAUTHORIZED:
        return first
    tokens.refused(target.endpoint, token)
    newer = await _token(tokens, target.endpoint, deadline)
    if isinstance(newer, Exchange):
        return msgspec.structs.replace(first, detail=f"no new token: {newer.detail}")
    if newer == token:
        return first
    second = await _sent(client, newer, request, deadline)
    if second.status != UNAUTHORIZED:
        return second
    return msgspec.structs.replace(second, detail="it does not take a new access token either")


async def _sent(client: Client, token: str, request: Request, deadline: float) -> Exchange:
    """The answer may repeat the token."""
    exchange = await client.send(_with(token, request, deadline))
    if len(token) < SHORTEST:  # it could not be told from other text, and nobody gives such a one
        return exchange
    mask = Mask((token,))
    headers = tuple((name, mask.text(value)) for name, value in exchange.headers)
    return msgspec.structs.replace(
        exchange, headers=headers, body=mask.answer(exchange.body, cut=exchange.truncated)
    )


async def _token(tokens: Tokens, endpoint: Endpoint, deadline: float) -> str | Exchange:
    try:
        async with asyncio.timeout_at(deadline):
            return await tokens.bearer(endpoint)
    except TimeoutError:
        return no_token("the deadline passed while a token was fetched")


def _with(token: str, request: Request, deadline: float) -> Request:
    left = max(deadline - asyncio.get_running_loop().time(), 0.0)
    line = (TOKEN[0], f"Bearer {token}")
    return msgspec.structs.replace(request, headers=(line, *request.headers), timeout=left)
