"""TLS: verified, by name, 1.2 and newer; each kind of broken certificate has its own cause."""

import asyncio
import datetime as dt
import socket
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hookline.model.attempt import Cause
from hookline.net.client import Client, Request
from hookline.net.tls import verifying_context
from hookline.net.url import Url, parse_url
from tests.net.client.conftest import post
from tests.net.hostile import Conversation, RememberingDials, receiving

NAME = "receiver.test"
Issue = Callable[[trustme.CA], trustme.LeafCert]
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest_asyncio.fixture
async def client(authority: trustme.CA) -> AsyncIterator[Client]:
    context = verifying_context()
    authority.configure_trust(context)
    client = Client(dial=RememberingDials(), tls=context)
    yield client
    await client.close()


def serving(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "self-signed.pem"
    form = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    pem.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def secure(text: str) -> Url:
    return parse_url(text.replace("http:", "https:"))


async def answering(peer: Conversation) -> None:
    while True:
        await peer.answer()


async def test_the_name_is_verified_and_told_while_the_approved_address_is_dialled(
    client: Client, authority: trustme.CA
) -> None:
    names: list[str | None] = []
    context = serving(authority.issue_cert(NAME))
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    async with receiving(answering, context) as receiver:
        told = [await post(client, receiver.url()) for _ in range(3)]
        assert [(one.status, one.body) for one in told] == [(200, b"ok")] * 3
        assert (receiver.connections, names) == (1, [NAME])
        first = told[0].timings
        assert first.connect > 0
        assert 0 < first.tls < first.total
        assert told[1].timings.tls == 0


async def test_a_literal_address_is_verified_as_one(client: Client, authority: trustme.CA) -> None:
    async with receiving(answering, serving(authority.issue_cert("127.0.0.1"))) as receiver:
        assert (await post(client, receiver.url("127.0.0.1"))).status == 200
        assert (await post(client, receiver.url("127.0.0.2"))).cause is Cause.CERTIFICATE_NAME


async def test_a_large_body_and_a_large_answer_pass(client: Client, authority: trustme.CA) -> None:
    body = bytes(range(256)) * 10_000

    async def script(peer: Conversation) -> None:
        await peer.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"a" * 1_000_000)
        await peer.hang()

    async with receiving(script, serving(authority.issue_cert(NAME))) as receiver:
        told = await post(client, receiver.url(), body)
        assert (told.status, len(told.body), told.truncated) == (200, 65_536, True)
        assert receiver.requests[0].endswith(body)


def expired(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert(NAME, not_before=LONG_AGO, not_after=LONG_AGO + dt.timedelta(days=1))


def unborn(authority: trustme.CA) -> trustme.LeafCert:
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(days=2)
    return authority.issue_cert(NAME, not_before=soon, not_after=soon + dt.timedelta(days=2))


def wrong_name(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("other.test")


def only_a_parent(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("*.receiver.test")


def unknown_authority(authority: trustme.CA) -> trustme.LeafCert:
    return trustme.CA().issue_cert(NAME)


@pytest.mark.parametrize(
    ("issue", "cause"),
    [
        (expired, Cause.CERTIFICATE_EXPIRED),
        (unborn, Cause.CERTIFICATE_EXPIRED),
        (wrong_name, Cause.CERTIFICATE_NAME),
        (only_a_parent, Cause.CERTIFICATE_NAME),
        (unknown_authority, Cause.CERTIFICATE_UNTRUSTED),
    ],
)
async def test_a_broken_certificate_stops_the_request(
    client: Client, authority: trustme.CA, issue: Issue, cause: Cause
) -> None:
    async with receiving(answering, serving(issue(authority))) as receiver:
        told = await post(client, receiver.url())
        assert (told.status, told.cause) == (None, cause)
        assert told.detail.startswith("the certificate was refused")
        assert receiver.requests == []


async def test_a_self_signed_certificate_stops_the_request(client: Client, tmp_path: Path) -> None:
    async with receiving(answering, self_signed(tmp_path)) as receiver:
        told = await post(client, receiver.url())
        assert (told.status, told.cause) == (None, Cause.CERTIFICATE_UNTRUSTED)


async def test_tls_older_than_1_2_is_refused(client: Client, authority: trustme.CA) -> None:
    context = serving(authority.issue_cert(NAME))
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    async with receiving(answering, context) as receiver:
        told = await post(client, receiver.url())
        assert (told.status, told.cause) == (None, Cause.TLS_FAILED)


@pytest.mark.parametrize(
    ("version", "cause"),
    [
        (ssl.TLSVersion.TLSv1_2, Cause.TLS_FAILED),  # where there is no alert for it
        (ssl.TLSVersion.TLSv1_3, Cause.CLIENT_CERTIFICATE),
    ],
)
async def test_a_receiver_that_wants_our_certificate_is_told_as_that(
    client: Client, authority: trustme.CA, version: ssl.TLSVersion, cause: Cause
) -> None:
    """In TLS 1.3 its refusal comes after our handshake. A blocking server, because asyncio's drops the alert."""
    context = serving(authority.issue_cert(NAME))
    context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0)) as listener:
        refusing = asyncio.create_task(asyncio.to_thread(refuse_one, listener, context))
        told = await post(client, secure(f"http://{NAME}:{listener.getsockname()[1]}/"))
        await refusing
    assert (told.status, told.cause) == (None, cause)


def refuse_one(listener: socket.socket, context: ssl.SSLContext) -> None:
    peer, _ = listener.accept()
    with peer, peer.dup() as raw:
        with pytest.raises(ssl.SSLError):
            context.wrap_socket(peer, server_side=True)
        while raw.recv(65_536):
            pass  # or closing would reset, and the reset overtake the alert


@pytest.mark.parametrize(
    "speech", [b"HTTP/1.1 400 No TLS here\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x28", b""]
)
async def test_a_receiver_that_speaks_no_tls_is_a_tls_failure(client: Client, speech: bytes) -> None:
    async def script(peer: Conversation) -> None:
        await peer.reader.read(5)
        await peer.say(speech)

    async with receiving(script) as receiver:
        told = await client.send(Request(url=secure(receiver.url().text)))
        assert (told.status, told.cause) == (None, Cause.TLS_FAILED)


async def test_a_handshake_that_hangs_ends_at_the_deadline(client: Client) -> None:
    gone = asyncio.Event()

    async def script(peer: Conversation) -> None:
        await peer.until_gone()
        gone.set()

    async with receiving(script) as receiver:
        told = await client.send(Request(url=secure(receiver.url().text), timeout=0.3))
        assert (told.status, told.cause) == (None, Cause.TIMEOUT)
        assert "TLS handshake" in told.detail
        assert 300 <= told.timings.total + 10 <= 560
        await asyncio.wait_for(gone.wait(), 1)


async def test_a_cut_answer_over_tls_keeps_its_status(client: Client, authority: trustme.CA) -> None:
    """A cut without TLS's farewell may be an attacker's: the body is never taken as whole."""

    async def script(peer: Conversation) -> None:
        await peer.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await asyncio.sleep(0.02)
        peer.writer.transport.abort()

    async with receiving(script, serving(authority.issue_cert(NAME))) as receiver:
        told = await post(client, receiver.url())
        assert (told.status, told.body, told.truncated) == (200, b"half", True)


async def test_a_used_tls_connection_that_was_closed_is_replaced(
    client: Client, authority: trustme.CA
) -> None:
    async def script(peer: Conversation) -> None:
        await peer.answer()
        await peer.request()

    async with receiving(script, serving(authority.issue_cert(NAME))) as receiver:
        told = [await post(client, receiver.url()) for _ in range(2)]
        assert [(one.status, one.resent) for one in told] == [(200, False), (200, True)]
        assert receiver.connections == 2


def test_the_default_context_trusts_nobody_blindly() -> None:
    context = verifying_context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
