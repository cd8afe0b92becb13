"""Zendesk refuses what it is said to refuse, in its own words."""

from typing import Any

import pytest

from tests.presets.fakes.zendesk import ZendeskFake
from tests.presets.playing import SampleRequest, play, sample, send

CREATE = sample("zendesk", "create").requests[0]
UPDATE = sample("zendesk", "update").requests[0]
COMMENT = sample("zendesk", "comment").requests[0]
LOOK = sample("zendesk", "found").requests[0]
SOLVE = sample("zendesk", "close").requests[1]


def with_(request: SampleRequest, **changes: Any) -> dict[str, Any]:
    """The body with these members of the ticket; None: without."""
    merged = {**request.json["ticket"], **changes}
    return {"ticket": {name: value for name, value in merged.items() if value is not None}}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("comment", None),
        ("comment", "text"),
        ("comment", {"body": "text"}),
        ("comment", {"body": " ", "public": True}),
        ("comment", {"body": "b" * 65_536, "public": True}),
        ("comment", {"body": "ä" * 32_768, "public": True}),
        ("subject", ""),
        ("subject", "s" * 256),
        ("requester", {"name": "", "email": "anna@example.com"}),
        ("requester", {"name": "Anna", "email": "anna"}),
        ("priority", "medium"),
        ("type", "bug"),
        ("status", "done"),
        ("group_id", "360001234567"),
        ("customer", "Anna"),
    ],
)
def test_a_member_that_it_does_not_take_is_named(field: str, value: Any) -> None:
    with ZendeskFake() as fake:
        reply = send(fake, CREATE, json=with_(CREATE, **{field: value}))
        assert reply.status == 422
        assert list(reply.json["details"]) == [field]
        assert not fake.tickets


def test_the_same_idempotency_key_is_one_ticket() -> None:
    with ZendeskFake() as fake:
        first, second = send(fake, CREATE), send(fake, CREATE)
        assert (first.json, first.status) == (second.json, second.status)
        assert len(fake.tickets) == 1
        assert send(fake, CREATE, json=with_(CREATE, subject="Another")).status == 400
        other = {**CREATE.headers, "Idempotency-Key": "evt_other"}
        assert send(fake, CREATE, headers=other).status == 201
        assert len(fake.tickets) == 2


def test_nobody_changes_a_closed_ticket() -> None:
    with ZendeskFake() as fake:
        send(fake, CREATE)
        assert send(fake, SOLVE, json={"ticket": {"status": "closed"}}).status == 200
        assert fake.tickets["1"].closed
        for request in (UPDATE, COMMENT, SOLVE):
            reply = send(fake, request)
            assert reply.status == 422
            assert "closed prevents ticket update" in reply.json["details"]["status"][0]["description"]
        assert not fake.tickets["1"].comments


def test_a_solved_ticket_can_be_commented() -> None:
    with ZendeskFake() as fake:
        send(fake, CREATE)
        send(fake, SOLVE)
        assert send(fake, COMMENT).status == 200
        assert fake.tickets["1"].comments == ["Customer message here"]


def test_a_lost_answer_leaves_a_ticket_that_its_external_id_finds() -> None:
    with ZendeskFake() as fake:
        fake.lose_answer()
        with pytest.raises(ConnectionError):
            send(fake, CREATE)
        play(fake, sample("zendesk", "found"))
        assert send(fake, LOOK, url=f"{LOOK.url}x").json["tickets"] == []
