"""`hookline sign` and `hookline verify`: without a gateway, one the counterpart of the other."""

import base64
import gzip
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import msgspec
import pytest

from tests.cli.program import Done, hookline

NOW = "2026-01-02T03:04:05Z"


def signed(cwd: Path, *arguments: str, given: str = "") -> str:
    done = hookline("sign", *arguments, "--now", NOW, cwd=cwd, given=given)
    assert done.code == 0, done.err
    return done.out


def verified(cwd: Path, request: str, *arguments: str, now: str = NOW) -> Done:
    return hookline("verify", arguments[0], "-", *arguments[1:], "--now", now, cwd=cwd, given=request)


@pytest.mark.parametrize(
    ("provider", "secret", "other", "more"),
    [
        ("stripe", "s3cret", "another", ()),
        ("adyen", "0badc0de", "0badc0df", ()),
        ("clerk", "whsec_" + "a" * 32, "whsec_" + "b" * 32, ()),
        ("pipedrive", "me:s3cret", "me:another", ()),
        ("netlify", "s3cret", "another", ()),
        ("twilio", "s3cret", "another", ("--url", "https://me.example.com/hooks")),
        ("generic", "s3cret", "another", ("--parameter", "header=X-Mine")),
        (
            *("generic", "s3cret", "another"),
            ("--parameter", "header=X-Mine", "--parameter", "timestamp_header=X-At"),
        ),
    ],
)
def test_what_is_signed_verifies_and_with_another_secret_does_not(
    tmp_path: Path, provider: str, secret: str, other: str, more: tuple[str, ...]
) -> None:
    request = signed(tmp_path, provider, "--secret", secret, *more)
    good = verified(tmp_path, request, provider, "--secret", secret, *more)
    assert good.code == 0, good.out + good.err
    assert good.out.startswith("verified: ")
    bad = verified(tmp_path, request, provider, "--secret", other, *more)
    assert (bad.code, "refused: bad_signature" in bad.out, "fix:" in bad.err) == (1, True, True)


def test_the_verdict_comes_with_the_events(tmp_path: Path) -> None:
    """Type and id, as they would be published."""
    request = signed(tmp_path, "stripe", "--type", "invoice.paid", "--secret", "s")
    done = verified(tmp_path, request, "stripe", "--secret", "s")
    assert "verified: v1" in done.out
    assert "stripe.invoice.paid  evt_1SampleOfHookline" in done.out


def test_a_body_of_ones_own_is_signed_as_it_is(tmp_path: Path) -> None:
    """From a file or from standard input; the secret may come from a file, too."""
    body = '{"id": "evt_9",  "type": "charge.refunded"}'
    (tmp_path / "body.json").write_text(body)
    (tmp_path / "secret.txt").write_text("s3cret\n")
    by_file = signed(tmp_path, "stripe", "body.json", "--secret", "@secret.txt")
    assert by_file == signed(tmp_path, "stripe", "-", "--secret", "s3cret", given=body)
    assert by_file.endswith(f"\r\n\r\n{body}")
    assert "evt_9" in verified(tmp_path, by_file, "stripe", "--secret", "s3cret").out
    both = hookline("sign", "stripe", "-", "--secret", "-", cwd=tmp_path)
    assert both.code == 2


def test_stale_requests_and_lost_headers_are_told_with_what_to_do(tmp_path: Path) -> None:
    request = signed(tmp_path, "stripe", "--secret", "s")
    stale = verified(tmp_path, request, "stripe", "--secret", "s", now="2026-01-02T04:04:05Z")
    assert (stale.code, "stale_timestamp" in stale.out, "--now" in stale.err) == (1, True, True)
    bare = "\n".join(line for line in request.splitlines() if "Stripe-Signature" not in line)
    assert "no_signature" in verified(tmp_path, bare, "stripe", "--secret", "s").out
    keyless = verified(tmp_path, request, "stripe")
    assert (keyless.code, "unknown_key" in keyless.out) == (1, True)


def test_a_newline_that_an_editor_added_is_found(tmp_path: Path) -> None:
    request = signed(tmp_path, "github", "--secret", "s") + "\n"
    done = verified(tmp_path, request, "github", "--secret", "s")
    assert done.code == 1
    assert "without the newline" in done.err


def test_a_handshake_is_recognised_and_answered(tmp_path: Path) -> None:
    """One that must be signed, and one that is not."""
    body = '{"type":"url_verification","token":"t","challenge":"3eZbrw1a"}'
    request = signed(tmp_path, "slack", "-", "--secret", "s", given=body)
    done = verified(tmp_path, request, "slack", "--secret", "s")
    assert (done.code, done.out) == (
        0,
        'handshake: url-verification, answered with HTTP 200\n{"challenge":"3eZbrw1a"}\n',
    )
    assert verified(tmp_path, request, "slack", "--secret", "other").code == 1
    question = "POST /in/sample?validationToken=hello HTTP/1.1\nHost: hooks.example.com\n\n"
    done = verified(tmp_path, question, "microsoft-graph", "--secret", "s")
    assert (done.code, done.out) == (0, "handshake: validation, answered with HTTP 200\nhello\n")


def test_curl_is_ready_to_run(tmp_path: Path) -> None:
    """In a shell, with quotes and apostrophes in the body, or bytes that are no text."""
    url = "http://127.0.0.1:1/in/x"
    for body in (b'{"name": "O\'Brien $HOME `id`"}', b"\x00\xff"):
        (tmp_path / "body").write_bytes(body)
        command = signed(tmp_path, "github", "body", "--secret", "s", "--curl", url)
        assert command.splitlines()[0].endswith(f"curl -i -X POST {url} \\")
        shown = command.replace("curl -i", "python3 -c 'import sys; print(sys.argv)' -i")
        told = subprocess.run(
            ["sh", "-c", shown], capture_output=True, timeout=20, check=True, cwd=tmp_path, text=True
        )
        assert "X-Hub-Signature-256: sha256=" in told.stdout


def test_a_public_key_scheme_asks_for_the_private_key(tmp_path: Path) -> None:
    """And whoever has none is told how to get a pair."""
    done = hookline("sign", "discord", "--secret", "ab" * 32, cwd=tmp_path)
    assert done.code == 1
    assert "private key" in done.err
    assert "the public one to the source" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("strpe", "--secret", "s"), 3, "Did you mean stripe?"),
        (("stripe",), 2, "--secret"),
        (("stripe", "--secret", "s", "--type", "no.such"), 2, "invoice.paid"),
        (("stripe", "--secret", "s", "--scheme", "v9"), 2, "It has: v1"),
        (("stripe", "absent.json", "--secret", "s"), 2, "No such file"),
        (("stripe", "--secret", "s", "--now", "yesterday"), 2, "is not a time"),
        (("adyen", "--secret", "s"), 1, "hexadecimal"),
    ],
)
def test_mistakes_say_what_would_be_right(
    tmp_path: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = hookline("sign", *arguments, cwd=tmp_path)
    assert done.code == code
    assert told in done.err


def test_what_is_no_request_is_told(tmp_path: Path) -> None:
    done = verified(tmp_path, "hello", "stripe", "--secret", "s")
    assert done.code == 2
    assert "empty line" in done.err


def test_both_speak_json(tmp_path: Path) -> None:
    """What `sign` says and what `verify` finds, for programs."""
    told = msgspec.json.decode(
        signed(tmp_path, "stripe", "--secret", "s", "--type", "invoice.paid", "--json")
    )
    assert set(told) == {"method", "url", "headers", "body", "body_base64"}
    assert base64.b64decode(told["body_base64"]).decode() == told["body"]
    assert "Stripe-Signature" in [name for name, _ in told["headers"]]
    request = signed(tmp_path, "stripe", "--secret", "s", "--type", "invoice.paid")
    good = msgspec.json.decode(verified(tmp_path, request, "stripe", "--secret", "s", "--json").out)
    assert (good["refused"], good["schemes"], good["handshake"]) == (None, ["v1"], None)
    event = {"type": "stripe.invoice.paid", "id": "evt_1SampleOfHookline", "original": "invoice.paid"}
    assert good["events"] == [event]
    done = verified(tmp_path, request, "stripe", "--secret", "other", "--json")
    bad = msgspec.json.decode(done.out)
    assert (done.code, bad["refused"], bad["events"]) == (1, "bad_signature", [])
    assert "secret" in bad["hint"]
    (tmp_path / "binary").write_bytes(b"\x00\xff")
    raw = msgspec.json.decode(signed(tmp_path, "github", "binary", "--secret", "s", "--json"))
    assert (raw["body"], raw["body_base64"]) == (None, "AP8=")


def test_a_compressed_body_is_proven_as_a_source_proves_it(tmp_path: Path) -> None:
    """Over what came, or over what is in it; one that names two encodings is not guessed at."""
    body = b'{"id": "evt_9", "type": "charge.refunded"}'
    (tmp_path / "body").write_bytes(body)
    plain = signed(tmp_path, "stripe", "body", "--secret", "s")
    head = plain.partition("\r\n\r\n")[0].encode("latin-1")
    for lines, out in (
        (b"Content-Encoding: gzip", "verified: v1"),
        (b"Content-Encoding: gzip\r\nContent-Encoding: gzip", "refused: bad_signature"),
    ):
        (tmp_path / "request").write_bytes(head + b"\r\n" + lines + b"\r\n\r\n" + gzip.compress(body))
        done = hookline("verify", "stripe", "request", "--secret", "s", "--now", NOW, cwd=tmp_path)
        assert out in done.out, done.out + done.err


def test_a_body_of_ones_own_needs_no_sample_of_its_type(tmp_path: Path) -> None:
    """The body says the type; without one, a sample of the type is asked for."""
    body = '{"id": "evt_9", "type": "radar.early_fraud_warning.created"}'
    more = ("--secret", "s", "--type", "radar.early_fraud_warning.created")
    request = signed(tmp_path, "stripe", "-", *more, given=body)
    assert request.endswith(f"\r\n\r\n{body}")
    found = verified(tmp_path, request, "stripe", "--secret", "s").out
    assert "stripe.radar.early_fraud_warning.created  evt_9" in found
    bare = hookline("sign", "stripe", *more, cwd=tmp_path)
    assert (bare.code, "There are samples of" in bare.err) == (2, True)


def test_another_provider_that_is_broken_is_in_nobodys_way(tmp_path: Path) -> None:
    """Of the user's folder only what is asked for is read; `hookline catalog check` tells of the others."""
    mine = str(own_provider(tmp_path, "github"))
    request = hookline("sign", "stripe", "--secret", "s", "--now", NOW, cwd=tmp_path, catalog=mine)
    assert request.code == 0, request.err
    done = hookline(
        *("verify", "stripe", "-", "--secret", "s", "--now", NOW),
        cwd=tmp_path,
        given=request.out,
        catalog=mine,
    )
    assert (done.code, done.out.startswith("verified: ")) == (0, True), done.err


def test_a_broken_provider_that_is_asked_for_is_told_with_file_and_field(tmp_path: Path) -> None:
    request = signed(tmp_path, "stripe", "--secret", "s")
    mine = str(own_provider(tmp_path, "stripe"))
    for command in (("sign", "stripe"), ("verify", "stripe", "-")):
        done = hookline(*command, "--secret", "s", "--now", NOW, cwd=tmp_path, given=request, catalog=mine)
        assert done.code == 1
        assert "provider.yaml" in done.err
        assert "shcemes is not known here" in done.err


def own_provider(folder: Path, name: str) -> Path:
    """A catalogue with a broken copy of one of ours."""
    with resources.as_file(resources.files("hookline.catalog") / "providers" / name) as ours:
        mine = folder / "mine" / "providers" / name
        shutil.copytree(ours, mine)
    file = mine / "provider.yaml"
    file.write_text(file.read_text().replace("schemes:", "shcemes:"))
    return folder / "mine"
