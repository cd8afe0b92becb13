"""The world behind the client's dials: whatever address is dialled is written down and leads to one local receiver."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from hookline.net.host import literal
from hookline.net.tls import verifying_context
from hookline.net.url import Url
from tests.net.hostile import OK, Conversation, Receiver, receiving
from tests.net.stub import StubResolver


class Answers(StubResolver):
    """The stub, which also tells whom it was asked for."""

    def __init__(self, *answers: Sequence[str]) -> None:
        super().__init__(*answers)
        self.hosts: set[str] = set()

    async def resolve(self, host: str, deadline: float) -> Sequence[str]:
        self.hosts.add(host)
        return await super().resolve(host, deadline)


class Network:
    """Takes the place of the running loop's way to connect: no packet leaves the machine."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.dialled: list[tuple[str, int]] = []
        self._port = 0
        loop = asyncio.get_running_loop()
        self._connect: Callable[..., Any] = loop.create_connection
        monkeypatch.setattr(loop, "create_connection", self._divert)

    @asynccontextmanager
    async def answering(
        self, answer: bytes = OK, tls: ssl.SSLContext | None = None
    ) -> AsyncIterator[Receiver]:
        """What is dialled gets this answer, again and again on one connection."""

        async def script(peer: Conversation) -> None:
            while True:
                await peer.answer(answer)

        async with receiving(script, tls) as receiver:
            self._port = receiver.port
            yield receiver
            self._port = 0

    async def _divert(self, factory: Callable[[], asyncio.Protocol], host: str, port: int) -> Any:
        """A name, which the loop would resolve past the guard, is a ValueError."""
        self.dialled.append((str(ip_address(host)), port))
        return await self._connect(factory, "127.0.0.1", self._port)


class Authority:
    """Certificates for whatever host is asked for, and a client's context that trusts them."""

    def __init__(self, folder: Path) -> None:
        self._pem = folder / "receiver.pem"
        self._root = trustme.CA()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.trusting = verifying_context()
        self._root.configure_trust(self.trusting)

    def serving(self, url: Url) -> ssl.SSLContext | None:
        if url.scheme == "http":
            return None
        secret = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._pem.write_bytes(secret + self._certificate(url.host).public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._pem)
        return context

    def _certificate(self, host: str) -> x509.Certificate:
        """Made by hand: trustme refuses names with _ or ---, which exist and which the client must reach."""
        root = x509.load_pem_x509_certificate(self._root.cert_pem.bytes())
        signer = load_pem_private_key(self._root.private_key_pem.bytes(), None)
        assert isinstance(signer, ec.EllipticCurvePrivateKey)
        address = literal(host)
        name = x509.DNSName(host) if address is None else x509.IPAddress(address)
        return (
            x509.CertificateBuilder(root.subject, x509.Name([]), self._key.public_key(), 1)
            .not_valid_before(root.not_valid_before_utc)
            .not_valid_after(root.not_valid_after_utc)
            .add_extension(x509.SubjectAlternativeName([name]), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
            )
            .sign(signer, SHA256())
        )
