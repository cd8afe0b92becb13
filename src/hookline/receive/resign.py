"""Re-signing: a request of a provider with another body, time or secret, signed as the provider would sign it.

A sample shows where signature and timestamp stand. What is there is replaced; everything else stays as it came.
"""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hookline.clock import Micros
from hookline.errors import InvalidField
from hookline.model.json import parse_json
from hookline.model.place import Place, parse_text, places
from hookline.model.provider import TOKENS, Scheme, Signature, TimeForm
from hookline.receive.inbound import Absent, Inbound, Malformed, below, look_up, steps_of
from hookline.receive.making import SigningKey, made_signature, made_token, signing_key
from hookline.receive.placing import place_of, put
from hookline.receive.signature import SignatureReader
from hookline.receive.times import write_time
from hookline.receive.token import read_token
from hookline.receive.view import View, compile_peek, compile_text, read_of

_BEARER = b"Bearer "
_TIMES = ("iat", "nbf", "exp")
_LIFE = 300
"""Seconds for which a token counts that says only when it ends."""


def resign(inbound: Inbound, scheme: Scheme, secret: str, now: Micros) -> Inbound:
    """Signed with `secret` (for public-key schemes a private key) at `now`. Raises InvalidField when it cannot be."""
    if scheme.signature is None:
        return inbound
    signer = _Signer(scheme, scheme.signature, signing_key(secret, scheme), now)
    try:
        return signer.signed(inbound)
    except (Absent, Malformed) as error:
        raise InvalidField(
            f"The request lacks a part that is signed, or holds it in another form: {error}.",
            hint="Take the provider's sample as a model for the body.",
            field="body",
        ) from None


class _Segment(NamedTuple):
    place: Place | None
    """None: literal text."""
    value: bytes


@dataclass(frozen=True)
class _Signer:
    scheme: Scheme
    rule: Signature
    key: SigningKey
    now: Micros

    def signed(self, inbound: Inbound) -> Inbound:
        inbound = self._timed(inbound)
        if not self.scheme.each:
            return self._one(self._expected(inbound), ())
        items = list(_items(inbound.json, steps_of(self.scheme.each)))
        if not items:
            raise Absent(self.scheme.each)
        for item in items:
            inbound = self._one(inbound, item)
        return inbound

    def _timed(self, inbound: Inbound) -> Inbound:
        """With the time in a header or in the body; beside the signature or in a token it is written with that."""
        if self.scheme.timestamp is None or _kind(self.scheme.timestamp.at) in {"signed", "claim"}:
            return inbound
        return put(inbound, place_of(self.scheme.timestamp.at), self._time())

    def _time(self) -> bytes:
        assert self.scheme.timestamp is not None
        return write_time(self.now, self.scheme.timestamp.form).encode()

    def _expected(self, inbound: Inbound) -> Inbound:
        """With digests of the body and the like where the scheme expects them."""
        for text, other in self.scheme.expect.items():
            if _kind(text) != "claim":
                inbound = put(inbound, place_of(text), compile_text(other)(View(inbound)))
        return inbound

    def _one(self, inbound: Inbound, item: Sequence[str]) -> Inbound:
        view = View(inbound, item=look_up(inbound.json, ".".join(item)) if item else None)
        fields = self._fields(view)
        present = [text for text in self.rule.at if _value(text, view) is not None]
        texts = present or self.rule.at[:1]
        signature = (
            self._token(view, texts[0]) if self.scheme.algorithm in TOKENS else self._made(view, fields)
        )
        for text in texts:  # all that are there: none of another secret may stay
            inbound = self._put(inbound, text, item, signature, fields)
        return inbound

    def _fields(self, view: View) -> Mapping[str, bytes]:
        """What stands beside the signature, with the new time."""
        try:
            found = SignatureReader(self.rule).read(view).signed
        except Malformed:  # the old signature is of another form: it goes
            found = {}
        fields = {name: value for name, value in found.items() if value is not None}
        if self.scheme.timestamp is not None and _kind(self.scheme.timestamp.at) == "signed":
            fields[place_of(self.scheme.timestamp.at).name] = self._time()
        return fields

    def _made(self, view: View, fields: Mapping[str, bytes]) -> bytes:
        view.signed = fields
        view.secret = self.key if isinstance(self.key, bytes) else None
        if self.scheme.timestamp is not None:
            view.timestamp = compile_text(self.scheme.timestamp.at)(view)
        content = _first(self.scheme.content, view)
        return made_signature(self.scheme.algorithm, self.key, content, self.rule.encoding)

    def _token(self, view: View, text: str) -> bytes:
        """The claims of the old token, with those that tie it to this request and this time."""
        old = _value(text, view) or b""
        try:
            given = dict(read_token(old, self.scheme.algorithm).claims)
            header = _head(old)
        except Malformed:
            given, header = {}, {"typ": "JWT"}
        claims = given | _moved(given, self.now // 1_000_000)
        timestamp = self.scheme.timestamp
        if timestamp is not None and _kind(timestamp.at) == "claim":
            time = self._time().decode()
            claims[place_of(timestamp.at).name] = time if timestamp.form is TimeForm.RFC3339 else int(time)
        for claim, other in self.scheme.expect.items():
            if _kind(claim) == "claim":
                claims[place_of(claim).name] = compile_text(other)(view).decode()
        token = made_token(self.scheme.algorithm, self.key, claims, header)
        return _BEARER + token if old.startswith(_BEARER) else token

    def _put(
        self, inbound: Inbound, text: str, item: Sequence[str], signature: bytes, fields: Mapping[str, bytes]
    ) -> Inbound:
        view = View(inbound, item=look_up(inbound.json, ".".join(item)) if item else None)
        segments = _segments(text, view)
        old = b"".join(segment.value for segment in segments)
        new = _written(self.rule, old, signature, fields)
        at = _target(segments, self.rule, old)
        before = sum(len(segment.value) for segment in segments[:at])
        after = sum(len(segment.value) for segment in segments[at + 1 :])
        place = segments[at].place
        assert place is not None
        return put(inbound, place, new[before : len(new) - after], item)


def _written(rule: Signature, old: bytes, signature: bytes, fields: Mapping[str, bytes]) -> bytes:
    """The whole value, as this provider writes it. Raises Malformed where only an old one could show how."""
    if rule.pattern:
        return _patterned(re.compile(rule.pattern.encode()), old, {**fields, "signature": signature})
    if rule.pairs is not None:
        given = {**fields, rule.pairs.signature: signature}
        pairs = [name.encode("latin-1") + b"=" + value for name, value in given.items()]
        return rule.pairs.separator.encode().join(pairs)
    if rule.versions:
        return rule.versions.encode() + b"," + signature
    return rule.prefix.encode() + signature


def _patterned(pattern: re.Pattern[bytes], old: bytes, groups: Mapping[str, bytes]) -> bytes:
    match = pattern.fullmatch(old)
    if match is None:
        raise Malformed("the signature is not written as this provider writes it")
    new, end = b"", 0
    for name in sorted(pattern.groupindex, key=match.start):
        new += old[end : match.start(name)] + groups[name]
        end = match.end(name)
    return new + old[end:]


def _target(segments: Sequence[_Segment], rule: Signature, old: bytes) -> int:
    """Which of the parts of a text the signature stands in: where the pattern finds it, else the last place."""
    match = re.compile(rule.pattern.encode()).fullmatch(old) if rule.pattern else None
    end = 0
    for position, segment in enumerate(segments):
        end += len(segment.value)
        if match is not None and segment.place is not None and match.end("signature") <= end:
            return position
    return max(at for at, segment in enumerate(segments) if segment.place is not None)


def _segments(text: str, view: View) -> list[_Segment]:
    parts = [_Segment(None, p.encode()) if isinstance(p, str) else _Segment(p, b"") for p in parse_text(text)]
    return [segment._replace(value=_old(segment, view)) for segment in parts]


def _old(segment: _Segment, view: View) -> bytes:
    if segment.place is None:
        return segment.value
    try:
        return read_of(segment.place)(view)
    except Absent:
        return b""


def _value(text: str, view: View) -> bytes | None:
    try:
        return compile_peek(text)(view)
    except Malformed:  # given several times: all of them go
        return b""


def _first(texts: Sequence[str], view: View) -> bytes:
    """The first of several contents that the request has all parts of. Raises Absent."""
    missing = Absent("content")
    for text in texts:
        try:
            return compile_text(text)(view)
        except Absent as error:
            missing = error
    raise missing


def _moved(claims: Mapping[str, object], now: int) -> dict[str, object]:
    """The token's times, as far from now as they were from when it was made."""
    times = {name: value for name in _TIMES if isinstance(value := claims.get(name), int | float)}
    if not times:
        return {}
    made = times.get("iat", times.get("nbf", times.get("exp", 0) - _LIFE))
    return {name: int(value - made) + now for name, value in times.items()}


def _head(token: bytes) -> dict[str, object]:
    """Of a token that was read: what its header says beside the algorithm."""
    text = token.removeprefix(_BEARER).partition(b".")[0]
    head = parse_json(base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4)))
    return {name: value for name, value in head.items() if name != "alg"} if isinstance(head, dict) else {}


def _items(value: object, steps: Sequence[str], done: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The steps to every item of every list that `steps` lead to."""
    if not steps:
        for position in range(len(value) if isinstance(value, list) else 0):
            yield (*done, str(position))
        return
    names = [steps[0]]
    if steps[0] == "*":
        names = [str(position) for position in range(len(value) if isinstance(value, list) else 0)]
    for name in names:
        yield from _items(below(value, name), steps[1:], (*done, name))


def _kind(text: str) -> str:
    found = places(parse_text(text))
    return found[0].kind if found else ""
