"""OAuth2 of an endpoint: what is checked when it is saved, and that the secret is shown nowhere."""

from typing import Any

import pytest

from tests.api.conftest import Keys
from tests.api.running import Running, Told

URL = "http://127.0.0.1:9999/x"
AUTH = {
    "kind": "oauth2",
    "token_url": "http://127.0.0.1:9999/token",
    "client_id": "hookline",
    "client_secret": "cl13nt-s3cr3t",
}


async def create(api: Running, keys: Keys, **auth: Any) -> Told:
    return await api.call(
        "POST", "/v1/endpoints", keys["manage"], json={"url": URL, "auth": {**AUTH, **auth}}
    )


@pytest.mark.parametrize(
    ("auth", "code", "field"),
    [
        ({"token_url": "http://10.0.0.1/token"}, "invalid_url", "auth.token_url"),
        ({"token_url": "https://inside.test/token"}, "invalid_url", "auth.token_url"),
        ({"token_url": "https://id:secret@public.test/"}, "invalid_url", "auth.token_url"),
        ({"token_url": "ftp://public.test/"}, "invalid_url", "auth.token_url"),
        ({"token_url": ""}, "invalid_field", "auth.token_url"),
        ({"client_id": ""}, "invalid_field", "auth.client_id"),
        ({"client_id": "a\nb"}, "invalid_field", "auth.client_id"),
        ({"client_secret": "a\0b"}, "invalid_field", "auth.client_secret"),
        ({"scope": "a\r\nb"}, "invalid_field", "auth.scope"),
        ({"audience": "a\tb"}, "invalid_field", "auth.audience"),
        ({"send_in": "query"}, "invalid_field", "auth.send_in"),
        ({"client_secret": "***"}, "invalid_field", "auth"),
        ({"scopes": "a"}, "unknown_field", "auth.scopes"),
    ],
)
async def test_what_cannot_be_used_is_told_with_its_field_and_stored_nowhere(
    light: Running, light_keys: Keys, auth: dict[str, Any], code: str, field: str
) -> None:
    told = await create(light, light_keys, **auth)
    assert (told.status, told.code, told.json["field"]) == (422, code, field), told.body
    assert b"cl13nt" not in told.body
    assert (await light.call("GET", "/v1/endpoints", light_keys["read"])).json["items"] == []


async def test_the_secret_is_masked_and_survives_being_sent_back(api: Running, keys: Keys) -> None:
    """In a PUT as it was shown, and where a PATCH changes something else. A new one is written over it."""
    made = await create(api, keys, scope="hooks")
    whole = {**AUTH, "client_secret": "***", "scope": "hooks", "audience": "", "send_in": "header"}
    assert made.json["auth"] == whole
    path = f"/v1/endpoints/{made.json['id']}"
    for method, body, secret in (
        ("PUT", {"url": URL, "auth": made.json["auth"]}, AUTH["client_secret"]),
        ("PATCH", {"auth": {"scope": "more"}}, AUTH["client_secret"]),
        ("PATCH", {"auth": {"client_secret": "n3w"}}, "n3w"),
    ):
        told = await api.call(method, path, keys["manage"], json=body)
        assert told.status == 200, told.body
        stored = await api.parts.store.endpoints.get(api.tenant(keys), made.json["id"])
        assert getattr(stored.auth, "client_secret", "") == secret
    assert told.json["auth"]["scope"] == "more"
    shown = [await api.call("GET", one, keys["read"]) for one in ("/v1/endpoints", path)]
    for word in (b"cl13nt-s3cr3t", b"n3w"):
        assert not any(word in one.body for one in (made, told, *shown))
        assert word not in api.log.getvalue()


async def test_another_kind_of_auth_takes_nothing_over(api: Running, keys: Keys) -> None:
    """A patch that changes the kind replaces the whole."""
    made = await create(api, keys)
    path = f"/v1/endpoints/{made.json['id']}"
    told = await api.call("PATCH", path, keys["manage"], json={"auth": {"kind": "bearer", "token": "t"}})
    assert told.json["auth"] == {"kind": "bearer", "token": "***"}
    masked = await api.call("PUT", path, keys["manage"], json={"url": URL, "auth": made.json["auth"]})
    assert (masked.status, masked.json["field"]) == (422, "auth")
