"""Identity: who we are to one receiver, and by whom it is known, where an endpoint has TLS of its own."""

import hashlib
import os
import ssl
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import NamedTemporaryFile
from typing import NamedTuple

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509 import Certificate, InvalidVersion, load_pem_x509_certificates

from hookline.clock import SECOND, Micros
from hookline.errors import InvalidField
from hookline.model.endpoint import ClientTls
from hookline.net.failures import reason_of
from hookline.net.tls import verifying_context


class Identity(NamedTuple):
    context: ssl.SSLContext
    digest: bytes
    """Of the texts that it was made of: what the pool tells identities apart by."""


def identity_of(tls: ClientTls) -> Identity:
    """Made once for many connections: a millisecond, and 20 more where the machine's authorities are read. Raises
    InvalidField for what OpenSSL does not take.
    """
    try:
        context = verifying_context(tls.ca)
    except ssl.SSLError as error:
        raise _refused("ca", f"The authorities cannot be used: {reason_of(error)}.") from None
    if tls.certificate:
        _load(context, tls)
    return Identity(context, hashlib.sha256(msgspec.json.encode(tls)).digest())


def read_tls(given: ClientTls) -> ClientTls:
    """The same in one spelling: the blocks that count, without what else their files held, so that a key that came
    along with a certificate is not shown with it. Raises InvalidField with the field; no error tells anything of a key.
    """
    if not (given.certificate or given.key or given.ca):
        raise _refused(
            "", "There is neither a certificate nor an authority.", hint="Leave it out, or send null."
        )
    if bool(given.certificate) != bool(given.key):
        missing = "key" if given.certificate else "certificate"
        raise _refused(missing, "A client certificate and its key are given together.")
    authorities = _certificates(given.ca, "ca") if given.ca else ()
    if not given.key:
        return ClientTls(ca=_joined(authorities))
    chain, key = _certificates(given.certificate, "certificate"), _key(given.key)
    _check_pair(chain, key)
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return ClientTls(certificate=_joined(chain), key=plain, ca=_joined(authorities))


def check_expiry(tls: ClientTls, now: Micros) -> None:
    """Of the client's certificate and those behind it. Raises InvalidField, with the date."""
    chain = _certificates(tls.certificate, "certificate") if tls.certificate else ()
    for position, certificate in enumerate(chain, 1):
        end = certificate.not_valid_after_utc
        if end.timestamp() * SECOND <= now:
            which = f"Certificate {position} of the chain" if position > 1 else "The certificate"
            hint = "Have it renewed, and give the new one."
            raise _refused("certificate", f"{which} has expired on {end:%Y-%m-%d}.", hint=hint)


def _certificates(text: str, field: str) -> Sequence[Certificate]:
    try:
        return load_pem_x509_certificates(text.encode())
    except (ValueError, InvalidVersion):
        hint = "Give what stands from BEGIN CERTIFICATE to END CERTIFICATE."
        raise _refused(field, "This is not a certificate in PEM.", hint=hint) from None


def _key(text: str) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(text.encode(), None)
    except TypeError:
        hint = "Decrypt it first: openssl pkey -in key.pem -out plain.pem. Hookline seals what it stores."
        raise _refused("key", "The private key is encrypted.", hint=hint) from None
    except (ValueError, UnsupportedAlgorithm):
        hint = "Give what stands from BEGIN PRIVATE KEY to END PRIVATE KEY."
        raise _refused("key", "This is not a private key in PEM.", hint=hint) from None


def _check_pair(chain: Sequence[Certificate], key: PrivateKeyTypes) -> None:
    public = key.public_key()
    try:
        fits = [certificate.public_key() == public for certificate in chain]
    except (ValueError, UnsupportedAlgorithm):  # read no earlier than it is asked for
        raise _refused("certificate", "The certificate's public key is of no known kind.") from None
    if fits[0]:
        return
    if any(fits):
        raise _refused("certificate", "The certificate of the key must stand first, then its chain.")
    raise _refused("key", "The key does not belong to the certificate.")


def _joined(certificates: Sequence[Certificate]) -> str:
    return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in certificates)


def _load(context: ssl.SSLContext, tls: ClientTls) -> None:
    """With a password that fits nothing, or OpenSSL would ask for one at the terminal."""
    with _hidden_file(f"{tls.certificate}{tls.key}") as path:
        try:
            context.load_cert_chain(path, password="")
        except ssl.SSLError as error:
            raise _refused("certificate", f"The certificate cannot be used: {reason_of(error)}.") from None


@contextmanager
def _hidden_file(text: str) -> Iterator[str]:
    """OpenSSL takes keys from files only. On Linux this one is memory of our own: no folder lists it, no disk gets
    it, and it ends with its descriptor, also when we crash. Elsewhere it is one that only we may read, removed at once.
    """
    linux = sys.platform == "linux"
    with os.fdopen(os.memfd_create("identity"), "w+b") if linux else NamedTemporaryFile() as file:
        file.write(text.encode())
        file.flush()
        yield f"/proc/self/fd/{file.fileno()}" if linux else file.name


def _refused(field: str, detail: str, *, hint: str = "") -> InvalidField:
    return InvalidField(detail, hint=hint, field=field)
