"""Every provider of the catalogue with its samples, and how a sample is put to the code under test."""

from collections.abc import Iterator
from datetime import datetime
from importlib import resources
from typing import Any

from hookline.catalog.loader import load_providers
from hookline.catalog.samples import read_samples
from hookline.clock import Micros
from hookline.model.sample import Sample
from hookline.receive.inbound import Inbound
from hookline.receive.receiver import Choices, Receiver

PROVIDERS = load_providers()


def samples_of(name: str) -> list[Sample]:
    return list(read_samples(resources.files("hookline.catalog") / "providers" / name))


def all_samples() -> Iterator[tuple[str, Sample]]:
    for name in PROVIDERS:
        for sample in samples_of(name):
            yield name, sample


def receiver_of(name: str, sample: Sample, *schemes: str) -> Receiver:
    provider = PROVIDERS[name].provider(sample.parameters, sample.overrides)
    return Receiver(provider, Choices(secrets=sample.secrets, schemes=schemes))


def source_of(name: str, sample: Sample) -> dict[str, Any]:
    """As users would make it with the API."""
    return {
        "provider": name,
        "secrets": sample.secrets,
        "parameters": sample.parameters,
        "overrides": sample.overrides,
        "schemes": [sample.rule.scheme] if sample.rule.scheme else [],
        "url": sample.url.partition("?")[0],
    }


def inbound_of(sample: Sample) -> Inbound:
    headers = [(key.lower().encode(), value.encode("latin-1")) for key, value in sample.headers]
    return Inbound(method=sample.method, url=sample.url, headers=headers, body=sample.body)


def now_of(sample: Sample) -> Micros:
    return Micros(int(datetime.fromisoformat(sample.now).timestamp()) * 1_000_000)
