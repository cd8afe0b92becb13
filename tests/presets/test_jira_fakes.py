"""Jira refuses what it is said to refuse, in its own words."""

from typing import Any

import msgspec
import pytest

from tests.presets.fakes.jira import JiraFake
from tests.presets.playing import SampleRequest, play, sample, send

CREATE = sample("jira", "create").requests[0]
UPDATE = sample("jira", "update").requests[0]
COMMENT = sample("jira", "comment").requests[0]
LOOK = sample("jira", "found").requests[0]
MOVE = sample("jira", "close").requests[2]


def changed(request: SampleRequest, **fields: Any) -> SampleRequest:
    """With these fields of the issue; None: without."""
    merged = {**request.json["fields"], **fields}
    kept = {name: value for name, value in merged.items() if value is not None}
    return msgspec.structs.replace(request, json={"fields": kept})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("project", None),
        ("project", {"key": "NOWHERE"}),
        ("issuetype", None),
        ("issuetype", {"name": "Epic"}),
        ("summary", None),
        ("summary", ""),
        ("summary", "two\nlines"),
        ("summary", "s" * 256),
        ("summary", "😀" * 128),
        ("description", "d" * 32_768),
        ("priority", {"name": "urgent"}),
        ("priority", "High"),
        ("labels", ["two words"]),
        ("customer", "Anna"),
    ],
)
def test_a_field_that_it_does_not_take_is_named(field: str, value: Any) -> None:
    with JiraFake() as fake:
        reply = send(fake, changed(CREATE, **{field: value}))
        assert reply.status == 400
        assert list(reply.json["errors"]) == [field]
        assert not fake.tickets


def test_texts_may_be_as_long_as_they_may_be() -> None:
    with JiraFake() as fake:
        assert send(fake, changed(CREATE, summary="s" * 255, description="d" * 32_767)).status == 201


def test_a_document_is_no_description_in_version_two() -> None:
    with JiraFake() as fake:
        document = {"type": "doc", "version": 1, "content": []}
        assert send(fake, changed(CREATE, description=document)).status == 400


@pytest.mark.parametrize("body", [{}, {"body": ""}, {"body": "c" * 32_768}, {"body": "c", "public": True}])
def test_a_comment_has_a_text_and_nothing_else(body: object) -> None:
    with JiraFake() as fake:
        send(fake, CREATE)
        assert send(fake, COMMENT, json=body).status == 400
        assert fake.tickets["SUPPORT-1"].comments == []


def test_a_change_is_of_what_it_names_alone() -> None:
    with JiraFake() as fake:
        send(fake, CREATE)
        assert send(fake, UPDATE, json={"fields": {"priority": {"name": "Low"}}}).status == 204
        fields = fake.tickets["SUPPORT-1"].fields
        assert fields["priority"] == {"name": "Low"}
        assert fields["summary"] == "No sound on incoming calls"


def test_only_a_transition_to_done_closes() -> None:
    with JiraFake() as fake:
        send(fake, CREATE)
        assert send(fake, MOVE, json={"transition": {"id": "21"}}).status == 204
        assert not fake.tickets["SUPPORT-1"].closed
        assert send(fake, MOVE, json={"transition": {"id": "41"}}).status == 400
        assert (
            send(fake, MOVE, json={"transition": {"id": "31"}, "fields": {"resolution": "?"}}).status == 400
        )
        assert send(fake, MOVE).status == 204
        assert fake.tickets["SUPPORT-1"].closed


def test_the_search_that_cloud_has_lost_is_that_of_data_center() -> None:
    of_data_center = sample("jira", "data_center").requests[0]
    with JiraFake() as cloud, JiraFake(sample("jira", "data_center").settings) as own:
        there = {"url": "https://acme.atlassian.net/rest/api/2/search?jql=x", "headers": LOOK.headers}
        assert send(cloud, of_data_center, **there).status == 410
        assert send(own, of_data_center).status == 200
        here = "https://jira.acme.example/jira/rest/api/3/search/jql?jql=x"
        assert send(own, of_data_center, url=here).status == 404


def test_a_search_that_is_none_is_refused() -> None:
    with JiraFake() as fake:
        assert send(fake, LOOK, url=LOOK.url.replace("labels", "label")).status == 400


def test_a_lost_answer_leaves_an_issue_that_its_label_finds() -> None:
    with JiraFake() as fake:
        fake.lose_answer()
        with pytest.raises(ConnectionError):
            send(fake, CREATE)
        play(fake, sample("jira", "found"))
        assert list(fake.tickets) == ["SUPPORT-1"]
