"""Attempt: one HTTP exchange of a delivery, told whole."""

from enum import StrEnum

import msgspec

from hookline.clock import Micros

SUCCESS = range(200, 300)
Headers = tuple[tuple[str, str], ...]
"""Header lines in the order and spelling sent or received."""


class Cause(StrEnum):
    """Why an exchange did not succeed. `HINTS` has the sentence for people."""

    STATUS = "status"
    TIMEOUT = "timeout"
    DNS_FAILED = "dns_failed"
    DNS_TIMEOUT = "dns_timeout"
    ADDRESS_REFUSED = "address_refused"
    CONNECT_REFUSED = "connect_refused"
    CONNECT_FAILED = "connect_failed"
    TLS_FAILED = "tls_failed"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_NAME = "certificate_name"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    CLIENT_CERTIFICATE = "client_certificate"
    RESET = "reset"
    CLOSED = "closed"
    BAD_ANSWER = "bad_answer"
    ANSWER_TOO_LARGE = "answer_too_large"
    TOKEN_FAILED = "token_failed"  # noqa: S105  the name of a cause
    PROXY_FAILED = "proxy_failed"
    INTERRUPTED = "interrupted"
    NOT_SENT = "not_sent"
    TEMPLATE = "template"
    REJECTED = "rejected"


HINTS: dict[Cause, str] = {
    Cause.STATUS: "The receiver answered with a status other than 2xx: its own log says why.",
    Cause.TIMEOUT: "The receiver did not answer in time. Let it answer first and work afterwards, or raise the endpoint's timeout.",
    Cause.DNS_FAILED: "The host name does not resolve. Check its spelling and its DNS records.",
    Cause.DNS_TIMEOUT: "The name servers of this host did not answer in time.",
    Cause.ADDRESS_REFUSED: "The operator does not allow this address.",
    Cause.CONNECT_REFUSED: "Nothing listens on this port. Is the receiver running?",
    Cause.CONNECT_FAILED: "No connection could be made: the host is unreachable or a firewall drops us.",
    Cause.TLS_FAILED: "The TLS handshake failed. The receiver must speak TLS 1.2 or newer; if it wants a client certificate, give one in the endpoint's tls.",
    Cause.CERTIFICATE_EXPIRED: "The receiver's certificate has expired: its owner must renew it.",
    Cause.CERTIFICATE_NAME: "The receiver's certificate is for another host name.",
    Cause.CERTIFICATE_UNTRUSTED: "The receiver's certificate is not signed by a known authority, or its chain is incomplete. Authorities of your own stand in the endpoint's tls.",
    Cause.CLIENT_CERTIFICATE: "The receiver wants a client certificate, or does not take the one that the endpoint's tls has.",
    Cause.RESET: "The receiver reset the connection.",
    Cause.CLOSED: "The receiver closed the connection before it answered.",
    Cause.BAD_ANSWER: "The receiver's answer is not valid HTTP/1.1.",
    Cause.ANSWER_TOO_LARGE: "The header section of the answer is larger than we read.",
    Cause.TOKEN_FAILED: "The token server gave no access token, so nothing was sent to the receiver. See the endpoint's auth.",
    Cause.PROXY_FAILED: "The egress proxy failed or refused. This is on our side and does not count against the endpoint.",
    Cause.INTERRUPTED: "The gateway stopped during this attempt: the receiver may or may not have seen it.",
    Cause.NOT_SENT: "The request could not be made; nothing was sent. See the endpoint's URL, headers and dialect.",
    Cause.TEMPLATE: "The template could not be filled in for this event. Try it with `hookline template render`, mend it, and retry.",
    Cause.REJECTED: "The other system did not take it: the detail has its own words.",
}


class Timings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Milliseconds spent in each part; 0 where a part did not happen (a reused connection has no dns, connect, tls)."""

    dns: float = 0.0
    connect: float = 0.0
    tls: float = 0.0
    first_byte: float = 0.0
    """From the request written to the first byte of the answer."""
    total: float = 0.0


class Exchange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one HTTP exchange brought: an answer (`status`), or a `cause` why there is none, never an exception.

    A complete header section decides: a body cut by cap, deadline or a bad chunk leaves `status` set,
    `truncated` true and the reason in `detail`.
    """

    status: int | None = None
    headers: Headers = ()
    body: bytes = b""
    truncated: bool = False
    cause: Cause | None = None
    detail: str = ""
    timings: Timings = Timings()
    address: str = ""
    """The address dialled, for the operator; never shown to tenants."""
    resent: bool = False
    """Sent once more on a fresh connection after a reused one ended before any byte: a possible duplicate."""


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request that went before the one that an attempt is about: a token was fetched, something was looked for."""

    name: str
    method: str
    url: str
    """Secrets masked."""
    status: int | None = None
    cause: Cause | None = None
    detail: str = ""
    total: float = 0.0
    """Milliseconds."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One numbered try of a delivery. `number` starts at 1 and has no gaps."""

    number: int
    at: Micros
    """When it began."""
    url: str
    method: str = "POST"
    request_headers: Headers = ()
    """As sent, credentials redacted."""
    exchange: Exchange
    next_at: Micros | None = None
    """When the next attempt is due, if one is."""
    trigger: str = "schedule"
    """`schedule`, or `test`."""
    judged: bool = False
    """A preset has read the answer: it succeeded if its exchange has no cause, whatever the status."""
    action: str = ""
    """With a preset: what was done with the case there."""
    request_body: bytes | None = None
    """Kept where a template made it, which may say something else by now; secrets masked, the beginning of a long one."""
    missing: tuple[str, ...] = ()
    """Variables that the template asked for and that the event does not have."""
    steps: tuple[Step, ...] = ()

    @property
    def succeeded(self) -> bool:
        return self.exchange.cause is None if self.judged else self.exchange.status in SUCCESS
