"""Target: an endpoint compiled once for the hot path, and the request of one attempt made from it."""

import base64
from typing import assert_never

from hookline.clock import Micros
from hookline.deliver.dialect import Envelope
from hookline.deliver.sign import Signer
from hookline.deliver.slots import Head
from hookline.deliver.verdict import Talker
from hookline.model.attempt import Headers
from hookline.model.endpoint import Auth, BasicAuth, BearerAuth, Endpoint, HeaderAuth, NoAuth, OAuth2Auth
from hookline.model.event import Event
from hookline.net.header import MASK, redact
from hookline.net.identity import identity_of
from hookline.net.request import FRAMING, Request, check_names, prefix_of
from hookline.net.url import Url, parse_url

_OF_BODY = frozenset({"content-type"})

TOKEN = ("authorization", f"Bearer {MASK}")
"""The line of an access token, as it is kept and shown; what is sent is made when it is sent."""


def compile_target(endpoint: Endpoint, dialect: Envelope) -> "Target":
    """Raises InvalidUrl or InvalidField when the stored URL, a secret or a certificate is not one that can be used,
    ValueError when a stored header cannot be sent.
    """
    return Target(endpoint, dialect)


class Target:
    def __init__(self, endpoint: Endpoint, dialect: Envelope) -> None:
        self.endpoint = endpoint
        self.dialect = dialect
        self.talker: Talker | None = None
        """How its attempts are made, where they take more than one request made at once."""
        self.url = parse_url(endpoint.url)
        self._identity = None if endpoint.tls is None else identity_of(endpoint.tls)
        self._signer = (
            Signer(endpoint.secrets, dialect.signing) if dialect.signing and endpoint.secrets else None
        )
        own = _own_headers(endpoint, dialect)
        names = {name.lower() for name, _ in own}
        static: Headers = (*(line for line in dialect.static if line[0].lower() not in names), *own)
        self.authorized = isinstance(endpoint.auth, OAuth2Auth) and TOKEN in own
        """A token is needed first: its requests go by `send_authorized`, not straight to the client."""
        self._static = tuple(line for line in static if line != TOKEN) if self.authorized else static
        self._prefix = prefix_of(self.url, endpoint.method, self._static)
        self._forward = frozenset(name.lower() for name, _ in static) if dialect.forward else None
        self._secret_names = _credential_names(endpoint.auth)
        self._shown = redact(static, secret_names=self._secret_names)
        self._dynamic = tuple(line for line in dialect.dynamic if line.name.lower() not in names)
        check_names(line.name for line in self._dynamic)

    def request(self, event: Event, *, body: bytes, attempt: int, now: Micros) -> Request:
        """`body` is what the dialect made of `event`; `now` is the time of the attempt."""
        return Request(
            url=self.url,
            method=self.endpoint.method,
            headers=self._lines(event, body, attempt, now),
            prefix=self._prefix,
            body=body,
            timeout=self.endpoint.timeout,
            tenant=self.endpoint.tenant_id,
            identity=self._identity,
        )

    def request_to(
        self, url: Url, own: Headers, event: Event, *, method: str, body: bytes, attempt: int, now: Micros
    ) -> Request:
        """The same to another URL of this receiver; `own` lines take the place of those of the same name. Raises
        ValueError for a line that cannot be sent.
        """
        check_names(name for name, _ in own)
        taken = {name.lower() for name, _ in own} | (frozenset() if body else _OF_BODY)
        lines = (*self._static, *self._lines(event, body, attempt, now))
        return Request(
            url=url,
            method=method,
            headers=(*(line for line in lines if line[0].lower() not in taken), *own),
            body=body,
            timeout=self.endpoint.timeout,
            tenant=self.endpoint.tenant_id,
            identity=self._identity,
        )

    def _lines(self, event: Event, body: bytes, attempt: int, now: Micros) -> Headers:
        """Those that are of this attempt alone."""
        head = Head(event, attempt, now)
        if self._signer is not None:
            head.signature = self._signer.signature(self.dialect.content(head, body), now)
        signed = head.signature != ""
        lines = [(line.name, line.value(head)) for line in self._dynamic if signed or not line.signed]
        if self._forward is not None and event.origin is not None:
            lines = _with_original(lines, event.origin.headers, self._forward)
        return tuple(lines)

    def recorded(self, request: Request) -> Headers:
        """The request's headers as they may be kept and shown: credentials of the endpoint redacted."""
        if self._forward is not None:  # what a source forwards may be a credential of its provider's
            return self._shown + redact(request.headers)
        return self._shown + request.headers

    def recorded_to(self, request: Request) -> Headers:
        """The same of what `request_to` has made."""
        lines = (TOKEN, *request.headers) if self.authorized else request.headers
        return redact(lines, secret_names=self._secret_names)


def _own_headers(endpoint: Endpoint, dialect: Envelope) -> Headers:
    """The endpoint's own lines. What its dialect reserves stays the dialect's; a header set by hand beats `auth`."""
    own = {name.lower(): (name, value) for name, value in _credentials(endpoint.auth)}
    own.update({name.lower(): (name, value) for name, value in endpoint.headers.items()})
    return tuple(line for name, line in own.items() if name not in dialect.reserved)


def _with_original(
    lines: list[tuple[str, str]], original: Headers, own: frozenset[str]
) -> list[tuple[str, str]]:
    """The endpoint's own lines stand, and the original ones take the place of the dialect's. What would move the end
    of the request never came so far, and is passed over all the same.
    """
    taken = own | FRAMING
    sent = [(name, value) for name, value in original if name.lower() not in taken]
    names = {name.lower() for name, _ in sent}
    return [*(line for line in lines if line[0].lower() not in names), *sent]


def _credentials(auth: Auth) -> Headers:
    match auth:
        case NoAuth():
            return ()
        case BasicAuth():
            pair = f"{auth.username}:{auth.password}".encode()
            return (("authorization", f"Basic {base64.b64encode(pair).decode()}"),)
        case BearerAuth():
            return (("authorization", f"Bearer {auth.token}"),)
        case HeaderAuth():
            return ((auth.name, auth.value),)
        case OAuth2Auth():
            return (TOKEN,)
    assert_never(auth)


def _credential_names(auth: Auth) -> frozenset[str]:
    return frozenset(name.lower() for name, _ in _credentials(auth))
