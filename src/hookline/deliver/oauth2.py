"""What is asked of a token server, and what its answer means (RFC 6749, 4.4 and 5). No I/O.

What an answer without a token is told as goes into the attempt, so it holds neither the secret nor a token.
"""

import base64
import re
from typing import NamedTuple
from urllib.parse import quote_plus, urlencode

import msgspec

from hookline import __version__
from hookline.deliver.outcome import OUR_FAULTS, SUCCESS
from hookline.model.attempt import Cause, Exchange, Headers
from hookline.model.endpoint import Endpoint, OAuth2Auth
from hookline.net.identity import identity_of
from hookline.net.request import Request
from hookline.net.url import parse_url

USUAL = 300.0
"""Seconds that a token is taken to live when its server does not say."""
LONGEST = 86_400.0
"""Seconds after which one is fetched anew, whatever the server says."""
_HEADER_SAFE = re.compile(r"[\x21-\x7e]{1,8192}")
_DIGITS = re.compile(r"\d{1,9}", re.ASCII)
_MAX_SHOWN = 200


class Token(NamedTuple):
    value: str
    seconds: float
    """How long it lives."""


class _Answer(msgspec.Struct):
    access_token: str
    token_type: str
    expires_in: float | str | None = None
    """A text at some servers."""


class _Error(msgspec.Struct):
    error: str
    error_description: str = ""


_decode_answer = msgspec.json.Decoder(_Answer).decode
_decode_error = msgspec.json.Decoder(_Error).decode


def token_request(endpoint: Endpoint, auth: OAuth2Auth) -> Request:
    """TLS of the endpoint's own goes along to its own host only: another has its own authority, and shall not see our
    certificate. Raises InvalidUrl, or InvalidField for TLS that cannot be used.
    """
    url = parse_url(auth.token_url)
    fields = {"grant_type": "client_credentials", "scope": auth.scope, "audience": auth.audience}
    headers: Headers = (
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Accept", "application/json"),
        ("User-Agent", f"Hookline/{__version__}"),
    )
    if auth.send_in == "body":
        fields |= {"client_id": auth.client_id, "client_secret": auth.client_secret}
    else:
        headers += (("Authorization", f"Basic {_pair(auth)}"),)
    own = endpoint.tls is not None and url.host == parse_url(endpoint.url).host
    return Request(
        url=url,
        headers=headers,
        body=urlencode({name: value for name, value in fields.items() if value}).encode(),
        timeout=endpoint.timeout,
        tenant=endpoint.tenant_id,
        identity=identity_of(endpoint.tls) if endpoint.tls is not None and own else None,
    )


def read_answer(exchange: Exchange, auth: OAuth2Auth) -> Token | Exchange:
    """The token, or the exchange that brought none."""
    if exchange.status is None:
        cause = exchange.cause if exchange.cause in OUR_FAULTS else Cause.TOKEN_FAILED
        return msgspec.structs.replace(exchange, cause=cause, detail=f"the token server: {exchange.detail}")
    found = _read(exchange, auth)
    if isinstance(found, Token):
        return found
    # Without the answer: its status would be taken for the receiver's, and its body may hold a token.
    detail = f"the token server {found}"
    return Exchange(
        cause=Cause.TOKEN_FAILED, detail=detail, timings=exchange.timings, address=exchange.address
    )


def no_token(detail: str) -> Exchange:
    """Where the token server was not even asked."""
    return Exchange(cause=Cause.TOKEN_FAILED, detail=detail)


def _pair(auth: OAuth2Auth) -> str:
    """Encoded as in a form before they are joined (2.3.1): a colon in the id must not end it."""
    pair = f"{quote_plus(auth.client_id)}:{quote_plus(auth.client_secret)}"
    return base64.b64encode(pair.encode()).decode()


def _read(exchange: Exchange, auth: OAuth2Auth) -> Token | str:
    """The token, or in words why there is none."""
    if exchange.status not in SUCCESS:
        return f"answered {exchange.status}{_error(exchange.body, auth)}"
    if exchange.truncated:
        return f"gave an answer that was cut: {exchange.detail}"
    try:
        answer = _decode_answer(exchange.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "gave an answer that is not JSON with access_token and token_type"
    if answer.token_type.lower() != "bearer":
        return "gave a token of another type than Bearer"
    if not _HEADER_SAFE.fullmatch(answer.access_token):
        return "gave a token that cannot be sent in a header"
    return Token(answer.access_token, _seconds(answer.expires_in))


def _error(body: bytes, auth: OAuth2Auth) -> str:
    """` invalid_client: what it says of it`, as far as that is text and does not repeat what it was sent."""
    try:
        told = _decode_error(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    text = f" {told.error}: {told.error_description}" if told.error_description else f" {told.error}"
    secrets = {auth.client_secret, quote_plus(auth.client_secret), _pair(auth)} - {""}
    if not text.isprintable() or any(secret in text for secret in secrets):
        return ""
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def _seconds(given: float | str | None) -> float:
    if isinstance(given, str):
        given = float(given) if _DIGITS.fullmatch(given) else None
    return USUAL if given is None else min(max(given, 0.0), LONGEST)
