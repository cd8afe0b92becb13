"""The vault: what is sealed opens only with its key, in its row, of its tenant, and unaltered."""

import base64
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.config import Settings, load
from hookline.errors import ConfigurationError, SealBroken
from hookline.vault import Vault, create_key_file, load_keys

OLD, NEW = bytes(range(32)), bytes(range(1, 33))


def text(key: bytes) -> str:
    return base64.b64encode(key).decode()


@given(st.text(max_size=30), st.text(max_size=30), st.binary(max_size=200))
def test_what_was_sealed_opens_again(tenant: str, row: str, plaintext: bytes) -> None:
    assert Vault([OLD]).open(tenant, row, Vault([OLD]).seal(tenant, row, plaintext)) == plaintext


@given(st.binary(max_size=50), st.data())
def test_one_flipped_bit_anywhere_does_not_open(plaintext: bytes, data: st.DataObject) -> None:
    vault = Vault([OLD])
    sealed = bytearray(vault.seal("ten_a", "sec_a", plaintext))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises((SealBroken, ConfigurationError)):
        vault.open("ten_a", "sec_a", bytes(sealed))


@given(st.binary(max_size=60))
def test_bytes_that_nobody_sealed_do_not_open(sealed: bytes) -> None:
    with pytest.raises((SealBroken, ConfigurationError)):
        Vault([OLD]).open("ten_a", "sec_a", sealed)


@pytest.mark.parametrize(
    ("tenant", "row"), [("ten_b", "sec_a"), ("ten_a", "sec_b"), ("ten_", "asec_a"), ("", "")]
)
def test_a_secret_copied_to_another_tenant_or_row_does_not_open(tenant: str, row: str) -> None:
    vault = Vault([OLD])
    sealed = vault.seal("ten_a", "sec_a", b"whsec_x")
    with pytest.raises(SealBroken):
        vault.open(tenant, row, sealed)


def test_the_same_secret_sealed_twice_looks_different() -> None:
    vault = Vault([OLD])
    assert vault.seal("t", "r", b"same") != vault.seal("t", "r", b"same")


def test_the_plaintext_is_not_in_what_is_kept() -> None:
    assert b"whsec_plain" not in Vault([OLD]).seal("t", "r", b"whsec_plain")


def test_rotation_seals_with_the_first_key_and_opens_with_all() -> None:
    before, during, after = Vault([OLD]), Vault([NEW, OLD]), Vault([NEW])
    sealed = before.seal("t", "r", b"secret")
    assert during.open("t", "r", sealed) == b"secret"
    assert during.needs_rotation(sealed)
    again = during.seal("t", "r", during.open("t", "r", sealed))
    assert not during.needs_rotation(again)
    assert after.open("t", "r", again) == b"secret"


def test_a_wrong_key_is_told_with_the_setting_and_the_ids_but_without_a_key() -> None:
    sealed = Vault([OLD]).seal("t", "r", b"secret")
    with pytest.raises(ConfigurationError) as caught:
        Vault([NEW]).open("t", "r", sealed)
    assert "HOOKLINE_SECRET_KEY" in caught.value.detail
    assert sealed[1:5].hex() in caught.value.detail
    for key in (OLD, NEW):
        assert text(key) not in caught.value.detail + caught.value.hint


def test_the_canary_tells_a_wrong_key_at_start() -> None:
    canary = Vault([OLD]).canary()
    Vault([OLD]).check_canary(canary)
    Vault([NEW, OLD]).check_canary(canary)
    with pytest.raises(ConfigurationError):
        Vault([NEW]).check_canary(canary)
    with pytest.raises(ConfigurationError):
        Vault([OLD]).check_canary(canary[:-1] + bytes([canary[-1] ^ 1]))


@pytest.mark.parametrize("keys", [[], [b"short"], [OLD, b""]])
def test_keys_of_another_length_are_refused(keys: list[bytes]) -> None:
    with pytest.raises(ConfigurationError):
        Vault(keys)


def test_a_vault_shows_no_key() -> None:
    vault = Vault([OLD, NEW])
    assert repr(vault) == "Vault(2 keys)"


def test_keys_come_from_the_setting_or_else_from_the_key_file(tmp_path: Path) -> None:
    create_key_file(tmp_path / "deep" / "secret.key")
    (made,) = load_keys(Settings(data_dir=tmp_path / "deep"))
    assert len(made) == 32
    settings = load({"HOOKLINE_DATA_DIR": str(tmp_path), "HOOKLINE_SECRET_KEY": f"{text(NEW)},{text(OLD)}"})
    assert load_keys(settings) == (NEW, OLD)


def test_a_key_file_may_hold_older_keys_below_the_new_one(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text(f"{text(NEW)}\n{text(OLD)}\n")
    assert load_keys(Settings(data_dir=tmp_path)) == (NEW, OLD)


@pytest.mark.parametrize("content", [b"", b"c2hvcnQ=", b"not base64!", b"\xff\xfe", bytes(32)])
def test_a_key_file_that_holds_no_key_is_refused_without_its_content(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret.key").write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        load_keys(Settings(data_dir=tmp_path))
    assert "secret.key" in caught.value.detail
    assert "c2hvcnQ" not in caught.value.detail


def test_no_key_at_all_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_keys(Settings(data_dir=tmp_path))
    assert "openssl rand" in caught.value.hint


def test_a_new_key_file_is_private_and_never_replaces_one(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    create_key_file(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    with pytest.raises(ConfigurationError):
        create_key_file(file)
    assert file.read_bytes() == before
