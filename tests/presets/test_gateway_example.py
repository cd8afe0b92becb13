"""The gateway's documents print what Jira gets of a service case: with a label it has one member more, without it nothing else."""

import json
from typing import Any

from hookline.deliver.conversation import Conversing
from hookline.model.conversation import ConversationFile, Ending, SampleEvent
from tests.presets.making import asked_of, recipe_of
from tests.presets.playing import sample

PRINTED = """
{
  "fields": {
    "project": {"key": "SUPPORT"},
    "summary": "{{subject}}",
    "description": "{{description}}\\n\\nCustomer: {{customer_name}}\\nPhone: {{customer_phone}}",
    "issuetype": {"name": "Service Request"},
    "priority": {"name": "{{priority}}"}
  }
}
"""
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


def printed() -> Any:
    text = PRINTED
    for name, value in CASE.items():
        text = text.replace("{{" + name + "}}", str(value))
    return json.loads(text)


def sent(**settings: Any) -> Any:
    event = SampleEvent(type="service_case.created", system="askpro-gateway", data=CASE)
    told = ConversationFile(
        about="The example.", settings={}, event=event, requests=(), outcome=Ending.DELIVERED
    )
    request = next(Conversing(recipe_of("jira", settings)).talk(asked_of(told)))
    return json.loads(request.body)


def test_without_a_label_it_is_exactly_what_is_printed() -> None:
    settings = sample("jira", "create").settings
    assert sent(**settings, label=False) == printed()


def test_the_label_is_all_that_is_more() -> None:
    fields = sent(**sample("jira", "create").settings)["fields"]
    [label] = fields.pop("labels")
    assert label.startswith("service_case-123-")
    assert {"fields": fields} == printed()


def test_a_priority_in_other_words_is_that_of_jira_unless_the_settings_say_otherwise() -> None:
    settings = {**sample("jira", "create").settings, "priority": {"high": "high"}}
    assert sent(**settings)["fields"]["priority"] == {"name": "high"}
