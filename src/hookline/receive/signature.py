"""Signatures in a request: where they stand, and the fields that stand beside them."""

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from hookline.model.provider import Pairs, Signature
from hookline.receive.inbound import Malformed
from hookline.receive.view import View, compile_peek

MAX_CANDIDATES = 16
"""Each costs as much as the one that is right: more are not tried."""
MAX_VALUE = 16 * 1024
"""Bytes of the text that holds signatures."""

_Signed = dict[str, bytes | None]
_Take = Callable[[bytes, _Signed], Sequence[bytes]]
"""The text that holds signatures to them; what stands beside them is added to the second."""


class Found(msgspec.Struct, frozen=True, gc=False):
    candidates: Sequence[bytes]
    signed: Mapping[str, bytes | None]
    """None: given twice."""


class SignatureReader:
    def __init__(self, rule: Signature) -> None:
        self._peeks = [compile_peek(text) for text in rule.at]
        self._taken = _taker(rule)

    def read(self, view: View) -> Found:
        """No candidates: it is not signed. Raises Malformed for what cannot be a signature."""
        candidates: list[bytes] = []
        signed: _Signed = {}
        for peek in self._peeks:
            value = peek(view)
            if value is None:
                continue
            if len(value) > MAX_VALUE:
                raise Malformed("what should hold a signature is too long")
            candidates += self._taken(value, signed)
            if len(candidates) > MAX_CANDIDATES:
                raise Malformed(f"more than {MAX_CANDIDATES} signatures")
        return Found(candidates, signed)


def _taker(rule: Signature) -> _Take:
    if rule.pattern:
        return _matched(re.compile(rule.pattern.encode()))
    if rule.pairs is not None:
        return _paired(rule.pairs)
    return _versioned(rule.versions.encode()) if rule.versions else _prefixed(rule.prefix.encode())


def _prefixed(prefix: bytes) -> _Take:
    size = len(prefix)

    def take(value: bytes, _: _Signed) -> Sequence[bytes]:
        if not value.startswith(prefix):
            raise Malformed(f"the signature does not begin with {prefix.decode()}")
        return (value[size:],)

    return take


def _versioned(wanted: bytes) -> _Take:
    def take(value: bytes, _: _Signed) -> Sequence[bytes]:
        parts = [item.partition(b",") for item in value.split(b" ")]
        return [text for version, _, text in parts if version == wanted]

    return take


def _matched(pattern: re.Pattern[bytes]) -> _Take:
    def take(value: bytes, signed: _Signed) -> Sequence[bytes]:
        match = pattern.fullmatch(value)
        if match is None:
            raise Malformed("the signature is not written as this provider writes it")
        groups = match.groupdict(b"")
        candidate = groups.pop("signature")
        signed.update(groups)
        return (candidate,)

    return take


def _paired(rule: Pairs) -> _Take:
    """Several signatures are usual while secrets are rotated; two of another field are not, if it counts."""

    def take(value: bytes, signed: _Signed) -> Sequence[bytes]:
        candidates: list[bytes] = []
        for field in value.split(rule.separator.encode()):
            name, equals, text = field.strip(b" ").partition(b"=")
            if not equals:
                raise Malformed("a field beside the signature has no value")
            key = name.decode("latin-1")
            if key == rule.signature:
                candidates.append(text)
            else:
                signed[key] = None if key in signed else text
        return candidates

    return take
