"""Certificates for both sides, and a receiver that wants to see ours."""

import ssl
from collections.abc import Sequence

import trustme

from hookline.model.endpoint import ClientTls
from tests.net.hostile import OK, Conversation


def pem(blobs: Sequence[trustme.Blob]) -> str:
    return "".join(blob.bytes().decode() for blob in blobs)


def a_certificate(authority: trustme.CA, name: str) -> trustme.LeafCert:
    """For a client that is called `name`."""
    return authority.issue_cert("client.test", common_name=name)


def tls_of(certificate: trustme.LeafCert | None = None, ca: trustme.CA | None = None) -> ClientTls:
    """As an endpoint has it."""
    authority = pem([ca.cert_pem]) if ca else ""
    if certificate is None:
        return ClientTls(ca=authority)
    chain, key = pem(certificate.cert_chain_pems), pem([certificate.private_key_pem])
    return ClientTls(certificate=chain, key=key, ca=authority)


def demanding(own: trustme.LeafCert, clients: trustme.CA) -> ssl.SSLContext:
    """Lets nobody in without a certificate of `clients`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.configure_cert(context)
    context.verify_mode = ssl.CERT_REQUIRED
    clients.configure_trust(context)
    return context


class Guests:
    """A script that answers everybody, and notes for each connection who came on it."""

    def __init__(self) -> None:
        self.names: list[str] = []

    async def __call__(self, peer: Conversation) -> None:
        self.names.append(_name(peer.writer.get_extra_info("peercert") or {}))
        while True:
            await peer.answer(OK)


def _name(certificate: dict[str, Sequence[Sequence[tuple[str, str]]]]) -> str:
    names = [pair[1] for part in certificate.get("subject", ()) for pair in part if pair[0] == "commonName"]
    return names[0] if names else ""
