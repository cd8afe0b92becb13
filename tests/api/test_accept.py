"""A refused request that is accepted later: the URL that it came by may be one of two, and both may be signed."""

import base64
import gzip
import hmac
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.api.conftest import Keys, make_keys
from tests.api.receiving import receipts, source
from tests.api.running import Running, serving, settings_for

PUBLIC = "https://hooks.example.com"
BODY = b'{"event_id": "sq_1", "type": "payment.created"}'


@pytest_asyncio.fixture(loop_scope="session")
async def outside(tmp_path: Path) -> AsyncIterator[Running]:
    """Known by a public URL."""
    async with serving(settings_for(tmp_path, public_url=PUBLIC)) as made:
        yield made


@pytest.mark.parametrize("readable", [False, True])
async def test_a_signature_over_the_url_counts_by_either_url(outside: Running, *, readable: bool) -> None:
    api, keys = outside, await make_keys(outside)
    made = await source(api, keys, provider="square", secrets=["wrong"], path="till")
    url = f"/in/{keys.alice}/till" if readable else made["receive_url"].removeprefix(PUBLIC)
    digest = hmac.digest(b"right", f"{PUBLIC}{url}".encode() + BODY, "sha256")
    headers = {"x-square-hmacsha256-signature": base64.b64encode(digest).decode()}
    refused = await api.call("POST", url, body=BODY, headers=headers)
    assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, "Signature")
    (receipt,) = await receipts(api, keys, made)
    path = f"/v1/receipts/{receipt['id']}/accept"
    assert (await api.call("POST", path, keys["manage"])).code == "conflict"
    await api.call("PATCH", f"/v1/sources/{made['id']}", keys["manage"], json={"secrets": ["right"]})
    accepted = await api.call("POST", path, keys["manage"])
    assert accepted.json["outcome"] == "accepted", accepted.body


@pytest.mark.parametrize("verify", [True, False])
async def test_a_compressed_body_is_decoded_however_it_is_accepted(
    api: Running, keys: Keys, *, verify: bool
) -> None:
    made = await source(api, keys, provider="github", secrets=["wrong"])
    body = b'{"action": "opened"}'
    digest = hmac.new(b"right", body, "sha256").hexdigest()
    headers = {
        "X-Hub-Signature-256": f"sha256={digest}",
        "X-GitHub-Event": "issues",
        "Content-Encoding": "gzip",
        "Content-Type": "application/json",
    }
    refused = await api.call("POST", made["receive_url"], body=gzip.compress(body), headers=headers)
    assert refused.status == 401
    (receipt,) = await receipts(api, keys, made)
    await api.call("PATCH", f"/v1/sources/{made['id']}", keys["manage"], json={"secrets": ["right"]})
    path = f"/v1/receipts/{receipt['id']}/accept"
    accepted = await api.call("POST", path, keys["manage"], json={"verify": verify})
    assert accepted.json["outcome"] == "accepted", accepted.body
    (item,) = accepted.json["events"]
    assert (await api.call("GET", f"/v1/events/{item['event_id']}/data", keys["read"])).body == body
