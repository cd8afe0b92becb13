"""The PBX's paths without a key: only where the operator says so, and only to programs on this machine."""

from pathlib import Path

import pytest

from hookline.model.api_key import Scope
from hookline.systems.access import _is_local
from tests.api.running import Running, serving, settings_for
from tests.storage.people import a_tenant

WEBHOOKS = "/api/webhooks"
URL = "http://127.0.0.1:9999/webhooks"
RELAYED = (
    {"X-Forwarded-For": "203.0.113.7"},
    {"Forwarded": "for=203.0.113.7"},
    {"Via": "1.1 proxy"},
    {"Origin": "https://evil.example"},
    {"Host": "evil.example:8080"},
    {"Host": ""},
)


async def _ready(api: Running) -> str:
    """A tenant that has the paths as they are; its key."""
    await api.parts.store.tenants.create(a_tenant("alice"))
    key = await api.key(Scope.MANAGE, "alice")
    assert (await api.call("PUT", "/v1/systems/pbx/enabled", key)).status == 200
    return key


async def test_it_is_closed_unless_the_operator_opens_it(tmp_path: Path) -> None:
    async with serving(settings_for(tmp_path)) as api:
        key = await _ready(api)
        assert (await api.call("GET", WEBHOOKS)).status == 401
        assert (await api.call("GET", WEBHOOKS, key)).status == 200


async def test_it_is_open_to_this_machine_alone(tmp_path: Path) -> None:
    """What a proxy relays, or a page in a browser asks, or is sent to another name, needs a key."""
    async with serving(settings_for(tmp_path, open_local_api=True)) as api:
        assert (await api.call("GET", WEBHOOKS)).status == 404
        await _ready(api)
        assert (await api.call("POST", WEBHOOKS, json={"url": URL})).status == 200
        assert len((await api.call("GET", WEBHOOKS)).json) == 1
        for headers in RELAYED:
            assert (await api.call("GET", WEBHOOKS, headers=headers)).status == 401, headers
        assert (await api.call("GET", WEBHOOKS, "hk_wrong")).status == 401
        assert (await api.call("GET", "/v1/endpoints")).status == 401
        assert (await api.call("DELETE", f"{WEBHOOKS}?url={URL}")).status == 200


@pytest.mark.parametrize("remote", ["203.0.113.7", "10.0.0.1", "", "unix"])
def test_another_machine_is_not_this_one(remote: str) -> None:
    scope = {"client": (remote, 1), "headers": []}
    assert not _is_local(scope, "localhost")
    assert _is_local({"client": ("127.0.0.1", 1), "headers": []}, "localhost")
    assert _is_local({"client": ("::1", 1), "headers": []}, "127.0.0.1")
