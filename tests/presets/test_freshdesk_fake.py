"""Freshdesk refuses what it is said to refuse, in its own words."""

from typing import Any

import pytest

from tests.presets.fakes.freshdesk import FreshdeskFake
from tests.presets.playing import play, sample, send

CREATE = sample("freshdesk", "create").requests[0]
UPDATE = sample("freshdesk", "update").requests[0]
NOTE = sample("freshdesk", "comment").requests[0]
LOOK = sample("freshdesk", "found").requests[0]


def changed(**changes: Any) -> dict[str, Any]:
    """The body with these members; None: without."""
    merged = {**CREATE.json, **changes}
    return {name: value for name, value in merged.items() if value is not None}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subject", None),
        ("subject", " "),
        ("subject", "s" * 256),
        ("description", None),
        ("description", "a < b"),
        ("description", "a & b"),
        ("description", "two\nlines"),
        ("description", "<script>alert()</script>"),
        ("email", None),
        ("email", "anna"),
        ("status", None),
        ("status", 1),
        ("status", "2"),
        ("priority", None),
        ("priority", 5),
        ("priority", "high"),
        ("type", "Bug"),
        ("group_id", "43000123456"),
        ("custom_fields", {"reference": "1"}),
        ("customer", "Anna"),
    ],
)
def test_a_field_that_it_does_not_take_is_named(field: str, value: Any) -> None:
    with FreshdeskFake() as fake:
        reply = send(fake, CREATE, json=changed(**{field: value}))
        assert reply.status == 400
        assert [one["field"] for one in reply.json["errors"]] == [field]
        assert not fake.tickets


def test_a_telephone_number_wants_a_name() -> None:
    with FreshdeskFake() as fake:
        body = changed(email=None, name=None, phone="+49170")
        assert send(fake, CREATE, json=body).status == 400
        assert send(fake, CREATE, json={**body, "name": "Anna"}).status == 201


def test_without_the_custom_field_the_reference_is_refused() -> None:
    with FreshdeskFake(custom_field=False) as fake:
        assert send(fake, CREATE).status == 400
        assert send(fake, LOOK).status == 400
        play(fake, sample("freshdesk", "without_reference"))
        assert list(fake.tickets) == ["1"]


@pytest.mark.parametrize(
    "body", [{"body": "n"}, {"body": "", "private": True}, {"body": "a < b", "private": True}]
)
def test_a_note_is_html_and_says_who_sees_it(body: object) -> None:
    with FreshdeskFake() as fake:
        send(fake, CREATE)
        assert send(fake, NOTE, json=body).status == 400
        assert not fake.tickets["1"].comments


def test_a_change_is_of_what_it_names_alone() -> None:
    with FreshdeskFake() as fake:
        send(fake, CREATE)
        assert send(fake, UPDATE, json={}).status == 400
        assert send(fake, UPDATE, json={"priority": 1}).status == 200
        assert fake.tickets["1"].fields == {**CREATE.json, "priority": 1}
