"""A refused request that is accepted later: the URL that it came by may be one of two, and both may be signed."""

import base64
import hmac
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.api.conftest import make_keys
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
