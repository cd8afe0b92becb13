"""Every provider's own samples get the verdict, the events and the answers that stand beside them."""

import pytest

from hookline.errors import InvalidField
from hookline.model.provider import Algorithm
from hookline.model.sample import Sample
from tests.catalog.provider_cases import PROVIDERS, all_samples, inbound_of, now_of, receiver_of, samples_of

SAMPLES = list(all_samples())
SIGNED = [(name, sample) for name, sample in SAMPLES if sample.rule.scheme]
SHAKEN = [(name, sample) for name, sample in SAMPLES if sample.rule.handshake]
IDS = [f"{name}/{sample.name}" for name, sample in SAMPLES]


@pytest.mark.parametrize(("name", "sample"), SIGNED, ids=[f"{n}/{s.name}" for n, s in SIGNED])
def test_a_signed_sample_is_proven_by_its_scheme(name: str, sample: Sample) -> None:
    receiver = receiver_of(name, sample, sample.rule.scheme)
    assert receiver.verify(inbound_of(sample), now_of(sample)).refusal is None


@pytest.mark.parametrize(("name", "sample"), SIGNED, ids=[f"{n}/{s.name}" for n, s in SIGNED])
def test_no_other_scheme_of_its_provider_accepts_it(name: str, sample: Sample) -> None:
    for scheme, rule in PROVIDERS[name].shown.schemes.items():
        if scheme != sample.rule.scheme and rule.algorithm is not Algorithm.NONE:
            try:
                receiver = receiver_of(name, sample, scheme)
            except InvalidField:  # its secret is none of that scheme's form
                continue
            assert receiver.verify(inbound_of(sample), now_of(sample)).refusal is not None, scheme


@pytest.mark.parametrize(("name", "sample"), SAMPLES, ids=IDS)
def test_a_sample_is_what_stands_beside_it(name: str, sample: Sample) -> None:
    receiver = receiver_of(name, sample)
    shaker = receiver.handshake(inbound_of(sample))
    assert (shaker.name if shaker else "") == sample.rule.handshake
    if shaker is not None:
        return
    found = receiver.identify(inbound_of(sample))
    assert [(item.id, item.type) for item in found.items] == [(e.id, e.type) for e in sample.rule.events]
    for item, wanted in zip(found.items, sample.rule.events, strict=True):
        assert wanted.original in {"", item.original}


@pytest.mark.parametrize(("name", "sample"), SHAKEN, ids=[f"{n}/{s.name}" for n, s in SHAKEN])
def test_a_handshake_is_answered_as_its_provider_wants(name: str, sample: Sample) -> None:
    receiver, inbound = receiver_of(name, sample), inbound_of(sample)
    shaker = receiver.handshake(inbound)
    assert shaker is not None
    assert shaker.rule.signed == bool(sample.rule.scheme)
    shaken, wanted = receiver.shake(shaker, inbound), sample.rule.answer
    assert wanted is not None
    assert shaken.answer is not None
    assert (shaken.answer.status, shaken.answer.body.decode()) == (wanted.status, wanted.body)
    headers = {name.decode(): value.decode() for name, value in shaken.answer.headers}
    assert wanted.headers.items() <= headers.items()


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_scheme_and_every_handshake_has_a_sample(name: str) -> None:
    shown = PROVIDERS[name].shown
    samples = samples_of(name)
    proven = {scheme for scheme, rule in shown.schemes.items() if rule.algorithm is not Algorithm.NONE}
    assert proven <= {sample.rule.scheme for sample in samples}
    assert shown.handshakes.keys() <= {sample.rule.handshake for sample in samples}
