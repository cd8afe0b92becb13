"""How an endpoint proves itself to its receiver, by options: what is secret comes from files and is shown nowhere."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import trustme

from tests.cli.conftest import Dev
from tests.net.certificates import a_certificate, demanding, tls_of
from tests.presets.fakes.server import Answer, Server

URL = "https://127.0.0.1:9999/hooks"
SECRET = "cl13nt-s3cr3t"


def test_a_client_certificate_comes_from_files_and_can_be_renewed(dev: Dev) -> None:
    """What is not given again stays."""
    authority = trustme.CA()
    old, new = (tls_of(a_certificate(authority, name), authority) for name in ("blue", "red"))
    for name, text in (("us.pem", old.certificate), ("us.key", old.key), ("theirs.pem", old.ca)):
        (dev.folder / name).write_text(text)
    files = ("--client-cert", "us.pem", "--client-key", "us.key", "--ca", "theirs.pem")
    made = dev("endpoints", "create", URL, *files, "--json")
    assert made.code == 0, made.err
    endpoint = msgspec.json.decode(made.out)
    assert endpoint["tls"] == {"certificate": old.certificate, "key": "***", "ca": old.ca}
    alone = dev("endpoints", "update", endpoint["id"], "--client-cert", "-", given=new.certificate)
    assert alone.code == 1
    assert "The key does not belong to the certificate" in alone.err
    (dev.folder / "us.key").write_text(new.key)
    options = ("--client-cert", "-", "--client-key", "us.key", "--json")
    done = dev("endpoints", "update", endpoint["id"], *options, given=new.certificate)
    assert msgspec.json.decode(done.out)["tls"]["certificate"] == new.certificate
    shown = dev("endpoints", "show", endpoint["id"])
    assert shown.code == 0
    for text in (made.out, done.out, shown.out, dev.program.output):
        assert new.key.splitlines()[1] not in text
        assert old.key.splitlines()[1] not in text
    assert dev("endpoints", "delete", endpoint["id"], "--yes").code == 0


def test_a_preset_is_tried_with_a_client_certificate_from_files(dev: Dev) -> None:
    authority = trustme.CA()
    tls = tls_of(a_certificate(authority, "blue"), authority)
    for name, text in (("us.pem", tls.certificate), ("us.key", tls.key), ("theirs.pem", tls.ca)):
        (dev.folder / name).write_text(text)
    files = ("--client-cert", "us.pem", "--client-key", "us.key", "--ca", "theirs.pem")
    context = demanding(authority.issue_cert("127.0.0.1"), authority)
    with answering(context) as port:
        trial = ("presets", "test", "generic", "--setting", f"url=https://127.0.0.1:{port}/hooks")
        done = dev(*trial, *files)
        assert done.code == 0, done.out + done.err
        piped = dev(
            *trial, "--client-cert", "us.pem", "--client-key", "-", "--ca", "theirs.pem", given=tls.key
        )
        assert piped.code == 0, piped.out + piped.err
        without = dev(*trial, "--ca", "theirs.pem")
        assert without.code == 1
        half = dev(*trial, "--client-cert", "us.pem")
        assert "tls.key" in half.err
    assert tls.key.splitlines()[1] not in done.out + done.err + dev.program.output


@contextmanager
def answering(context: ssl.SSLContext) -> Iterator[int]:
    """A receiver that answers all who may come in."""
    server = Server(lambda _: Answer(status=200))
    server.start(context)
    try:
        yield server.port
    finally:
        server.stop()


def test_oauth2_is_described_by_options_and_its_secret_comes_from_a_file(dev: Dev) -> None:
    (dev.folder / "secret.txt").write_text(f"{SECRET}\n")
    made = dev(
        *("endpoints", "create", URL, "--oauth2-token-url", "https://127.0.0.1:9999/token", "--json"),
        *("--oauth2-client-id", "us", "--oauth2-secret-file", "secret.txt", "--oauth2-scope", "a b"),
        *("--oauth2-audience", "them", "--oauth2-send-in", "body"),
    )
    assert made.code == 0, made.err
    endpoint = msgspec.json.decode(made.out)
    told = {
        "kind": "oauth2",
        "token_url": "https://127.0.0.1:9999/token",
        "client_id": "us",
        "audience": "them",
    }
    assert endpoint["auth"] == {**told, "client_secret": "***", "scope": "a b", "send_in": "body"}
    done = dev("endpoints", "update", endpoint["id"], "--oauth2-scope", "c", "--json")
    assert msgspec.json.decode(done.out)["auth"] == {**endpoint["auth"], "scope": "c"}
    shown = dev("endpoints", "show", endpoint["id"])
    assert "oauth2" in shown.out
    assert not any(SECRET in text for text in (made.out, done.out, shown.out, dev.program.output))
    half = dev("endpoints", "create", URL, "--oauth2-client-id", "us")
    assert half.code == 1
    assert "auth.token_url" in half.err
    assert dev("endpoints", "delete", endpoint["id"], "--yes").code == 0
