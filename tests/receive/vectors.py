"""Vectors from providers' documents and SDKs, with their verdicts, where such a file lies beside the checkout."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.catalog.provider_cases import PROVIDERS

FILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "inbound-vectors.json"
NEEDED = pytest.mark.skipif(not FILE.exists(), reason=f"there is no {FILE.name} beside the checkout")
_NAMES = {"cal.com": "calcom", "standard-webhooks": "standard", "x-twitter": "twitter"}
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
    """Seconds since 1970 on the clock of whoever verifies."""
    source: str
    note: str = ""
    context: dict[str, Any] = {}

    @property
    def name(self) -> str:
        return _NAMES.get(self.provider, self.provider)

    @property
    def secrets(self) -> tuple[str, ...]:
        second = self.context.get("secondary_secret")
        return (self.secret, second) if second else (self.secret,)

    @property
    def parameters(self) -> dict[str, str]:
        known = PROVIDERS[self.name].parameters
        required = {name: rule.example for name, rule in known.items() if rule.required}
        return {**required, **{name: str(value) for name, value in self.context.items() if name in known}}


def given() -> list[Vector]:
    return msgspec.json.decode(FILE.read_bytes(), type=list[Vector]) if FILE.exists() else []


def vectors() -> Iterator[object]:
    for number, vector in enumerate(given()):
        yield pytest.param(vector, id=f"{number}-{vector.provider}-{'good' if vector.valid else 'bad'}")
