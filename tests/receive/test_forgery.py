"""What somebody altered on its way is refused: every signed sample of every provider, a bit at a time."""

import re
from collections.abc import Iterable, Iterator

import pytest

from hookline.model.place import parse_text, places
from hookline.model.provider import Algorithm, Scheme
from hookline.model.receipt import Refusal
from hookline.receive.receiver import Choices, Receiver
from tests.receive.making import (
    Case,
    flips,
    proven_cases,
    with_body,
    with_headers,
    with_method,
    with_url,
    with_value,
)
from tests.receive.partly_signed import PARTLY, SEVERAL

CASES = proven_cases()
STATIC = frozenset({Algorithm.EQUAL, Algorithm.BASIC})
"""Nothing is signed: the credential is all that counts."""
SLOW = frozenset({Algorithm.RSA_SHA1, Algorithm.RSA_SHA256, Algorithm.ECDSA_SHA256, Algorithm.ED25519})
SLOW |= {Algorithm.JWT_ES256, Algorithm.JWT_RS256}
LONG = re.compile(rb"[0-9A-Za-z+/_.:-]{11,}")
"""What may be a signature or a credential; the fields that stand beside one are shorter, or end in an equals sign."""
SIGNING = [case for case in CASES if case.scheme.algorithm not in STATIC or case.key in PARTLY]


def ids(cases: Iterable[Case]) -> list[str]:
    return [f"{case.provider}/{case.sample.name}" for case in cases]


def of_all() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", CASES, ids=ids(CASES))


def of_signing() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", SIGNING, ids=ids(SIGNING))


def bits(case: Case) -> int:
    """Every bit where a look costs little, and one of each byte where it costs much."""
    return 1 if case.scheme.algorithm in SLOW else 8


def names(texts: Iterable[str], kind: str) -> set[bytes]:
    found = [place for text in texts for place in places(parse_text(text))]
    return {place.name.lower().encode() for place in found if place.kind == kind}


def signed_texts(scheme: Scheme) -> list[str]:
    """All that a signature is about: also what must be equal to something, and what must be there."""
    timestamp = [scheme.timestamp.at] if scheme.timestamp else []
    pairs = [text for pair in scheme.expect.items() for text in pair]
    return [*scheme.content, *timestamp, *pairs, *scheme.require]


def signature_headers(case: Case) -> list[tuple[bytes, bytes]]:
    assert case.scheme.signature is not None
    wanted = names(case.scheme.signature.at, "header")
    return [(name, value) for name, value in case.inbound.headers if name in wanted]


def accepted_flips(case: Case, name: bytes, value: bytes) -> set[int]:
    """Positions of a header of which some bit may be turned."""
    altered = flips(value, bits(case))
    return {position for position, other in altered if case.accepts(with_value(case.inbound, name, other))}


@of_signing()
def test_one_bit_of_the_body_is_enough_to_be_refused(case: Case) -> None:
    partly = PARTLY.get(case.key)
    for position, body in flips(case.inbound.body, bits(case)):
        if case.accepts(with_body(case.inbound, body)):
            assert partly, f"{case.key} accepts another body, at {position}"
            assert partly.signed(body) == partly.signed(case.inbound.body), position


@pytest.mark.parametrize("key", PARTLY)
def test_a_scheme_that_signs_a_part_of_the_body_signs_no_more(key: str) -> None:
    """Where it signs all by now, it needs no excuse any longer."""
    cases = [case for case in CASES if case.key == key]
    assert cases, f"{key} has no sample any longer"
    assert any(
        case.accepts(with_body(case.inbound, body))
        for case in cases
        for _, body in flips(case.inbound.body, bits(case))
    )


@pytest.mark.parametrize(
    "case",
    found := [case for case in SIGNING if case.key not in PARTLY],
    ids=ids(found),
)
def test_a_body_that_is_cut_or_goes_on_is_refused(case: Case) -> None:
    body = case.inbound.body
    for altered in (body[:-1], body[1:], body + b"\n", body + b"\0", b" " + body, b"", body * 2):
        assert not case.accepts(with_body(case.inbound, altered)), altered[:40]


@of_all()
def test_one_bit_of_the_signature_is_enough_to_be_refused(case: Case) -> None:
    """Where several stand, another one may be as good: then they are altered all at once."""
    free = [name for name, value in signature_headers(case) if accepted_flips(case, name, value)]
    assert not free or case.key in SEVERAL
    spoilt = [(name, LONG.sub(_turned, value)) for name, value in signature_headers(case)]
    others = [line for line in case.inbound.headers if line not in signature_headers(case)]
    assert not spoilt or not case.accepts(with_headers(case.inbound, [*others, *spoilt]))


def _turned(text: re.Match[bytes]) -> bytes:
    return bytes([text[0][0] ^ 1]) + text[0][1:]


def test_where_several_signatures_stand_some_sample_shows_it() -> None:
    shown = {
        case.key
        for case in CASES
        for name, value in signature_headers(case)
        if accepted_flips(case, name, value)
    }
    assert shown == SEVERAL.keys()


@of_all()
def test_one_bit_of_a_signed_header_is_enough_to_be_refused(case: Case) -> None:
    for name in names(signed_texts(case.scheme), "header"):
        value = case.inbound.by_name.get(name)
        if value is not None:
            assert not accepted_flips(case, name, value), name


def fields_beside(case: Case) -> Iterator[tuple[bytes, bytes, int, int]]:
    """Header, its value, and where in it a field that is signed begins and ends."""
    for field in names(signed_texts(case.scheme), "signed"):
        for name, value in signature_headers(case):
            for found in re.finditer(rb"(?:^|[,; ])%s=([^,;]*)" % re.escape(field), value):
                yield name, value, found.start(1), found.end(1)


@of_signing()
def test_one_bit_of_a_field_that_is_signed_beside_the_signature_is_enough_to_be_refused(case: Case) -> None:
    spans = list(fields_beside(case))
    assert bool(spans) == bool(names(signed_texts(case.scheme), "signed"))
    for name, value, start, end in spans:
        assert not accepted_flips(case, name, value) & set(range(start, end))


@of_all()
def test_one_bit_of_a_signed_url_is_enough_to_be_refused(case: Case) -> None:
    texts = signed_texts(case.scheme) + list(case.scheme.signature.at if case.scheme.signature else ())
    if "{url" in " ".join(texts):
        for position, raw in flips(case.inbound.url.encode()):
            assert not case.accepts(with_url(case.inbound, raw.decode("latin-1"))), position
    for name in names(texts, "query"):
        for value in re.findall(
            rb"[?&]%s=([^&]+)" % re.escape(name), case.inbound.url.encode(), re.IGNORECASE
        ):
            for _, other in flips(value):
                altered = case.inbound.url.replace(value.decode(), other.decode("latin-1"))
                assert not case.accepts(with_url(case.inbound, altered))


@of_all()
def test_another_method_is_refused_where_it_is_signed(case: Case) -> None:
    if "{method}" in " ".join(signed_texts(case.scheme)):
        others = [method.decode("latin-1") for _, method in flips(case.inbound.method.encode())]
        for method in ("GET", "PUT", "PATCH", "DELETE", "post", "", *others):
            assert not case.accepts(with_method(case.inbound, method)), method


@of_all()
def test_a_request_without_its_signature_is_not_signed(case: Case) -> None:
    """Nor is it accepted with an empty one."""
    bare = [line for line in case.inbound.headers if line not in signature_headers(case)]
    if len(bare) < len(case.inbound.headers):
        verdict = case.receiver.verify(with_headers(case.inbound, bare), case.now)
        assert verdict.refusal is Refusal.NO_SIGNATURE
        empty = [(name, b"") for name, _ in signature_headers(case)]
        assert not case.accepts(with_headers(case.inbound, [*bare, *empty]))


@of_all()
def test_a_header_that_counts_must_not_be_given_twice(case: Case) -> None:
    """Whoever signs and whoever reads could take another one; also where both are alike."""
    counting = names(signed_texts(case.scheme), "header") | {name for name, _ in signature_headers(case)}
    for name, value in case.inbound.headers:
        if name in counting:
            for second in ((name, value), (name, b"another")):
                assert not case.accepts(with_headers(case.inbound, [*case.inbound.headers, second])), name


@of_signing()
def test_another_secret_proves_nothing(case: Case) -> None:
    """One that differs by a character, or none at all."""
    assert _with_secrets(case).verify(case.inbound, case.now).refusal is Refusal.UNKNOWN_KEY
    if case.scheme.algorithm not in SLOW:
        for secret in case.sample.secrets:
            swapped = ("B" if secret[6] != "B" else "C").join([secret[:6], secret[7:]])
            assert _with_secrets(case, swapped).verify(case.inbound, case.now).refusal is not None


def _with_secrets(case: Case, *secrets: str) -> Receiver:
    return Receiver(case.receiver.provider, Choices(secrets=secrets, schemes=(case.sample.rule.scheme,)))
