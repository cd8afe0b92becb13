"""Vectors from providers' documents and SDKs get the verdicts that stand beside them."""

import pytest

from tests.catalog.provider_cases import PROVIDERS
from tests.receive.vectors import Vector, all_vectors, cases, needs_vectors


@needs_vectors
@pytest.mark.parametrize("vector", cases())
def test_a_vector_gets_the_verdict_that_stands_beside_it(vector: Vector) -> None:
    verdict = vector.receiver.verify(vector.inbound, vector.at)
    assert verdict.refusal == vector.cause, (verdict, vector.source, vector.note)


def test_every_vector_has_a_provider() -> None:
    assert {vector.name for vector in all_vectors()} <= PROVIDERS.keys()
