"""A preset is tried out with settings that are stored nowhere: a real case is made, and told with what came back."""

import gc
from typing import Any

import msgspec
import pytest

from hookline.catalog.loader import load_presets
from hookline.deliver import tokens
from tests.api.conftest import Keys
from tests.api.matrix import on_disk
from tests.api.running import Running, Told
from tests.presets.fakes import fakes, salesforce
from tests.presets.fakes.jira import JiraFake
from tests.presets.fakes.salesforce import SalesforceFake
from tests.presets.fakes.server import Answer

FAKES = fakes()
REMEMBERING = [name for name, preset in load_presets().items() if preset.remembers]


async def tried(api: Running, keys: Keys, preset: str, **fields: Any) -> Told:
    return await api.call("POST", f"/v1/presets/{preset}/test", keys["manage"], json=fields)


@pytest.mark.parametrize("name", sorted(FAKES))
async def test_each_system_takes_the_test_case_which_says_that_it_is_one(
    light: Running, light_keys: Keys, name: str
) -> None:
    with FAKES[name]() as fake:
        before = await on_disk(light, light_keys.alice)
        told = await tried(light, light_keys, name, settings=fake.settings)
        assert (told.status, told.json["succeeded"]) == (200, True), told.body
        sent = b"".join(request.body for request in fake.got)
        assert b"Test from Hookline" in sent
        assert b"be closed or deleted" in sent
        assert await on_disk(light, light_keys.alice) == before
        remote = told.json["remote"]
        assert (remote is not None) is (name in REMEMBERING)
        if remote is not None:
            assert remote["id"] in fake.tickets


@pytest.mark.parametrize("name", sorted(FAKES))
async def test_no_secret_is_told(light: Running, light_keys: Keys, name: str) -> None:
    properties = load_presets()[name].settings["properties"]
    with FAKES[name]() as fake:
        secrets = [fake.settings[one] for one in fake.settings if properties[one].get("writeOnly")]
        for refused in (False, True):
            if refused:
                fake.refuse(400)
            told = await tried(light, light_keys, name, settings=fake.settings)
            assert secrets
            assert not any(secret in told.body.decode() for secret in secrets)


async def test_it_tells_what_was_made_and_where(light: Running, light_keys: Keys) -> None:
    with JiraFake() as fake:
        told = await tried(light, light_keys, "jira", settings=fake.settings)
        (ticket,) = fake.tickets.values()
        assert told.json["remote"] == {"id": ticket.id, "url": f"{fake.url}/browse/{ticket.id}"}
        assert (told.json["action"], told.json["method"], told.json["status"]) == ("create", "POST", 201)
        assert told.json["url"] == f"{fake.url}/rest/api/2/issue"


async def test_two_tests_make_two_cases(light: Running, light_keys: Keys) -> None:
    with JiraFake() as fake:
        for _ in range(2):
            await tried(light, light_keys, "jira", settings=fake.settings)
        assert len(fake.tickets) == 2


async def test_a_refusal_is_told_in_the_words_of_the_other_system(light: Running, light_keys: Keys) -> None:
    with JiraFake() as fake:
        told = await tried(light, light_keys, "jira", settings={**fake.settings, "project": "NONE"})
    assert (told.status, told.json["succeeded"], told.json["status"]) == (200, False, 400)
    assert "project" in told.json["detail"]
    assert told.json["remote"] is None


async def test_an_event_of_ones_own_takes_the_place_of_the_test_case(
    light: Running, light_keys: Keys
) -> None:
    event = {"type": "ticket.created", "data": {"id": 5, "subject": "Mine", "description": "All of it"}}
    with JiraFake() as fake:
        await tried(light, light_keys, "jira", settings=fake.settings, **event)
        (ticket,) = fake.tickets.values()
        assert ticket.fields["summary"] == "Mine"


async def test_an_event_of_a_system_has_its_example(light: Running, light_keys: Keys) -> None:
    event = {"type": "service_case.created", "system": "askpro-gateway"}
    with JiraFake() as fake:
        told = await tried(light, light_keys, "jira", settings=fake.settings, **event)
        assert told.json["succeeded"], told.body
        assert "Test from Hookline" not in str(fake.tickets)


@pytest.mark.parametrize(
    ("settings", "fields", "field"),
    [
        ({"projekt": "x"}, {}, "settings.projekt"),
        ({"site": "jira"}, {}, "settings.site"),
        ({"token": "abc"}, {}, "settings.token"),
        ({"token": "***"}, {}, "settings.token"),
        ({"site": "https://10.0.0.1"}, {}, "settings"),
        ({"site": "https://inside.test"}, {}, "settings"),
        ({}, {"auth": {"kind": "bearer", "token": "t0ken"}}, "auth"),
        ({}, {"headers": {"Host": "x"}}, "headers"),
        ({}, {"headers": {"X-Key": "***"}}, "headers"),
        ({}, {"tls": {"certificate": "no PEM"}}, "tls"),
        ({}, {"tls": {"ca": "no PEM"}}, "tls.ca"),
        ({}, {"tls": {"cert": "x"}}, "tls.cert"),
        ({}, {"event": {}}, "event"),
        ({}, {"system": "askpro"}, "system"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_field_and_nothing_is_sent(
    light: Running, light_keys: Keys, settings: dict[str, Any], fields: dict[str, Any], field: str
) -> None:
    with JiraFake() as fake:
        told = await tried(light, light_keys, "jira", settings={**fake.settings, **settings}, **fields)
        assert told.status == 422, told.body
        assert told.json["field"].startswith(field)
        assert fake.got == []


async def test_an_unknown_preset_is_told_with_the_nearest(light: Running, light_keys: Keys) -> None:
    told = await tried(light, light_keys, "jirra")
    assert (told.status, told.json["hint"]) == (404, "Did you mean jira?")


async def test_who_only_reads_tries_nothing(light: Running, light_keys: Keys) -> None:
    for scope in ("read", "publish"):
        told = await light.call("POST", "/v1/presets/jira/test", light_keys[scope], json={})
        assert told.status == 403


async def test_an_endpoint_with_a_preset_is_tried_with_what_it_has(light: Running, light_keys: Keys) -> None:
    with JiraFake() as fake:
        endpoint = await light.call(
            "POST",
            "/v1/endpoints",
            light_keys["manage"],
            json={"preset": "jira", "settings": fake.settings, "events": ["ticket.created"]},
        )
        path = f"/v1/endpoints/{endpoint.json['id']}/test"
        told = await light.call("POST", path, light_keys["manage"])
        (ticket,) = fake.tickets.values()
        assert ticket.fields["summary"].startswith("Test from Hookline")
        assert told.json["remote"] == {"id": ticket.id, "url": f"{fake.url}/browse/{ticket.id}"}
        records = await light.parts.store.remotes.of_case(light.tenant(light_keys), "case:hookline-test")
        assert records == []


async def test_the_event_of_a_test_may_be_any_json(light: Running, light_keys: Keys) -> None:
    with JiraFake() as fake:
        for data in (b"[]", b"null", b"1.50", b'"x"'):
            told = await tried(
                light, light_keys, "jira", settings=fake.settings, type="case.created", data=msgspec.Raw(data)
            )
            assert told.json["succeeded"], told.body


async def test_a_test_that_sends_nothing_has_not_succeeded(light: Running, light_keys: Keys) -> None:
    """Where nothing would be sent of such an event, whoever tests hears why."""
    event = {"type": "case.closed", "data": {"case_id": 7}}
    with JiraFake() as fake:
        made = await light.call(
            "POST", "/v1/endpoints", light_keys["manage"], json={"preset": "jira", "settings": fake.settings}
        )
        path = f"/v1/endpoints/{made.json['id']}/test"
        for told in (
            await tried(light, light_keys, "jira", settings=fake.settings, **event),
            await light.call("POST", path, light_keys["manage"], json=event),
        ):
            assert (told.json["succeeded"], told.json["cause"]) == (False, "not_sent")
            assert told.json["detail"] == "There is nothing of this case in Jira to close"
            assert (told.json["request_body"], told.json["hint"], told.json["remote"]) == (None, "", None)


async def test_a_secret_that_comes_back_is_masked_wherever_it_stands(
    light: Running, light_keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    with JiraFake() as fake:
        said = f"who is {fake.settings['token']}?"
        answer = Answer(status=400, json={"errorMessages": [said]}, headers={"X-Asked": said})
        monkeypatch.setattr(fake, "fault", lambda _status, _message: answer)
        fake.refuse(400)
        told = await tried(light, light_keys, "jira", settings=fake.settings)
        assert fake.settings["token"] not in told.body.decode()
        assert told.json["detail"] == "who is ***?"
        assert ["X-Asked", "who is ***?"] in told.json["response_headers"]


async def test_of_the_access_token_of_a_test_nothing_stays_in_memory(
    light: Running, light_keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(salesforce, "TOKEN", "t0ken-0f-a-test")
    with SalesforceFake() as fake:
        told = await tried(light, light_keys, "salesforce", settings=fake.settings)
        assert told.json["succeeded"], told.body
    gc.collect()
    kept = [
        one for one in gc.get_objects() if type(one).__module__ == tokens.__name__ and hasattr(one, "value")
    ]
    assert "t0ken-0f-a-test" not in [one.value for one in kept]


async def test_each_test_of_an_endpoint_signs_in_anew_and_its_steps_by_one_token(
    light: Running, light_keys: Keys
) -> None:
    """It shows whether the other system lets it in now."""
    with SalesforceFake() as fake:
        given = {"preset": "salesforce", "settings": fake.settings, "events": ["no.such"]}
        made = await light.call("POST", "/v1/endpoints", light_keys["manage"], json=given)
        for number in (1, 2):
            told = await light.call("POST", f"/v1/endpoints/{made.json['id']}/test", light_keys["manage"])
            assert told.json["succeeded"], told.body
            assert len([one for one in fake.got if one.path == salesforce.TOKEN_PATH]) == number
