"""Texts may be as long as they may be in chats, alarms and CRMs, and not one character longer; addresses that do not serve."""

import json
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import msgspec
import pytest

from hookline.catalog.preset_samples import read_conversations
from hookline.catalog.preset_settings import checked
from hookline.deliver.conversation import Conversing
from hookline.errors import InvalidField
from tests.presets.fakes import fakes
from tests.presets.making import PRESETS, asked_of, recipe_of
from tests.presets.playing import PRESETS as FOLDER
from tests.presets.playing import SampleRequest, sample, send

CARD = ("attachments", 0, "content", "body", 0, "text")
WIDGETS = ("cardsV2", 0, "card", "sections", 0, "widgets")
LIMITS: list[tuple[str, str, tuple[str | int, ...], int]] = [
    ("slack", "create", ("blocks", 0, "text", "text"), 3000),
    ("slack", "create", ("text",), 40_000),
    ("slack_attachments", "create", ("attachments", 0, "title"), 1024),
    ("discord", "create", ("embeds", 0, "title"), 256),
    ("discord", "create", ("embeds", 0, "description"), 4096),
    ("discord", "create", ("embeds", 0, "fields", 0, "name"), 256),
    ("discord", "create", ("embeds", 0, "fields", 0, "value"), 1024),
    ("discord", "create", ("embeds", 0, "footer", "text"), 2048),
    ("discord", "comment", ("content",), 2000),
    ("telegram", "create", ("text",), 4096),
    ("pagerduty", "create", ("payload", "summary"), 1024),
    ("pagerduty", "create", ("dedup_key",), 255),
    ("opsgenie", "create", ("message",), 130),
    ("opsgenie", "create", ("description",), 15_000),
    ("opsgenie", "create", ("alias",), 512),
    ("hubspot", "create", ("properties", "content"), 65_536),
    ("salesforce", "create", ("Subject",), 255),
    ("salesforce", "create", ("Description",), 32_000),
    ("salesforce", "create", ("SuppliedName",), 80),
]
"""What a text at a place of a sample's body may have at most."""
WRONG: list[tuple[str, str, tuple[str | int, ...], Any]] = [
    ("slack", "create", ("text",), None),
    ("slack", "create", ("blocks", 0, "type"), "picture"),
    ("slack", "create", ("blocks", 1, "elements"), []),
    ("slack_attachments", "create", ("attachments", 0, "color"), "red"),
    ("slack_attachments", "create", ("attachments", 0, "ts"), "1767323045"),
    ("slack_attachments", "create", ("attachments", 0, "fields", 0, "short"), "true"),
    ("teams", "create", ("type",), "MessageCard"),
    ("teams", "create", ("attachments", 0, "contentType"), "application/json"),
    ("teams", "create", ("attachments", 0, "content", "version"), 1.2),
    ("teams", "create", CARD, ""),
    ("discord", "create", ("embeds",), None),
    ("discord", "create", ("embeds", 0, "color"), "15105570"),
    ("discord", "create", ("embeds", 0, "timestamp"), "yesterday"),
    ("discord", "create", ("embeds", 0, "fields", 0, "value"), " "),
    ("google_chat", "create", ("cardsV2",), None),
    ("google_chat", "create", WIDGETS, []),
    ("google_chat", "create", (*WIDGETS, 0), {"image": {}}),
    ("telegram", "create", ("chat_id",), None),
    ("telegram", "create", ("text",), "<b>open"),
    ("telegram", "create", ("text",), "a < b"),
    ("telegram", "create", ("text",), "one<br>two"),
    ("telegram", "create", ("text",), "&nbsp;"),
    ("telegram", "create", ("text",), "<b> </b>"),
    ("telegram", "comment", ("reply_parameters", "message_id"), "1"),
    ("pagerduty", "create", ("event_action",), "open"),
    ("pagerduty", "create", ("payload",), None),
    ("pagerduty", "create", ("payload", "severity"), "high"),
    ("pagerduty", "create", ("payload", "source"), ""),
    ("opsgenie", "create", ("message",), None),
    ("opsgenie", "create", ("priority",), "high"),
    ("opsgenie", "create", ("tags",), ["t" * 51]),
    ("opsgenie", "create", ("details", "case_id"), 123),
    ("opsgenie", "comment", ("note",), None),
    ("hubspot", "create", ("properties", "subject"), None),
    ("hubspot", "create", ("properties", "hs_ticket_priority"), "high"),
    ("hubspot", "create", ("properties", "hs_pipeline"), "7"),
    ("hubspot", "comment", ("properties", "hs_timestamp"), "today"),
    ("hubspot", "comment", ("associations", 0, "types", 0, "associationTypeId"), 16),
    ("salesforce", "create", ("Priority",), "Urgent"),
    ("salesforce", "create", ("SuppliedEmail",), "nobody"),
    ("salesforce", "comment", ("ParentId",), "500000000000099AAA"),
]
"""None: the member is left out."""
FAILED = 400
LOG = "<x' &\\>\n" * 25_000


def with_value(request: SampleRequest, path: Sequence[str | int], value: object) -> object:
    tree = deepcopy(request.json)
    at = tree
    for step in path[:-1]:
        at = at[step]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return tree


def status(preset: str, name: str, path: Sequence[str | int], value: object) -> int:
    request = sample(preset, name).requests[0]
    with fakes()[preset]() as fake:
        if name != "create":
            assert send(fake, sample(preset, "create").requests[0]).status < FAILED
        return send(fake, request, json=with_value(request, path, value)).status


@pytest.mark.parametrize(("preset", "name", "path", "most"), LIMITS)
def test_a_text_may_be_as_long_as_it_may_be(
    preset: str, name: str, path: tuple[str | int, ...], most: int
) -> None:
    assert status(preset, name, path, "x" * most) < FAILED
    assert status(preset, name, path, "x" * (most + 1)) >= FAILED


@pytest.mark.parametrize(("preset", "name", "path", "value"), WRONG)
def test_what_is_malformed_is_refused(
    preset: str, name: str, path: tuple[str | int, ...], value: object
) -> None:
    assert status(preset, name, path, value) >= FAILED


def test_an_embed_of_discord_is_no_longer_than_all_together_may_be() -> None:
    request = sample("discord", "create").requests[0]
    embed = {**request.json["embeds"][0], "description": "x" * 4096, "footer": {"text": "x" * 1900}}
    with fakes()["discord"]() as fake:
        assert send(fake, request, json={"embeds": [embed]}).status == 400


def test_a_message_is_no_larger_than_its_system_takes() -> None:
    for preset, path, most in (
        ("teams", CARD, 28 * 1024),
        ("google_chat", (*WIDGETS, 1, "textParagraph", "text"), 32_000),
        ("pagerduty", ("payload", "custom_details", "description"), 512_000),
    ):
        assert status(preset, "create", path, "x" * (most // 2)) < FAILED
        assert status(preset, "create", path, "x" * most) >= FAILED


def test_markup_does_not_count_in_telegram() -> None:
    assert status("telegram", "create", ("text",), f"<b>{'&lt;' * 4096}</b>") == 200


@pytest.mark.parametrize(
    "preset", ["slack", "slack_attachments", "teams", "discord", "google_chat", "telegram"]
)
def test_an_event_of_no_case_is_shown_however_large_it_is(preset: str) -> None:
    (told,) = [one.told for one in read_conversations(FOLDER / "slack") if one.name == "no_case"]
    event = msgspec.structs.replace(told.event, data={"host": "db1", "log": LOG})
    told = msgspec.structs.replace(told, event=event, settings=sample(preset, "create").settings)
    request = next(Conversing(recipe_of(preset, told.settings)).talk(asked_of(told)))
    with fakes()[preset]() as fake:
        like = sample(preset, "create").requests[0]
        assert send(fake, like, url=request.url.text, json=json.loads(request.body)).status < FAILED


@pytest.mark.parametrize(
    ("preset", "url"),
    [
        ("teams", "https://acme.webhook.office.com/webhookb2/1@2/IncomingWebhook/3/4"),
        ("teams", "https://acme.WEBHOOK.office.com/webhookb2/1"),
        ("teams", "https://outlook.office.com/webhook/1"),
        ("slack", "https://hooks.slack.com/triggers/T0/1/2"),
        ("slack", "https://hooks.slack.com/workflows/T0/1/2"),
        ("slack_attachments", "https://hooks.slack.com/triggers/T0/1/2"),
        ("n8n", "https://n8n.example.com/webhook-test/1"),
    ],
)
def test_an_address_that_serves_nobody_is_refused_with_the_reason(preset: str, url: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        checked(PRESETS[preset], {"url": url})
    assert refusal.value.field == "settings.url"
    assert refusal.value.hint


@pytest.mark.parametrize(
    ("preset", "settings", "base"),
    [
        ("pagerduty", {"routing_key": "0" * 32}, "https://events.pagerduty.com"),
        ("pagerduty", {"routing_key": "0" * 32, "region": "eu"}, "https://events.eu.pagerduty.com"),
        ("pagerduty", {"routing_key": "0" * 32, "api_url": "https://proxy.example"}, "https://proxy.example"),
        ("opsgenie", {"api_key": "0" * 36}, "https://api.opsgenie.com"),
        ("opsgenie", {"api_key": "0" * 36, "region": "eu"}, "https://api.eu.opsgenie.com"),
    ],
)
def test_the_region_decides_where_alarms_go(preset: str, settings: dict[str, Any], base: str) -> None:
    assert recipe_of(preset, settings).base == base


def test_the_way_in_to_n8n_is_that_of_its_node() -> None:
    url = "https://n8n.example.com/webhook/1"
    for given, missing in (
        ({"auth": "basic", "username": "anna"}, "auth"),
        ({"auth": "header"}, "header_value"),
        ({"auth": "jwt"}, "token"),
    ):
        with pytest.raises(InvalidField) as refusal:
            checked(PRESETS["n8n"], {"url": url, **given})
        assert refusal.value.field == f"settings.{missing}"
