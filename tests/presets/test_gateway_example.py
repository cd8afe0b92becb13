"""The gateway's documents print what Jira and Slack get of a service case: Jira with a label gets one member more, without it
nothing else.
"""

import json
from typing import Any

from hookline.deliver.conversation import Conversing
from hookline.model.conversation import ConversationFile, Ending, SampleEvent
from tests.presets.making import asked_of, recipe_of
from tests.presets.playing import sample
from tests.systems.shown import PRINTED

CASE = {
    "case_id": 123,
    "subject": "No sound on incoming calls",
    "description": "The customer hears nothing.",
    "category": "Telephony",
    "priority": "High",
    "customer_name": "Anna Schmidt",
    "customer_phone": "+4917012345678",
    "customer_email": "anna.schmidt@example.com",
    "created_at": "2025-11-13T16:30:45+01:00",
    "call_recording_url": None,
}


def printed(system: str) -> Any:
    text = json.dumps(PRINTED[system])
    for name, value in CASE.items():
        text = text.replace("{{" + name + "}}", str(value))
    return json.loads(text)


def sent(preset: str, **settings: Any) -> Any:
    event = SampleEvent(type="service_case.created", system="askpro-gateway", data=CASE)
    told = ConversationFile(
        about="The example.", settings={}, event=event, requests=(), outcome=Ending.DELIVERED
    )
    request = next(Conversing(recipe_of(preset, settings)).talk(asked_of(told)))
    return json.loads(request.body)


def test_without_a_label_it_is_exactly_what_is_printed() -> None:
    settings = sample("jira", "create").settings
    assert sent("jira", **settings, label=False) == printed("Jira")


def test_slack_gets_exactly_what_is_printed() -> None:
    assert sent("slack", **sample("slack", "create").settings) == printed("Slack")


def test_the_label_is_all_that_is_more() -> None:
    fields = sent("jira", **sample("jira", "create").settings)["fields"]
    [label] = fields.pop("labels")
    assert label.startswith("service_case-123-")
    assert {"fields": fields} == printed("Jira")


def test_a_priority_in_other_words_is_that_of_jira_unless_the_settings_say_otherwise() -> None:
    settings = {**sample("jira", "create").settings, "priority": {"high": "high"}}
    assert sent("jira", **settings)["fields"]["priority"] == {"name": "high"}
