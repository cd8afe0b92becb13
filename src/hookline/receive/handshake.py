"""Handshakes: requests that a provider makes to know whom it talks to. Decided from configuration alone."""

import hmac
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from hookline.model.provider import Handshake, Reply
from hookline.net.url import Url
from hookline.receive.fetching import held
from hookline.receive.inbound import Absent, Malformed
from hookline.receive.proof import same, written
from hookline.receive.scheme import Equalities, Rule
from hookline.receive.view import Read, View, compile_text, compile_tree, filled

MAX_HANDSHAKE = 16 * 1024
"""Bytes of a body: none of the documented ones has a tenth of it, and a stranger's is read before it is verified."""
MAX_LEARNED = 8192
"""Characters of a secret."""
Headers = list[tuple[bytes, bytes]]
JSON_TYPE = b"application/json"
TEXT_TYPE = b"text/plain; charset=utf-8"
_TYPE = b"content-type"
HARMLESS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"sandbox; default-src 'none'"),
)
"""Much of an answer comes from the request, or from a tenant: no browser shall guess what it is, nor run it."""


class Answered(NamedTuple):
    status: int
    headers: Headers
    body: bytes


class Shaken(NamedTuple):
    """How a handshake ended. `answer` None: it is refused, as everything else that is. `learned`: a secret that the
    provider tells; `visit`: a URL to fetch.
    """

    name: str
    answer: Answered | None
    learned: str = ""
    visit: Url | None = None


class ReplyWriter:
    def __init__(self, reply: Reply) -> None:
        self._status = reply.status
        self._tree = None if reply.json is None else compile_tree(reply.json)
        self._text = compile_text(reply.text)
        kind = TEXT_TYPE if reply.json is None else JSON_TYPE
        given = {name.lower().encode(): compile_text(value) for name, value in reply.headers.items()}
        empty = reply.json is None and not reply.text
        self._headers = given if empty else {_TYPE: compile_text(kind.decode()), **given}

    def write(self, view: View) -> Answered:
        """Raises Absent or Malformed for a request that lacks what the answer repeats."""
        body = self._text(view) if self._tree is None else msgspec.json.encode(filled(self._tree, view))
        headers = [(name, _header_value(read(view))) for name, read in self._headers.items()]
        return Answered(self._status, [*headers, *HARMLESS] if body else headers, body)


class Shaker:
    """One handshake, compiled."""

    def __init__(self, name: str, rule: Handshake, secrets: Sequence[str]) -> None:
        self.name = name
        self.rule = rule
        self._when = Rule(rule.when)
        self._expect = Equalities(rule.expect)
        self._answer = ReplyWriter(rule.answer)
        self._content = compile_text(rule.compute.content) if rule.compute else None
        self._learn = compile_text(rule.learn.at) if rule.learn else None
        self._visit = compile_text(rule.visit.url) if rule.visit else None
        self._secrets = secrets

    def recognises(self, view: View) -> bool:
        inbound = view.inbound
        small = len(inbound.body) <= MAX_HANDSHAKE
        return small and inbound.method in self.rule.method and self._when.holds(view)

    def shake(self, view: View) -> Shaken:
        """Of a request that is recognised, and verified where the rule asks for it."""
        try:
            if not self._expect.hold(view):
                return Shaken(self.name, None)
            if self._content is not None:
                view.computed = self._computed(view)
            learned = _told(self._learn, view)
            if learned and not self._may_learn(learned):
                return Shaken(self.name, None)
            return Shaken(self.name, self._answer.write(view), learned, self._visited(view))
        except (Absent, Malformed):
            return Shaken(self.name, None)

    def _visited(self, view: View) -> Url | None:
        """Raises Absent or Malformed for what is none of the provider's URLs."""
        return held(_told(self._visit, view), self.rule.visit.host, ".*") if self.rule.visit else None

    def _may_learn(self, learned: str) -> bool:
        """One who has a secret learns no other. Anybody may ask: the time must not tell how near it was."""
        told = [same(learned.encode(), secret.encode()) for secret in self._secrets]
        return len(learned) <= MAX_LEARNED and (any(told) or not told)

    def _computed(self, view: View) -> bytes:
        """Under the newest secret. Raises Absent without one: what nobody could check must not be answered."""
        if not self._secrets or self.rule.compute is None or self._content is None:
            raise Absent("secret")
        digest = hmac.digest(self._secrets[0].encode(), self._content(view), "sha256")
        return written(digest, self.rule.compute.encoding)


def _told(read: Read | None, view: View) -> str:
    """Raises Absent or Malformed."""
    try:
        return read(view).decode() if read is not None else ""
    except UnicodeDecodeError:
        raise Malformed("what the provider tells is no text") from None


def _header_value(value: bytes) -> bytes:
    """Raises Malformed for what would end the line: it may come from the request."""
    if not value.isascii() or not value.decode().isprintable():
        raise Malformed("a header's value that HTTP does not allow")
    return value
