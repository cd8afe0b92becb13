"""ServiceNow refuses what it is said to refuse, in its own words."""

from typing import Any

import pytest

from hookline.catalog.preset_settings import checked
from hookline.errors import InvalidField
from tests.presets.fakes.servicenow import TOKEN_PATH, ServiceNowFake
from tests.presets.making import PRESETS
from tests.presets.playing import sample, send

CREATE = sample("servicenow", "create").requests[0]
UPDATE = sample("servicenow", "update").requests[0]
COMMENT = sample("servicenow", "comment").requests[0]
LOOK = sample("servicenow", "found").requests[0]
RESOLVE = sample("servicenow", "close").requests[1]
ID = "00000000000000000000000000000001"

FORM = "grant_type=client_credentials&client_id=5f3e0c9a1b2c3d4e&client_secret=s3cret"
OAUTH2 = sample("servicenow", "create_oauth2")


@pytest.mark.parametrize(
    ("form", "status"),
    [
        (FORM, 200),
        (FORM.replace("s3cret", "wrong"), 401),
        (FORM.replace("client_credentials", "password"), 401),
        (f"{FORM}&username=hookline", 401),
        ("", 401),
    ],
)
def test_a_token_is_given_for_the_clients_credentials_alone(form: str, status: int) -> None:
    with ServiceNowFake(OAUTH2.settings) as fake:
        there = f"https://acme.service-now.com{TOKEN_PATH}"
        assert send(fake, OAUTH2.requests[0], url=there, json=None, body=form).status == status


def test_who_signs_in_by_token_signs_in_no_other_way() -> None:
    with ServiceNowFake(OAUTH2.settings) as fake:
        assert send(fake, CREATE).status == 401
        assert send(fake, OAUTH2.requests[0]).status == 201
    with ServiceNowFake() as fake:
        assert send(fake, OAUTH2.requests[0]).status == 401


@pytest.mark.parametrize(
    "change",
    [
        {"short_description": "s" * 161},
        {"short_description": 5},
        {"description": "d" * 4001},
        {"urgency": "4"},
        {"impact": 1},
        {"caller_id": "Anna"},
        {"correlation_id": None},
        {"state": "closed"},
    ],
)
def test_a_value_that_does_not_fit_makes_nothing(change: dict[str, Any]) -> None:
    with ServiceNowFake() as fake:
        reply = send(fake, CREATE, json={**CREATE.json, **change})
        assert reply.status == 400
        assert next(iter(change)) in reply.json["error"]["detail"]
        assert not fake.tickets


def test_a_short_description_is_mandatory() -> None:
    with ServiceNowFake() as fake:
        assert send(fake, CREATE, json={**CREATE.json, "short_description": ""}).status == 403
        assert not fake.tickets


def test_texts_may_be_as_long_as_they_may_be() -> None:
    with ServiceNowFake() as fake:
        long = {**CREATE.json, "short_description": "s" * 160, "description": "d" * 4000}
        assert send(fake, CREATE, json=long).status == 201


@pytest.mark.parametrize("missing", ["close_code", "close_notes"])
def test_nothing_is_resolved_without_a_code_and_notes(missing: str) -> None:
    with ServiceNowFake() as fake:
        send(fake, CREATE)
        body = {name: value for name, value in RESOLVE.json.items() if name != missing}
        assert send(fake, RESOLVE, json=body).status == 403
        assert not fake.tickets[ID].closed
        assert send(fake, RESOLVE).status == 200
        assert fake.tickets[ID].closed


def test_a_journal_is_added_to_and_is_no_field() -> None:
    with ServiceNowFake() as fake:
        send(fake, CREATE)
        send(fake, COMMENT)
        send(fake, COMMENT, json={"comments": "Seen by the caller"})
        assert fake.tickets[ID].comments == ["Customer message here", "Seen by the caller"]
        assert "work_notes" not in fake.tickets[ID].fields


def test_a_change_is_of_what_it_names_alone() -> None:
    with ServiceNowFake() as fake:
        send(fake, CREATE)
        assert send(fake, UPDATE, json={"urgency": "1"}).status == 200
        assert fake.tickets[ID].fields["impact"] == "1"
        assert fake.tickets[ID].fields["short_description"] == "No sound on incoming calls"


def test_a_query_that_is_none_is_refused() -> None:
    with ServiceNowFake() as fake:
        assert send(fake, LOOK, url=LOOK.url.replace("%3D", "")).status == 400


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"username": "hookline"}, "password"),
        ({"password": "s3cret"}, "username"),
        ({"auth": "oauth2", "client_id": "5f3e0c9a1b2c3d4e"}, "client_secret"),
        ({"auth": "oauth2", "client_secret": "s3cret"}, "client_id"),
        ({"auth": "oauth2", "username": "hookline", "password": "s3cret"}, "client_id"),
    ],
)
def test_a_way_to_sign_in_has_what_it_needs(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        checked(PRESETS["servicenow"], {"site": "https://acme.service-now.com", **settings})
    assert refusal.value.field == f"settings.{field}"
