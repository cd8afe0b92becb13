"""Signatures are read as their provider writes them, and in no other way."""

import base64
import hashlib
import hmac
from typing import Any

import pytest

from hookline.model.receipt import Refusal
from hookline.receive.scheme import Verdict
from hookline.receive.signature import MAX_CANDIDATES, MAX_VALUE
from tests.clock import NOON
from tests.receive.making import compiled, request, verdict_of

SECRET = "hookline_test_secret"
BODY = b'{"id": 1}'
DIGEST = hmac.digest(SECRET.encode(), BODY, "sha256")
HEX = DIGEST.hex()
BASE64 = base64.b64encode(DIGEST).decode()
AT = ("{header.X-Signature}",)
NOW = NOON // 1_000_000


def verdict(value: str, body: bytes = BODY, **signature: Any) -> Verdict:
    rule = {"at": AT, **signature}
    scheme = compiled([SECRET], algorithm="hmac-sha256", signature=rule)
    return verdict_of(scheme, request(body, {"X-Signature": value}))


@pytest.mark.parametrize(
    "other",
    [
        HEX.upper(),
        HEX[:-1],
        HEX + "0",
        f" {HEX}",
        f"{HEX} ",
        f"0x{HEX}",
        f'"{HEX}"',
        f"{HEX},{HEX}",
        HEX.replace("a", "а", 1).encode().decode("latin-1"),  # Cyrillic, which looks the same
        "",
        " ",
        BASE64,
        "*",
        "null",
        "0" * 64,
        "\0" * 64,
    ],
)
def test_hex_is_of_lower_case_and_nothing_stands_around_it(other: str) -> None:
    assert verdict(HEX).refusal is None
    assert verdict(other).refusal is Refusal.BAD_SIGNATURE


@pytest.mark.parametrize(
    "other",
    [
        BASE64.rstrip("="),
        BASE64 + "=",
        BASE64[:-2] + chr(ord(BASE64[-2]) + 1) + "=",  # other bits behind the end, the same bytes
        BASE64.replace("+", "-").replace("/", "_") + " ",
        f"{BASE64[:10]}\n{BASE64[10:]}",
        f"{BASE64[:10]} {BASE64[10:]}",
        f"{BASE64[:10]}!{BASE64[10:]}",
        f"={BASE64}",
        f"{BASE64}AAAA",
        BASE64.swapcase(),
        HEX,
    ],
)
def test_base64_has_one_spelling(other: str) -> None:
    assert verdict(BASE64, encoding="base64").refusal is None
    assert verdict(other, encoding="base64").refusal is Refusal.BAD_SIGNATURE


@pytest.mark.parametrize(
    "value", [HEX, f"SHA256={HEX}", f"sha256= {HEX}", f"sha256:{HEX}", f" sha256={HEX}", f"sha1={HEX}"]
)
def test_a_prefix_stands_exactly_as_it_is_said(value: str) -> None:
    assert verdict(f"sha256={HEX}", prefix="sha256=").refusal is None
    assert verdict(value, prefix="sha256=").refusal is Refusal.BAD_SIGNATURE


def pairs(value: str, separator: str = ",") -> Verdict:
    """A signature over time and body, beside the time."""
    scheme = compiled(
        [SECRET],
        algorithm="hmac-sha256",
        signature={"at": AT, "pairs": {"signature": "v1", "separator": separator}},
        content=["{signed.t}.{body}"],
        timestamp={"at": "{signed.t}"},
    )
    return verdict_of(scheme, request(BODY, {"X-Signature": value}))


def signed_at(time: str) -> str:
    return hmac.new(SECRET.encode(), time.encode() + b"." + BODY, hashlib.sha256).hexdigest()


GOOD = signed_at(str(NOW))


@pytest.mark.parametrize(
    "value",
    [
        f"t={NOW},v1={GOOD}",
        f"v1={GOOD},t={NOW}",
        f"t={NOW}, v1={GOOD}",
        f"t={NOW},v1={'0' * 64},v1={GOOD}",
        f"t={NOW},v0=x,v9=,=,v1={GOOD}",
        f"t={NOW},x=1,x=2,v1={GOOD}",
    ],
)
def test_fields_may_stand_in_any_order_and_those_that_are_not_known_are_passed_over(value: str) -> None:
    assert pairs(value).refusal is None


@pytest.mark.parametrize(
    "value",
    [
        f"t={NOW},t={NOW},v1={GOOD}",
        f"t={NOW},v1={GOOD},t={NOW - 1}",
        f"v1={GOOD}",
        f"t={NOW},v1={GOOD},",
        f"t={NOW},v1={GOOD},junk",
        f"t={NOW},,v1={GOOD}",
        f"t={NOW},v1= {GOOD}",
        f"t= {NOW},v1={GOOD}",
        f"t=0{NOW},v1={GOOD}",
        f"t=+{NOW},v1={GOOD}",
        f"t=,v1={GOOD}",
        f"t={NOW},v1={GOOD},v1",
    ],
)
def test_a_malformed_list_of_fields_or_a_time_that_is_given_twice_is_a_bad_signature(value: str) -> None:
    assert pairs(value).refusal is Refusal.BAD_SIGNATURE


@pytest.mark.parametrize(
    "value",
    [f"t={NOW}", f"t={NOW},V1={GOOD}", f"t={NOW},v0={GOOD}", f"t={NOW},v1 ={GOOD}", f"t={NOW};v1={GOOD}"],
)
def test_a_list_without_a_signature_of_the_right_name_is_not_signed(value: str) -> None:
    assert pairs(value).refusal is Refusal.NO_SIGNATURE


def test_a_time_that_is_no_plain_number_does_not_count_though_it_was_signed() -> None:
    for time in (f"{NOW}.0", f"00{NOW}", "٣" * 10, "1_8", f"{NOW}\n", "-1", "1e9", "", "9" * 12):
        value = f"t={time},v1={signed_at(time)}".encode().decode("latin-1")
        assert pairs(value).refusal is Refusal.BAD_SIGNATURE, time


def versions(value: str) -> Verdict:
    return verdict(value, encoding="base64", versions="v1")


@pytest.mark.parametrize(
    "value", [f"v1,{BASE64}", f"v1a,xx v1,{BASE64}", f"v1,AAAA v1,{BASE64}", f"junk  v1,{BASE64} "]
)
def test_of_several_versions_the_known_one_counts(value: str) -> None:
    assert versions(value).refusal is None


@pytest.mark.parametrize(
    ("value", "refusal"),
    [
        (f"v1a,{BASE64}", Refusal.NO_SIGNATURE),
        (f"V1,{BASE64}", Refusal.NO_SIGNATURE),
        (BASE64, Refusal.NO_SIGNATURE),
        ("v1", Refusal.BAD_SIGNATURE),
        ("v1,", Refusal.BAD_SIGNATURE),
        (f"v1,{BASE64},v1", Refusal.BAD_SIGNATURE),
        (f"v1={BASE64}", Refusal.NO_SIGNATURE),
        (f"v1,{BASE64}\tv1,x", Refusal.BAD_SIGNATURE),
    ],
)
def test_another_version_is_not_signed_and_another_spelling_is_wrong(value: str, refusal: Refusal) -> None:
    assert versions(value).refusal is refusal


PATTERN = "v=(?P<v>[0-9]+),d=(?P<signature>[0-9a-f]{64})"


@pytest.mark.parametrize(
    "value", [f"v=1,d={HEX} ", f"x v=1,d={HEX}", f"v=1,d={HEX}\n", f"v=,d={HEX}", f"d={HEX},v=1", HEX]
)
def test_a_pattern_is_of_the_whole_value(value: str) -> None:
    assert verdict(f"v=1,d={HEX}", pattern=PATTERN).refusal is None
    assert verdict(value, pattern=PATTERN).refusal is Refusal.BAD_SIGNATURE


def test_ten_thousand_candidates_are_refused_without_trying_them() -> None:
    """Also where the good one is among them."""
    value = " ".join([f"v1,{BASE64}", *["v1,A"] * 10_000])
    assert versions(value) == (Refusal.BAD_SIGNATURE, "what should hold a signature is too long")
    crowd = " ".join([f"v1,{BASE64}"] * (MAX_CANDIDATES + 1))
    assert versions(crowd) == (Refusal.BAD_SIGNATURE, f"more than {MAX_CANDIDATES} signatures")
    assert versions(" ".join([f"v1,{BASE64}"] * MAX_CANDIDATES)).refusal is None


def test_candidates_of_several_places_count_together() -> None:
    signature = {"at": ["{header.X-1}", "{header.X-2}"], "versions": "v1", "encoding": "base64"}
    scheme = compiled([SECRET], algorithm="hmac-sha256", signature=signature)
    most = " ".join([f"v1,{BASE64}"] * MAX_CANDIDATES)
    assert verdict_of(scheme, request(BODY, {"X-1": most})).refusal is None
    both = {"X-1": most, "X-2": f"v1,{BASE64}"}
    assert verdict_of(scheme, request(BODY, both)).refusal is Refusal.BAD_SIGNATURE


def test_a_value_of_the_largest_size_is_read_and_a_larger_one_is_not() -> None:
    rest = "v0," + "x" * (MAX_VALUE - len(f"v1,{BASE64} v0,"))
    assert versions(f"v1,{BASE64} {rest}").refusal is None
    assert versions(f"v1,{BASE64} {rest}x").refusal is Refusal.BAD_SIGNATURE


def test_a_header_of_signatures_that_is_given_twice_is_malformed() -> None:
    scheme = compiled([SECRET], algorithm="hmac-sha256", signature={"at": AT})
    for second in (HEX, "another", ""):
        inbound = request(BODY, [(b"X-Signature", HEX.encode()), (b"x-signature", second.encode())])
        assert verdict_of(scheme, inbound).refusal is Refusal.BAD_SIGNATURE


def test_a_body_that_is_no_text_is_signed_as_any_other() -> None:
    for body in (b"\xff\xfe\x00", b"", b"\0" * 1000, "ü".encode("utf-16")):
        good = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert verdict(good, body).refusal is None
        assert verdict(HEX, body).refusal is Refusal.BAD_SIGNATURE


def test_a_basic_credential_has_one_spelling() -> None:
    scheme = compiled(["user:pass"], algorithm="basic", signature={"at": ["{header.Authorization}"]})
    good = base64.b64encode(b"user:pass").decode()
    assert verdict_of(scheme, request(b"", {"Authorization": f"Basic {good}"})).refusal is None
    for value in (good, f"basic {good}", f"Basic  {good}", f"Basic {good}=", "Basic ", f"Bearer {good}"):
        assert verdict_of(scheme, request(b"", {"Authorization": value})).refusal is Refusal.BAD_SIGNATURE


def test_without_a_secret_nothing_is_proven_not_even_by_an_empty_signature() -> None:
    for algorithm in ("hmac-sha256", "equal", "basic", "jwt-hs256"):
        scheme = compiled([], algorithm=algorithm, signature={"at": AT})
        for value in ("", HEX, "Basic ", "e30.e30."):
            verdict = verdict_of(scheme, request(b"", {"X-Signature": value}))
            assert verdict.refusal is Refusal.UNKNOWN_KEY
