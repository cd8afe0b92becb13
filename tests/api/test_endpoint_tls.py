"""TLS of an endpoint's own: what is checked when it is saved, what is shown, and how a certificate is renewed."""

import datetime as dt
from typing import Any

import msgspec
import pytest
import trustme

from hookline.model.endpoint import ClientTls
from hookline.net.identity import read_tls
from tests.api.conftest import Keys, Staged
from tests.api.running import Running, Told
from tests.net.certificates import Guests, a_certificate, demanding, tls_of
from tests.net.hostile import receiving

SERVERS, CLIENTS = trustme.CA(), trustme.CA()
URL = "https://127.0.0.1:9999/x"


def fields_of(tls: ClientTls) -> dict[str, str]:
    return {name: value for name, value in msgspec.structs.asdict(tls).items() if value}


GOOD = fields_of(read_tls(tls_of(a_certificate(CLIENTS, "blue"), SERVERS)))
OTHER = fields_of(read_tls(tls_of(a_certificate(CLIENTS, "red"))))


async def create(api: Running, keys: Keys, **fields: Any) -> Told:
    return await api.call("POST", "/v1/endpoints", keys["manage"], json={"url": URL, **fields})


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"tls": {}}, "invalid_field", "tls"),
        ({"tls": {**GOOD, "key": OTHER["key"]}}, "invalid_field", "tls.key"),
        ({"tls": {**GOOD, "key": "***"}}, "invalid_field", "tls.key"),
        ({"tls": {"certificate": GOOD["certificate"]}}, "invalid_field", "tls.key"),
        ({"tls": {"key": GOOD["key"]}}, "invalid_field", "tls.certificate"),
        ({"tls": {"ca": "no PEM"}}, "invalid_field", "tls.ca"),
        ({"tls": {"cert": "x"}}, "unknown_field", "tls.cert"),
        ({"tls": {"ca": "x" * 300_000}}, "invalid_field", "tls.ca"),
        ({"tls": GOOD, "url": "http://127.0.0.1:9999/x"}, "invalid_field", "tls"),
    ],
)
async def test_what_cannot_be_used_is_told_with_its_field_and_stored_nowhere(
    light: Running, light_keys: Keys, fields: dict[str, Any], code: str, field: str
) -> None:
    told = await create(light, light_keys, **fields)
    assert (told.status, told.code, told.json["field"]) == (422, code, field), told.body
    assert (await light.call("GET", "/v1/endpoints", light_keys["read"])).json["items"] == []


async def test_the_key_is_masked_and_survives_being_sent_back(api: Running, keys: Keys) -> None:
    """Certificates are no secret and are shown: whoever renews one must see which it is. The key is nowhere."""
    made = await create(api, keys, tls=GOOD)
    assert made.json["tls"] == {**GOOD, "key": "***"}
    path = f"/v1/endpoints/{made.json['id']}"
    for method, body in (
        ("PUT", {"url": URL, "tls": made.json["tls"]}),
        ("PATCH", {"tls": {"key": "***"}, "name": "n"}),
        ("PATCH", {"tls": {"ca": None}}),
    ):
        told = await api.call(method, path, keys["manage"], json=body)
        assert told.status == 200, told.body
        stored = await api.parts.store.endpoints.get(api.tenant(keys), made.json["id"])
        assert stored.tls is not None
        assert stored.tls.key == GOOD["key"]
    assert told.json["tls"] == {"certificate": GOOD["certificate"], "key": "***", "ca": ""}
    shown = [await api.call("GET", one, keys["read"]) for one in ("/v1/endpoints", path)]
    secret = GOOD["key"].splitlines()[1].encode()
    assert not any(secret in one.body for one in (made, told, *shown))
    assert secret not in api.log.getvalue()
    without = await api.call("PATCH", path, keys["manage"], json={"tls": None})
    assert without.json["tls"] is None


async def test_half_of_a_renewal_is_refused(api: Running, keys: Keys) -> None:
    """The kept key is of another certificate than the new one."""
    made = await create(api, keys, tls=GOOD)
    path = f"/v1/endpoints/{made.json['id']}"
    told = await api.call(
        "PATCH", path, keys["manage"], json={"tls": {"certificate": OTHER["certificate"], "key": "***"}}
    )
    assert (told.status, told.json["field"]) == (422, "tls.key")


async def test_a_certificate_is_renewed_by_a_patch(api: Running, keys: Keys) -> None:
    """The next request shows the new one, on a connection of its own."""
    guests = Guests()
    async with receiving(guests, demanding(SERVERS.issue_cert("127.0.0.1"), CLIENTS)) as receiver:
        made = await create(api, keys, url=receiver.url("127.0.0.1").text, tls=GOOD)
        path = f"/v1/endpoints/{made.json['id']}"
        for _ in range(2):
            tried = await api.call("POST", f"{path}/test", keys["manage"])
            assert tried.json["status"] == 200, tried.body
        patch = await api.call("PATCH", path, keys["manage"], json={"tls": OTHER})
        assert patch.json["tls"]["ca"] == GOOD["ca"], "what is left out stays"
        assert (await api.call("POST", f"{path}/test", keys["manage"])).json["status"] == 200
        assert guests.names == ["blue", "red"]


async def test_a_certificate_that_has_expired_is_refused_and_one_that_expires_later_stays(
    stage: Staged,
) -> None:
    """What was saved when it was good must not stand in the way of other changes."""
    api, clock, keys = stage.api, stage.clock, stage.keys
    end = dt.datetime.fromtimestamp(clock.now() / 1e6, dt.UTC) + dt.timedelta(hours=1)
    begin = end - dt.timedelta(days=30)
    short = fields_of(tls_of(CLIENTS.issue_cert("client.test", not_before=begin, not_after=end)))
    made = await create(api, keys, tls=short)
    assert made.status == 201, made.body
    clock.turn(3601)
    kept = await api.call(
        "PATCH", f"/v1/endpoints/{made.json['id']}", keys["manage"], json={"name": "still here"}
    )
    assert (kept.status, kept.json["name"]) == (200, "still here")
    again = await create(api, keys, tls=short)
    assert (again.status, again.json["field"]) == (422, "tls.certificate")
    assert f"{end:%Y-%m-%d}" in again.json["detail"]


async def test_a_preset_is_tried_with_a_certificate_before_there_is_an_endpoint(
    light: Running, light_keys: Keys
) -> None:
    guests = Guests()
    async with receiving(guests, demanding(SERVERS.issue_cert("127.0.0.1"), CLIENTS)) as receiver:
        given = {"settings": {"url": receiver.url("127.0.0.1").text}}
        trial = "/v1/presets/generic/test"
        told = await light.call("POST", trial, light_keys["manage"], json={**given, "tls": GOOD})
        assert told.json["succeeded"], told.body
        assert GOOD["key"].splitlines()[1].encode() not in told.body
        without = await light.call(
            "POST", trial, light_keys["manage"], json={**given, "tls": {"ca": GOOD["ca"]}}
        )
        assert not without.json["succeeded"]
        assert guests.names == ["blue"]
