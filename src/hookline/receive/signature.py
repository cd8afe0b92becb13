"""Signatures in a request: where they stand, and the fields that stand beside them."""

import re
from collections.abc import Mapping, Sequence

import msgspec

from hookline.model.provider import Pairs, Signature
from hookline.receive.inbound import Malformed
from hookline.receive.view import View, compile_peek

MAX_CANDIDATES = 16
"""Each costs as much as the one that is right: more are not tried."""
MAX_VALUE = 16 * 1024
"""Bytes of the text that holds signatures."""


class Found(msgspec.Struct, frozen=True):
    candidates: Sequence[bytes]
    signed: Mapping[str, bytes | None]
    """None: given twice."""


class SignatureReader:
    def __init__(self, rule: Signature) -> None:
        self._peeks = [compile_peek(text) for text in rule.at]
        self._prefix = rule.prefix.encode()
        self._pairs = rule.pairs
        self._version = rule.versions.encode()
        self._pattern = re.compile(rule.pattern.encode()) if rule.pattern else None

    def read(self, view: View) -> Found:
        """No candidates: it is not signed. Raises Malformed for what cannot be a signature."""
        candidates: list[bytes] = []
        signed: dict[str, bytes | None] = {}
        for peek in self._peeks:
            value = peek(view)
            if value is None:
                continue
            if len(value) > MAX_VALUE:
                raise Malformed("what should hold a signature is too long")
            candidates += self._candidates(value, signed)
            if len(candidates) > MAX_CANDIDATES:
                raise Malformed(f"more than {MAX_CANDIDATES} signatures")
        return Found(candidates, signed)

    def _candidates(self, value: bytes, signed: dict[str, bytes | None]) -> list[bytes]:
        if self._pattern is not None:
            return self._matched(value, signed)
        if self._pairs is not None:
            return self._paired(value, self._pairs, signed)
        if self._version:
            return [
                text for version, _, text in map(_versioned, value.split(b" ")) if version == self._version
            ]
        if not value.startswith(self._prefix):
            raise Malformed(f"the signature does not begin with {self._prefix.decode()}")
        return [value[len(self._prefix) :]]

    def _matched(self, value: bytes, signed: dict[str, bytes | None]) -> list[bytes]:
        match = self._pattern.fullmatch(value) if self._pattern else None
        if match is None:
            raise Malformed("the signature is not written as this provider writes it")
        groups = match.groupdict(b"")
        candidate = groups.pop("signature")
        signed.update(groups)
        return [candidate]

    def _paired(self, value: bytes, rule: Pairs, signed: dict[str, bytes | None]) -> list[bytes]:
        """Several signatures are usual while secrets are rotated; two of another field are not, if it counts."""
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


def _versioned(item: bytes) -> tuple[bytes, bytes, bytes]:
    return item.partition(b",")
