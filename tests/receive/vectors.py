"""Vectors from providers' documents and SDKs, with their verdicts, where such a file lies beside the checkout."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hookline.catalog.provider_file import ProviderFile
from hookline.clock import SECOND, Micros
from hookline.model.provider import Provider
from hookline.model.receipt import Refusal
from hookline.receive.inbound import Inbound
from hookline.receive.receiver import Choices, Receiver
from tests.catalog.provider_cases import PROVIDERS
from tests.receive.making import request

FILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "inbound-vectors.json"
NAMES = {"cal.com": "calcom", "standard-webhooks": "standard", "x-twitter": "twitter"}
"""Called otherwise in the catalogue."""
CAUSES = {
    "stale": Refusal.STALE_TIMESTAMP,
    "older than": Refusal.STALE_TIMESTAMP,
    "maximum age": Refusal.STALE_TIMESTAMP,
    "beyond tolerance": Refusal.STALE_TIMESTAMP,
    "missing header": Refusal.NO_SIGNATURE,
    "no Authorization header": Refusal.NO_SIGNATURE,
    "version 2 is refused": Refusal.NO_SIGNATURE,
    "HmacSHA1 is refused": Refusal.NO_SIGNATURE,
}
"""Words of a note → why such a request is refused. All others bear a signature that is wrong."""


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
    def name(self) -> str:
        """Of the provider in the catalogue."""
        return NAMES.get(self.provider, self.provider)

    @property
    def file(self) -> ProviderFile:
        return PROVIDERS[self.name]

    @property
    def secrets(self) -> tuple[str, ...]:
        second = self.context.get("secondary_secret")
        return (self.secret, second) if second else (self.secret,)

    @property
    def parameters(self) -> dict[str, str]:
        said = {name: str(value) for name, value in self.context.items() if name in self.file.parameters}
        required = {name: rule.example for name, rule in self.file.parameters.items() if rule.required}
        return {**required, **said}

    @property
    def made(self) -> Provider:
        return self.file.provider(self.parameters, {})

    @property
    def receiver(self) -> Receiver:
        """With every scheme of the provider switched on."""
        return Receiver(self.made, Choices(secrets=self.secrets, schemes=tuple(self.made.schemes)))

    @property
    def inbound(self) -> Inbound:
        return request(self.body.encode(), self.headers, method=self.method, url=self.url)

    @property
    def at(self) -> Micros:
        return Micros(self.now * SECOND)

    @property
    def cause(self) -> Refusal | None:
        """Why it must be refused, by what its note says; None: it is accepted."""
        told = (cause for words, cause in CAUSES.items() if words in self.note)
        return None if self.valid else next(told, Refusal.BAD_SIGNATURE)


def all_vectors() -> Sequence[Vector]:
    return msgspec.json.decode(FILE.read_bytes(), type=list[Vector]) if FILE.exists() else []


def cases(chosen: Callable[[Vector], bool] = lambda _: True) -> Sequence[object]:
    """For `parametrize`."""
    numbered = [(number, one) for number, one in enumerate(all_vectors()) if chosen(one)]
    return [
        pytest.param(one, id=f"{number}-{one.provider}-{'good' if one.valid else 'bad'}")
        for number, one in numbered
    ]


needs_vectors = pytest.mark.skipif(not FILE.exists(), reason=f"there is no {FILE.name} beside the checkout")
