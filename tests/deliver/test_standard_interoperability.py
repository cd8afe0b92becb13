"""What Hookline sends in the dialect `standard` is accepted by software that others wrote."""

import base64
import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
import svix.webhooks
import time_machine
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from hookline.deliver.sign import new_secret, new_signing_key, public_key
from tests.deliver.making import NOW, SECRET, event, secret, send, target

AT = datetime.fromtimestamp(NOW // 1_000_000, UTC)
LIBRARIES: list[tuple[Any, type[Exception]]] = [
    (standardwebhooks.Webhook, standardwebhooks.WebhookVerificationError),
    (svix.webhooks.Webhook, svix.webhooks.WebhookVerificationError),
]
VERIFY = Path(__file__).with_name("verify.js")
"""It finds npm's package by NODE_PATH, as Node does."""
DATA = b'{"name": "M\xc3\xbcller/S\xc3\xbcd", "price": 1.10, "n": 12345678901234567890, "x": [1,  2]}'


@pytest.mark.parametrize(("library", "_"), LIBRARIES, ids=["standardwebhooks", "svix"])
def test_a_request_verifies(library: Any, _: object) -> None:
    headers, body = send(event(DATA), target(SECRET))
    with time_machine.travel(AT, tick=False):
        library(SECRET).verify(body, headers)


@pytest.mark.parametrize(("library", "_"), LIBRARIES, ids=["standardwebhooks", "svix"])
def test_during_rotation_receivers_with_the_old_and_with_the_new_secret_accept(
    library: Any, _: object
) -> None:
    old, new = new_secret(), new_secret()
    to = target(new_signing_key(), secret(new), secret(old, expires_at=NOW + 1))
    headers, body = send(event(DATA), to)
    with time_machine.travel(AT, tick=False):
        for value in (old, new):
            library(value).verify(body, headers)


@pytest.mark.parametrize(("library", "refusal"), LIBRARIES, ids=["standardwebhooks", "svix"])
def test_a_secret_that_has_expired_is_not_signed_with(library: Any, refusal: type[Exception]) -> None:
    old = new_secret()
    headers, body = send(event(DATA), target(new_secret(), secret(old, expires_at=NOW)))
    with time_machine.travel(AT, tick=False), pytest.raises(refusal):
        library(old).verify(body, headers)


@pytest.mark.parametrize(("library", "refusal"), LIBRARIES, ids=["standardwebhooks", "svix"])
def test_any_one_flipped_bit_of_the_body_is_refused(library: Any, refusal: type[Exception]) -> None:
    headers, body = send(event(b'{"a":1}'), target(SECRET))
    verifier = library(SECRET)
    with time_machine.travel(AT, tick=False):
        for bit in range(8 * len(body)):
            changed = bytearray(body)
            changed[bit // 8] ^= 1 << bit % 8
            with pytest.raises((refusal, UnicodeDecodeError)):
                verifier.verify(bytes(changed), headers)


@settings(max_examples=50)
@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_whatever_the_data_what_is_signed_is_what_is_sent(data: object) -> None:
    headers, body = send(event(json.dumps(data).encode()), target(SECRET))
    with time_machine.travel(AT, tick=False):
        assert standardwebhooks.Webhook(SECRET).verify(body, headers)["data"] == data


def test_an_ed25519_signature_verifies_with_the_public_key_alone() -> None:
    private = new_signing_key()
    headers, body = send(event(DATA), target(private))
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key(private).removeprefix("whpk_")))
    version, _, signature = headers["webhook-signature"].partition(",")
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    assert version == "v1a"
    public.verify(base64.b64decode(signature), content)
    with pytest.raises(InvalidSignature):
        public.verify(base64.b64decode(signature), content + b" ")


def test_npm_accepts_what_is_sent_during_rotation_too_and_refuses_every_change() -> None:
    old, new, gone = new_secret(), new_secret(), new_secret()
    to = target(new_signing_key(), secret(new), secret(old, expires_at=NOW + 1), secret(gone, expires_at=NOW))
    headers, body = send(event(DATA), to)
    flipped = bytes([body[0] ^ 1]) + body[1:]
    other = {**headers, "webhook-id": "evt_2"}
    good = [(old, headers, body), (new, headers, body)]
    bad = [(gone, headers, body), (new, headers, flipped), (new, headers, body + b" "), (new, other, body)]
    assert accepted_by_npm([*good, *bad]) == [True] * len(good) + [False] * len(bad)


def accepted_by_npm(requests: list[tuple[str, dict[str, str], bytes]]) -> list[bool]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed on this machine")
    found = subprocess.run(
        [node, "-e", "require.resolve('standardwebhooks')"], capture_output=True, check=False
    )
    if found.returncode:
        pytest.skip("npm's package standardwebhooks is not in a folder that NODE_PATH names")
    asked = [
        {"secret": value, "headers": headers, "body": base64.b64encode(body).decode()}
        for value, headers, body in requests
    ]
    done = subprocess.run(
        [node, str(VERIFY)],
        input=json.dumps({"now": NOW // 1_000_000, "requests": asked}).encode(),
        capture_output=True,
        check=True,
    )
    answer: list[bool] = json.loads(done.stdout)
    return answer
