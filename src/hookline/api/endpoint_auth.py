"""How an endpoint proves itself to its receiver, as users write it: what is checked, and what a mask stands for."""

import asyncio
from typing import assert_never

import msgspec

from hookline.api.body import at_field, below
from hookline.clock import Micros
from hookline.errors import InvalidField
from hookline.model.endpoint import (
    Auth,
    BasicAuth,
    BearerAuth,
    ClientTls,
    HeaderAuth,
    NoAuth,
    OAuth2Auth,
)
from hookline.net.guard import Guard
from hookline.net.header import MASK, check_header
from hookline.net.identity import check_expiry, identity_of, read_tls
from hookline.net.url import Url, parse_url

LOOK_UP = 3.0
"""Seconds for the look at what the host name resolves to; each dial looks again anyway."""


async def checked_url(text: str, field: str, guard: Guard) -> Url:
    with at_field(field):
        url = parse_url(text)
        await guard.check_resolved(url, asyncio.get_running_loop().time() + LOOK_UP)
    return url


async def checked_auth(auth: Auth, reserved: frozenset[str], guard: Guard) -> Auth:
    """As it is stored. `reserved`: headers that are not for users. Raises InvalidField."""
    if isinstance(auth, OAuth2Auth):
        _check_client(auth)
        url = await checked_url(auth.token_url, "auth.token_url", guard)
        return msgspec.structs.replace(auth, token_url=url.text)
    with at_field("auth"):
        _check_header(auth, reserved)
    return auth


def unmasked_auth(given: Auth, known: Auth) -> Auth:
    if MASK not in msgspec.structs.astuple(given):
        return given
    if type(known) is not type(given):
        raise InvalidField(f"{MASK} stands for a credential that is not shown.", field="auth")
    fields = {
        name: getattr(known, name) if value == MASK else value
        for name, value in msgspec.structs.asdict(given).items()
    }
    return msgspec.structs.replace(given, **fields)


def checked_tls(
    given: ClientTls | None, url: Url | None, now: Micros, known: ClientTls | None
) -> ClientTls | None:
    """As it is stored. `url` None: it is a preset's, and looked at when it is made. What was there before may have expired meanwhile: that is no reason to refuse another change."""
    if given is None:
        return None
    with below("tls"):
        if url is not None and url.scheme != "https":
            raise InvalidField("Without https:// there is no TLS.", hint="Leave tls out, or use https://.")
        tls = read_tls(given)
        if tls != known:
            check_expiry(tls, now)
            identity_of(tls)
    return tls


def unmasked_tls(given: ClientTls | None, known: ClientTls | None) -> ClientTls | None:
    if given is None or given.key != MASK:
        return given
    if known is None:
        raise InvalidField(f"{MASK} stands for a key that is not shown.", field="tls.key")
    return msgspec.structs.replace(given, key=known.key)


def _check_header(auth: NoAuth | BasicAuth | BearerAuth | HeaderAuth, reserved: frozenset[str]) -> None:
    match auth:
        case NoAuth():
            return
        case BasicAuth():
            if ":" in auth.username or not f"{auth.username}{auth.password}".isprintable():
                raise InvalidField("The user name holds a colon, or one of both an unprintable character.")
        case BearerAuth():
            check_header("Authorization", f"Bearer {auth.token}")
        case HeaderAuth():
            check_header(auth.name, auth.value, reserved=reserved)
        case _:
            assert_never(auth)


def _check_client(auth: OAuth2Auth) -> None:
    """All of it is percent-encoded before it is sent, so that nothing can end a line; what it means is the token
    server's to say.
    """
    for name in ("client_id", "client_secret", "scope", "audience"):
        value: str = getattr(auth, name)
        if not value.isprintable():
            raise InvalidField(f"The {name} holds an unprintable character.", field=f"auth.{name}")
