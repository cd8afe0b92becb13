"""Secrets and signatures: the published vectors, strict secrets, rotation."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.clock import Micros
from hookline.deliver.sign import (
    Signer,
    check_secret,
    new_secret,
    new_signing_key,
    public_key,
    sign_with,
)
from hookline.errors import InvalidField
from hookline.model.dialect import Keys, Signing
from tests.deliver.making import secret, standard

VECTOR_A = (
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}',
    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
)
VECTOR_B = (
    "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    b'msg_27UH4WbU6Z5A5EzD8u03UvzRbpk.1649367553.{"email":"test@example.com","username":"test_user"}',
    "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
)
VECTOR_C = (
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",
    VECTOR_A[1],
    "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==",
)
TEXT = Signing(keys=Keys.TEXT, hmac="sha256={hex}")


def webhook() -> Signing:
    signing = standard().signing
    assert signing is not None
    return signing


def whsec(size: int) -> str:
    return "whsec_" + base64.b64encode(bytes(range(1, size + 1))).decode()


def whsk(data: bytes) -> str:
    return "whsk_" + base64.b64encode(data).decode()


@pytest.mark.parametrize("vector", [VECTOR_A, VECTOR_B, VECTOR_C], ids="ABC")
def test_the_published_vectors_hold(vector: tuple[str, bytes, str]) -> None:
    value, content, expected = vector
    assert sign_with(secret(value), webhook())(content) == expected


def test_the_public_key_of_vector_c_is_the_published_one_from_both_forms_of_its_secret() -> None:
    whole = base64.b64decode(VECTOR_C[0].removeprefix("whsk_"))
    expected = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
    assert public_key(VECTOR_C[0]) == expected
    assert public_key(whsk(whole[:32])) == expected


@pytest.mark.parametrize("size", [24, 25, 32, 63, 64])
def test_a_secret_of_24_to_64_bytes_is_accepted(size: int) -> None:
    check_secret(whsec(size))


@pytest.mark.parametrize(
    "value",
    [
        *(whsec(size) for size in (0, 3, 23, 65)),
        "",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
        "whsec_ MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwA",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAB==",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSü",
        whsk(b"x" * 31),
        whsk(b"x" * 33),
        whsk(b"x" * 64),
        "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
    ],
)
def test_any_other_secret_is_refused_and_not_shown(value: str) -> None:
    """Wrong size, wrong alphabet, blanks, bits behind the end, a public half that is another's."""
    with pytest.raises(InvalidField) as refusal:
        check_secret(value)
    assert refusal.value.field == "secrets"
    assert not value or value not in f"{refusal.value.detail} {refusal.value.hint}"


@pytest.mark.parametrize(
    ("value", "ok"), [("x", True), ("whsec_…", True), ("", False), ("a\nb", False), ("x" * 513, False)]
)
def test_a_dialect_with_text_keys_takes_any_printable_text(value: str, *, ok: bool) -> None:
    if ok:
        check_secret(value, Keys.TEXT)
        return
    with pytest.raises(InvalidField):
        check_secret(value, Keys.TEXT)


def test_what_is_generated_is_accepted_and_never_twice_the_same() -> None:
    made = {new_secret() for _ in range(50)} | {new_signing_key() for _ in range(50)}
    assert len(made) == 100
    for value in made:
        check_secret(value)


def test_a_text_key_is_the_whole_text_prefix_included() -> None:
    content = b'{"event":"callback.created"}'
    made = sign_with(secret(VECTOR_A[0]), TEXT)(content)
    assert made == "sha256=47bfb318df3fd5903ffe661fa9e2f5aeeb6cecb72a2b3e833d9d1c84f1d22f4b"
    assert made != sign_with(secret(VECTOR_A[0]), Signing(keys=Keys.WEBHOOK, hmac="sha256={hex}"))(content)


def test_a_dialect_without_a_form_for_ed25519_refuses_such_a_key() -> None:
    with pytest.raises(InvalidField, match="ed25519"):
        sign_with(secret(new_signing_key()), Signing(keys=Keys.WEBHOOK, hmac="{hex}"))


def test_all_living_secrets_sign_newest_first_and_an_expired_one_does_not() -> None:
    new, old, gone = new_secret(), new_secret(), new_secret()
    signer = Signer([secret(new), secret(old, expires_at=100), secret(gone, expires_at=50)], webhook())

    def alone(value: str) -> str:
        return sign_with(secret(value), webhook())(b"x")

    assert signer.signature(b"x", Micros(49)) == " ".join(map(alone, (new, old, gone)))
    assert signer.signature(b"x", Micros(50)) == " ".join(map(alone, (new, old)))
    assert signer.signature(b"x", Micros(100)) == alone(new)


def test_a_dialect_with_room_for_one_signature_is_signed_with_the_newest_secret() -> None:
    signer = Signer([secret("new"), secret("old", expires_at=100)], TEXT)
    assert signer.signature(b"x", Micros(0)) == sign_with(secret("new"), TEXT)(b"x")


@given(st.binary(max_size=200), st.integers(min_value=0))
def test_one_flipped_bit_gives_another_signature(content: bytes, position: int) -> None:
    sign = sign_with(secret(VECTOR_A[0]), webhook())
    content += b"."
    at = position % (8 * len(content))
    flipped = bytearray(content)
    flipped[at // 8] ^= 1 << at % 8
    assert sign(content) == sign(content)
    assert sign(bytes(flipped)) != sign(content)
