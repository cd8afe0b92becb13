"""Version 3 of Jira's API takes documents alone, and only those that are well-formed."""

from typing import Any

import pytest

from tests.presets.fakes.jira_cloud import JiraCloudFake
from tests.presets.playing import sample, send
from tests.presets.test_jira_fakes import changed

CREATE = sample("jira_cloud", "create").requests[0]
COMMENT = sample("jira_cloud", "comment").requests[0]


def document(*content: Any) -> dict[str, Any]:
    return {"type": "doc", "version": 1, "content": list(content)}


def paragraph(*content: Any) -> dict[str, Any]:
    return {"type": "paragraph", "content": list(content)}


WRONG = [
    "plain text",
    {"type": "doc", "content": []},
    {"type": "doc", "version": "1", "content": []},
    document("text"),
    document(paragraph({"type": "text", "text": ""})),
    document(paragraph({"type": "text", "text": "t", "bold": True})),
    document({"type": "paragraph", "content": [], "text": "t"}),
    document(paragraph({"type": "text", "text": "t" * 32_768})),
    document(),
]


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_document_is_refused_in_descriptions_and_comments(text: Any) -> None:
    with JiraCloudFake() as fake:
        assert send(fake, changed(CREATE, description=text)).status == 400
        assert not fake.tickets
        send(fake, CREATE)
        assert send(fake, COMMENT, json={"body": text}).status == 400
        assert not fake.tickets["SUPPORT-1"].comments


def test_the_text_of_a_document_is_what_is_kept_of_a_comment() -> None:
    with JiraCloudFake() as fake:
        send(fake, CREATE)
        lines = paragraph({"type": "text", "text": "a"}, {"type": "hardBreak"}, {"type": "text", "text": "b"})
        said = document(lines, paragraph({"type": "text", "text": "c"}))
        assert send(fake, COMMENT, json={"body": said}).status == 201
        assert fake.tickets["SUPPORT-1"].comments == ["a\nb\n\nc"]
