"""Vectors from providers' documents and SDKs get the verdict that stands beside them."""

import pytest

from hookline.clock import SECOND, Micros
from hookline.receive.inbound import Inbound
from hookline.receive.receiver import Choices, Receiver
from hookline.receive.scheme import Verdict
from tests.catalog.provider_cases import PROVIDERS
from tests.receive.vectors import NEEDED, Vector, given, vectors


def verdict_on(vector: Vector) -> Verdict:
    """By every scheme of its provider."""
    made = PROVIDERS[vector.name].provider(vector.parameters, {})
    receiver = Receiver(made, Choices(secrets=vector.secrets, schemes=tuple(made.schemes)))
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in vector.headers.items()]
    inbound = Inbound(method=vector.method, url=vector.url, headers=headers, body=vector.body.encode())
    return receiver.verify(inbound, Micros(vector.now * SECOND))


@NEEDED
@pytest.mark.parametrize("vector", list(vectors()))
def test_a_vector_gets_the_verdict_that_stands_beside_it(vector: Vector) -> None:
    verdict = verdict_on(vector)
    assert (verdict.refusal is None) == vector.valid, (verdict, vector.source, vector.note)


def test_every_vector_has_a_provider() -> None:
    assert {vector.name for vector in given()} <= PROVIDERS.keys()
