"""Vectors from providers' documents and SDKs, with their verdicts, where such a file lies beside the checkout."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hookline.catalog.provider_file import ProviderFile
from hookline.clock import SECOND, Micros
from hookline.receive.inbound import Inbound
from hookline.receive.receiver import Choices, Receiver
from tests.catalog.provider_cases import PROVIDERS

FILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "inbound-vectors.json"
NAMES = {"cal.com": "calcom", "standard-webhooks": "standard", "x-twitter": "twitter"}
"""Called otherwise in the catalogue."""


class Vector(msgspec.Struct, frozen=True, kw_only=True):
    provider: str
    scheme: str
    secret: str
    method: str
    url: str
    headers: dict[str, str]
    body: str
    valid: bool
    now: int
    source: str
    note: str = ""
    context: dict[str, Any] = {}

    @property
    def secrets(self) -> tuple[str, ...]:
        second = self.context.get("secondary_secret")
        return (self.secret, second) if second else (self.secret,)

    def receiver(self, file: ProviderFile) -> Receiver:
        """With every scheme of the provider switched on."""
        said = {name: str(value) for name, value in self.context.items() if name in file.parameters}
        required = {name: rule.example for name, rule in file.parameters.items() if rule.required}
        made = file.provider({**required, **said}, {})
        return Receiver(made, Choices(secrets=self.secrets, schemes=tuple(made.schemes)))


def vectors() -> Iterator[object]:
    given = msgspec.json.decode(FILE.read_bytes(), type=list[Vector]) if FILE.exists() else []
    for number, vector in enumerate(given):
        yield pytest.param(vector, id=f"{number}-{vector.provider}-{'good' if vector.valid else 'bad'}")


@pytest.mark.skipif(not FILE.exists(), reason=f"there is no {FILE.name} beside the checkout")
@pytest.mark.parametrize("vector", list(vectors()))
def test_a_vector_gets_the_verdict_that_stands_beside_it(vector: Vector) -> None:
    receiver = vector.receiver(PROVIDERS[NAMES.get(vector.provider, vector.provider)])
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in vector.headers.items()]
    inbound = Inbound(method=vector.method, url=vector.url, headers=headers, body=vector.body.encode())
    verdict = receiver.verify(inbound, Micros(vector.now * SECOND))
    assert (verdict.refusal is None) == vector.valid, (verdict, vector.source, vector.note)


def test_every_vector_has_a_provider() -> None:
    given = msgspec.json.decode(FILE.read_bytes(), type=list[Vector]) if FILE.exists() else []
    assert {NAMES.get(vector.provider, vector.provider) for vector in given} <= PROVIDERS.keys()
