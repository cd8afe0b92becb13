"""Requests and receivers of our own making, and small changes to requests."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from hookline.clock import Micros
from hookline.model.provider import Algorithm, Provider, Scheme
from hookline.model.sample import Sample
from hookline.receive.inbound import Inbound
from hookline.receive.receiver import Choices, Receiver
from hookline.receive.scheme import Compiled, Verdict
from hookline.receive.view import View
from tests.catalog.provider_cases import PROVIDERS, all_samples, inbound_of, now_of, receiver_of
from tests.clock import NOON

URL = "https://hooks.example.com/in/sample"
Lines = Sequence[tuple[bytes, bytes]]


class Case(NamedTuple):
    """A sample that its scheme proves, ready to be altered."""

    provider: str
    sample: Sample
    scheme: Scheme
    receiver: Receiver
    inbound: Inbound
    now: Micros

    @property
    def key(self) -> str:
        """As tables in tests name a scheme: `stripe/v1`."""
        return f"{self.provider}/{self.sample.rule.scheme}"

    def accepts(self, inbound: Inbound) -> bool:
        return self.receiver.verify(inbound, self.now).refusal is None

    def accepted_by(self, receiver: Receiver) -> bool:
        """As it came, by somebody else's rules."""
        return receiver.verify(self.inbound, self.now).refusal is None


def proven_cases() -> list[Case]:
    """Of every sample that shows who sent it."""
    cases = [_case(name, sample) for name, sample in all_samples() if sample.rule.scheme]
    return [case for case in cases if case.scheme.algorithm is not Algorithm.NONE]


def _case(name: str, sample: Sample) -> Case:
    scheme = PROVIDERS[name].provider(sample.parameters, sample.overrides).schemes[sample.rule.scheme]
    receiver = receiver_of(name, sample, sample.rule.scheme)
    return Case(name, sample, scheme, receiver, inbound_of(sample), now_of(sample))


def request(
    body: bytes = b"", headers: Mapping[str, str] | Lines = (), *, method: str = "POST", url: str = URL
) -> Inbound:
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    lines = [(_bytes(name).lower(), _bytes(value)) for name, value in pairs]
    return Inbound(method=method, url=url, headers=lines, body=body)


def with_body(inbound: Inbound, body: bytes) -> Inbound:
    return Inbound(method=inbound.method, url=inbound.url, headers=inbound.headers, body=body)


def with_headers(inbound: Inbound, headers: Lines) -> Inbound:
    return Inbound(method=inbound.method, url=inbound.url, headers=headers, body=inbound.body)


def with_value(inbound: Inbound, name: bytes, value: bytes) -> Inbound:
    """With this header in place of the one that it has."""
    return with_headers(inbound, [(known, value if known == name else old) for known, old in inbound.headers])


def with_url(inbound: Inbound, url: str) -> Inbound:
    return Inbound(method=inbound.method, url=url, headers=inbound.headers, body=inbound.body)


def with_method(inbound: Inbound, method: str) -> Inbound:
    return Inbound(method=method, url=inbound.url, headers=inbound.headers, body=inbound.body)


def flips(data: bytes, bits: int = 8) -> Iterator[tuple[int, bytes]]:
    """Each position, and `data` with one bit of that byte turned; `bits` 1: of every byte another one of the eight."""
    for position, byte in enumerate(data):
        for bit in range(8) if bits == 8 else (position % 8,):
            yield position, data[:position] + bytes([byte ^ (1 << bit)]) + data[position + 1 :]


def provider(**fields: Any) -> Provider:
    given = {"name": "made", "title": "Made", "schemes": {"none": {"algorithm": "none"}}, **fields}
    return msgspec.convert(given, Provider)


def receiver(choices: Choices | None = None, **fields: Any) -> Receiver:
    return Receiver(provider(**fields), choices or Choices())


def compiled(secrets: Sequence[str], **fields: Any) -> Compiled:
    return Compiled("made", msgspec.convert(fields, Scheme), secrets)


def verdict_of(scheme: Compiled, inbound: Inbound, now: int = NOON) -> Verdict:
    return scheme.verify(View(inbound), Micros(now))


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")
