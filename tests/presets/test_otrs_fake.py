"""Znuny refuses what it is said to refuse, with status 200."""

from typing import Any

import pytest

from tests.presets.fakes.otrs import OtrsFake
from tests.presets.playing import Reply, sample, send

CREATE = sample("otrs", "create").requests[0]
UPDATE = sample("otrs", "update").requests[0]
COMMENT = sample("otrs", "comment").requests[0]
LOOK = sample("otrs", "found").requests[0]
LOGIN = {"UserLogin": "hookline", "Password": "s3cret"}


def error(reply: Reply) -> str:
    assert reply.status == 200
    code = reply.json["Error"]["ErrorCode"]
    assert isinstance(code, str)
    return code


@pytest.mark.parametrize("part", ["Ticket", "Article"])
@pytest.mark.parametrize(
    "name", ["Title", "Queue", "State", "Priority", "CustomerUser", "Subject", "Body", "ContentType"]
)
def test_what_a_new_ticket_needs_must_be_there(part: str, name: str) -> None:
    values = {key: value for key, value in CREATE.json[part].items() if key != name}
    with OtrsFake() as fake:
        reply = send(fake, CREATE, json={**CREATE.json, part: values})
        if name in CREATE.json[part]:
            assert error(reply) == "TicketCreate.MissingParameter"
            assert not fake.tickets


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("Ticket", "Title", "t" * 256),
        ("Ticket", "Queue", "Nowhere"),
        ("Ticket", "State", "finished"),
        ("Ticket", "Priority", "urgent"),
        ("Ticket", "Priority", 3),
        ("Ticket", "CustomerUser", "Anna Schmidt"),
        ("Ticket", "Customer", "anna"),
        ("Article", "ContentType", "text/plain"),
        ("Article", "CommunicationChannel", "Letter"),
        ("Article", "IsVisibleForCustomer", "true"),
    ],
)
def test_a_value_that_is_not_valid_makes_nothing(part: str, name: str, value: object) -> None:
    with OtrsFake() as fake:
        body = {**CREATE.json, part: {**CREATE.json[part], name: value}}
        assert error(send(fake, CREATE, json=body)) == "TicketCreate.InvalidParameter"
        assert not fake.tickets


def test_a_dynamic_field_that_there_is_not_makes_nothing() -> None:
    with OtrsFake() as fake:
        body = {**CREATE.json, "DynamicField": [{"Name": "Other", "Value": "1"}]}
        assert error(send(fake, CREATE, json=body)) == "TicketCreate.InvalidParameter"
        assert not fake.tickets


def test_a_search_for_a_field_that_there_is_not_finds_every_ticket() -> None:
    with OtrsFake() as fake:
        send(fake, CREATE)
        send(fake, CREATE)
        body = {**LOGIN, "DynamicField": {"Name": "Other", "Equals": "1"}, "Limit": "2"}
        assert send(fake, LOOK, json=body).json == {"TicketID": ["1", "2"]}


def test_an_article_alone_changes_no_field() -> None:
    with OtrsFake() as fake:
        send(fake, CREATE)
        before = dict(fake.tickets["1"].fields)
        send(fake, COMMENT)
        assert fake.tickets["1"].fields == before
        assert fake.tickets["1"].comments == ["Customer message here"]


@pytest.mark.parametrize(
    "body", [{}, {"Ticket": {}}, {"Ticket": {"Priority": "urgent"}}, {"Tickets": {"Title": "t"}}]
)
def test_an_update_of_nothing_is_refused(body: dict[str, Any]) -> None:
    with OtrsFake() as fake:
        send(fake, CREATE)
        assert error(send(fake, UPDATE, json={**LOGIN, **body})).startswith("TicketUpdate.")


@pytest.mark.parametrize("name", ["UserLogin", "Password"])
def test_wrong_credentials_are_refused_by_every_operation(name: str) -> None:
    with OtrsFake() as fake:
        for request in (CREATE, UPDATE, LOOK):
            assert error(send(fake, request, json={**request.json, name: "wrong"})).endswith(".AuthFail")
        assert not fake.tickets
