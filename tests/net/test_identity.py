"""What users give for TLS of their own: read once, in one spelling, and refused with the field that is wrong."""

import base64
import datetime as dt
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from hookline.clock import SECOND, Micros
from hookline.errors import InvalidField
from hookline.model.endpoint import ClientTls
from hookline.net.identity import check_expiry, identity_of, read_tls
from tests.net.certificates import a_certificate, tls_of

AUTHORITY = trustme.CA()
GOOD = tls_of(a_certificate(AUTHORITY, "blue"), AUTHORITY)
READ = read_tls(GOOD)
OTHER = tls_of(a_certificate(AUTHORITY, "red"))
END = dt.datetime(2031, 5, 7, 12, tzinfo=dt.UTC)


def encrypted(key: str) -> str:
    private = load_pem_private_key(key.encode(), None)
    lock = BestAvailableEncryption(b"password")
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock).decode()


def of_another_kind() -> str:
    key = ed25519.Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def replace(**fields: str) -> ClientTls:
    return msgspec.structs.replace(GOOD, **fields)


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        (ClientTls(), "", "neither"),
        (replace(key=""), "key", "together"),
        (replace(certificate=""), "certificate", "together"),
        (replace(certificate="no PEM"), "certificate", "not a certificate"),
        (replace(certificate=GOOD.key), "certificate", "not a certificate"),
        (replace(certificate=GOOD.certificate.replace("M", "N", 1)), "certificate", "not a certificate"),
        (replace(key="no PEM"), "key", "not a private key"),
        (replace(key=GOOD.certificate), "key", "not a private key"),
        (replace(key=encrypted(GOOD.key)), "key", "encrypted"),
        (replace(key=OTHER.key), "key", "does not belong"),
        (replace(key=of_another_kind()), "key", "does not belong"),
        (replace(certificate=GOOD.ca + GOOD.certificate), "certificate", "must stand first"),
        (replace(ca="no PEM"), "ca", "not a certificate"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_field_and_no_word_of_the_key(
    given: ClientTls, field: str, words: str
) -> None:
    with pytest.raises(InvalidField, match=words) as refused:
        read_tls(given)
    assert refused.value.field == field
    told = f"{refused.value.detail} {refused.value.hint}"
    assert not any(line in told for line in given.key.splitlines()[1:-1])


def test_a_key_that_came_along_with_a_certificate_is_not_stored_with_it() -> None:
    """One file with both is common, and certificates are shown."""
    both = f"Bag Attributes: x\n{GOOD.key}{GOOD.certificate}"
    read = read_tls(ClientTls(certificate=both, key=both, ca=both + GOOD.ca))
    assert "PRIVATE" not in read.certificate + read.ca
    assert (read.certificate, read.key) == (read_tls(GOOD).certificate, read_tls(GOOD).key)


@pytest.mark.parametrize("kind", [trustme.KeyType.RSA, trustme.KeyType.ECDSA])
def test_reading_is_the_identity_on_what_was_read(kind: trustme.KeyType) -> None:
    certificate = AUTHORITY.issue_cert("client.test", key_type=kind)
    read = read_tls(tls_of(certificate, AUTHORITY))
    assert read_tls(read) == read
    assert identity_of(read).digest == identity_of(read).digest


def test_a_certificate_that_has_expired_is_refused_with_the_date() -> None:
    begin = END - dt.timedelta(days=1)
    tls = tls_of(AUTHORITY.issue_cert("client.test", not_before=begin, not_after=END))
    moment = round(END.timestamp()) * SECOND
    check_expiry(tls, Micros(moment - 1))
    check_expiry(tls_of(ca=AUTHORITY), Micros(moment))
    with pytest.raises(InvalidField, match="2031-05-07") as refused:
        check_expiry(tls, Micros(moment))
    assert refused.value.field == "certificate"


def test_what_openssl_does_not_take_is_refused_too() -> None:
    """A key of 1024 bits is below what it allows."""
    weak = rsa.generate_private_key(65537, 1024)
    text = weak.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(InvalidField) as refused:
        identity_of(replace(key=text))
    assert refused.value.field == "certificate"
    with pytest.raises(InvalidField) as refused:
        identity_of(ClientTls(ca="no PEM"))
    assert refused.value.field == "ca"


def test_a_key_that_is_encrypted_is_never_asked_for_at_the_terminal() -> None:
    """OpenSSL would; and then the program stands still."""
    with pytest.raises(InvalidField):
        identity_of(replace(key=encrypted(GOOD.key)))


def test_making_an_identity_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = len(list(Path("/proc/self/fd").iterdir()))
    identity_of(GOOD)
    assert list(tmp_path.iterdir()) == []
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@given(
    field=st.sampled_from(["certificate", "key", "ca"]),
    position=st.integers(0),
    byte=st.integers(0, 255),
    late=st.booleans(),
)
@settings(max_examples=300)
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_a_byte_that_is_wrong_is_refused_or_does_no_harm(
    field: str, position: int, byte: int, *, late: bool
) -> None:
    """Of what a PEM holds, some is read late: whatever it is, it is told as the user's mistake."""
    begin, *lines, end = getattr(READ, field).strip().splitlines()
    der = bytearray(base64.b64decode("".join(lines)))
    der[position % len(der)] = byte
    text = f"{begin}\n{base64.encodebytes(der).decode()}{end}\n"
    with suppress(InvalidField):
        tls = read_tls(msgspec.structs.replace(READ, **{field: text}))
        check_expiry(tls, Micros(40_000_000_000 * SECOND if late else 0))
        identity_of(tls)
