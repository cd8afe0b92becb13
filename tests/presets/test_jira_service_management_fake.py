"""Jira Service Management refuses what it is said to refuse, in its own words."""

from typing import Any

import pytest

from tests.presets.fakes.jira_service_management import JiraServiceManagementFake
from tests.presets.playing import sample, send

CREATE = sample("jira_service_management", "create").requests[0]
COMMENT = sample("jira_service_management", "comment").requests[0]


def values(**changes: Any) -> dict[str, Any]:
    return {**CREATE.json, "requestFieldValues": {**CREATE.json["requestFieldValues"], **changes}}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({**CREATE.json, "serviceDeskId": 4}, 404),
        ({**CREATE.json, "requestTypeId": "99"}, 400),
        ({**CREATE.json, "channel": "web"}, 400),
        (values(summary=""), 400),
        (values(summary="two\nlines"), 400),
        (values(description="d" * 32_768), 400),
        (values(priority={"name": "urgent"}), 400),
        (values(customer="Anna"), 400),
    ],
)
def test_a_request_that_it_does_not_take_makes_nothing(body: object, status: int) -> None:
    with JiraServiceManagementFake() as fake:
        reply = send(fake, CREATE, json=body)
        assert reply.status == status
        assert reply.json["errorMessage"]
        assert not fake.tickets


@pytest.mark.parametrize(
    "body", [{"body": "c"}, {"body": "", "public": True}, {"body": "c" * 32_768, "public": True}]
)
def test_a_comment_says_who_sees_it(body: object) -> None:
    with JiraServiceManagementFake() as fake:
        send(fake, CREATE)
        assert send(fake, COMMENT, json=body).status == 400
        assert not fake.tickets["SUPPORT-1"].comments
