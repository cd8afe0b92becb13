"""The documents of the six systems, where they are at hand: the copies of `shown.py` are what they say, and nothing that
they show is left without a test.
"""

import json
import re
from pathlib import Path

import pytest
import yaml

from hookline.catalog.loader import load_dialects, load_presets, load_providers, load_systems
from hookline.declare.file import DeclaredFile
from hookline.systems.askpro import TrialOut
from tests.catalog.test_systems import DIALECTS, PROVIDERS
from tests.engine.test_retry_times import MINUTE, WAITS
from tests.systems.census import BESIDE, COVERED
from tests.systems.contradictions import CONTRADICTIONS, Contradiction
from tests.systems.documents import (
    NUMBERS,
    document,
    items,
    lines,
    needs_documents,
    php_arrays,
    rows,
    shown_json,
    unit,
    units,
)
from tests.systems.shown import (
    CALCOM,
    CASE_FIELDS,
    CONFIGURATIONS,
    DEFAULTS,
    EXAMPLES,
    EXCHANGE,
    FOURCALLS_REQUESTS,
    FOURCALLS_TYPES,
    HEADERS,
    INCLUDED,
    METRICS,
    OUTPUT,
    PAYLOADS,
    PBX_ADDED,
    PBX_EVENTS,
    PBX_LIST,
    PRINTED,
    RETELL,
    URPA_REQUESTS,
    URPA_TYPES,
    Example,
)
from tests.systems.test_autoresponder import WHOLE
from tests.systems.test_shown import AUTHENTICATION

pytestmark = needs_documents
TESTS = Path(__file__).parents[1]
MISSING = re.compile(r"(?m)^(?:async )?def (test_\w+)")


def test_nothing_that_a_document_shows_is_covered_by_no_test() -> None:
    shown = [name for number in NUMBERS for name in units(number)]
    known = {**COVERED, **BESIDE}
    assert [name for name in shown if name not in known] == []
    assert [name for name in known if name not in shown] == []


def test_every_command_is_a_unit_of_its_own() -> None:
    """Those in running text would be overlooked."""
    for number in NUMBERS:
        in_units = sum(text.count("curl ") for name, text in units(number).items() if "/bash" in name)
        assert document(number).count("curl ") == in_units


@pytest.mark.parametrize(
    "place",
    sorted({place for places in COVERED.values() for place in places} | {one.test for one in CONTRADICTIONS}),
)
def test_what_is_said_to_cover_it_is_there(place: str) -> None:
    file, _, name = place.partition("::")
    assert name in MISSING.findall((TESTS / file).read_text())


@pytest.mark.parametrize("one", CONTRADICTIONS, ids=lambda one: one.unit)
def test_a_contradiction_stands_in_the_document(one: Contradiction) -> None:
    """Its two sides, or the one and that the other lacks it; `test_what_is_said_to_cover_it_is_there` is about the choice."""
    assert [words for words in one.words if words not in document(one.unit[:3])] == []
    here = unit(one.unit)
    if one.lacks:
        assert one.lacks in "".join(one.words)
        assert one.lacks not in here
    else:
        assert any(words in here for words in one.words)
    assert one.says.endswith(".")
    assert one.choice.endswith(".")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.unit)
def test_an_example_is_copied_as_it_is(example: Example) -> None:
    shown = shown_json(example.unit)
    assert shown == example.body
    assert list(shown) == list(example.body)


def test_the_headers_are_copied_as_they_are() -> None:
    callbacks = lines("001/HMAC Signature Verification/text")
    assert callbacks == [(one.name, one.shown) for one in HEADERS["askpro-callbacks"]]
    planned = lines("003/Future: HMAC Signature (Planned)/text")
    pbx = [*lines("003/HTTP Headers/text"), *planned]
    assert pbx == [(one.name, one.shown) for one in HEADERS["pbx"]]
    support = [(code, said) if said else tuple(code.split(": ")) for code, said in items("002/Headers/list")]
    assert support == [(one.name, one.shown) for one in HEADERS["ai-support-autoresponder"]]
    for place, at in (("HMAC Signature Verification", 0), ("Event Headers", 1)):
        told = re.findall(r"`(X-[^`]+)`", unit(f"004/{place}/list"))
        assert told == [HEADERS["urpa"][at].name, HEADERS["4calls"][at].name]
    outputs = re.findall(r"'([\w-]+)' => '([^']+)'", unit("000/Outgoing Webhook Authentication/php"))
    basic = "'Authorization' => 'Basic ' . base64_encode('user:pass')"
    assert basic in unit("000/Outgoing Webhook Authentication/php")
    assert [outputs[0], *outputs[1:]] == [("Authorization", "Basic "), *AUTHENTICATION[1:]]


def test_every_header_that_a_document_names_is_compared() -> None:
    """In tables and lists, in code and in running text."""
    named = re.compile(r"\b(?:X-[\w{}$-]+|Authorization|Content-Type|User-Agent)", re.IGNORECASE)
    told = {name.lower() for number in NUMBERS for name in named.findall(document(number))}
    sent = {one.name.lower() for table in HEADERS.values() for one in table}
    outputs = {name.lower() for name, _ in AUTHENTICATION}
    assert told == {
        *sent,
        *outputs,
        "x-{$provider}-signature",
    }  # the last one comes in: of Retell and Cal.com


def test_answers_and_requests_are_copied_as_they_are() -> None:
    assert shown_json("003/Get All Webhook Subscriptions/json") == PBX_LIST
    assert shown_json("003/Add Webhook Subscription/json") == PBX_ADDED
    assert shown_json("002/Creating Tickets via Webhook/json") == WHOLE
    assert unit("002/Endpoint/text").strip() == "POST /api/webhooks/receive"
    assert dict(items("004/URPA Webhook Endpoints/list")) == URPA_REQUESTS
    assert dict(items("004/4Calls Webhook Endpoints/list")) == FOURCALLS_REQUESTS
    assert tuple(row[1] for row in rows("000/Retell.ai Webhooks/table")) == RETELL
    assert tuple(row[0] for row in rows("000/Cal.com Webhooks/table")) == CALCOM
    assert RETELL[1] in unit("000/Local Development/bash")
    counted = [code for code, _ in items("003/Check Subscription Status/list")]
    assert counted == ["success_count", "failure_count", "last_sent", "enabled"]
    assert set(counted) <= set(PBX_LIST[0])


def test_the_event_types_are_those_of_the_documents() -> None:
    calls = ("Call", "Voicemail", "Extension", "Queue", "Paging", "Conference")
    pbx = [code for name in calls for code, _ in items(f"003/{name} Events/list")]
    assert tuple(pbx) == PBX_EVENTS
    dispatched = "004/Webhook Events Dispatched/list"
    assert tuple(code for code, _ in items(dispatched)) == URPA_TYPES
    assert tuple(code for code, _ in items(f"{dispatched} 2")) == FOURCALLS_TYPES
    support = {row[0]: tuple(re.findall(r"(\w+):", row[2])) for row in rows("002/Available Events/table")}
    assert support == PAYLOADS
    callbacks = {row[0]: row[2] for row in rows("001/8 Available Events/table")}
    assert list(callbacks) == list(INCLUDED)
    for name in ("contacted", "completed", "expired"):
        included = INCLUDED[f"callback.{name}"]
        assert included in callbacks[f"callback.{name}"]
    variables = [row[0].strip("{}") for row in rows("000/Template Variables/table")]
    assert tuple(variables) == CASE_FIELDS


def test_every_preset_of_the_gateway_has_its_name() -> None:
    assert {row[1] for row in rows("000/Webhook Presets/table")} <= set(load_presets())


def test_an_output_is_that_of_the_document() -> None:
    """But for the two ids, which the document computes."""
    (shown,) = php_arrays(unit("000/Configuration/php"))
    computed = {name: OUTPUT[name] for name in ("company_id", "category_id")}
    assert shown | computed == OUTPUT


def test_what_jira_and_slack_get_is_copied_as_it_is() -> None:
    for name, copy in PRINTED.items():
        assert json.loads(unit(f"000/{name}/json")) == copy


def test_the_retry_times_are_those_of_the_documents() -> None:
    """The first number of a gateway's table is the attempt that is made at once."""
    gateway = [row[1] for row in rows("000/Outgoing Webhook Retries/table")]
    assert gateway == ["Immediate", *(f"{wait} seconds" for wait in WAITS["askpro-gateway"])]
    code = unit("000/Outgoing Webhook Retries/php")
    assert f"$backoff = {list(WAITS['askpro-gateway'])};" in code
    assert f"$tries = {len(WAITS['askpro-gateway']) + 1};" in code
    callbacks = re.findall(r"\+(\d+) seconds", unit("001/5. Retry Logic/text"))
    assert tuple(map(int, callbacks)) == WAITS["askpro-callbacks"]
    minutes = re.findall(r"Attempt \d: (\d+) minutes", document("004"))
    assert tuple(int(one) * MINUTE for one in minutes) == WAITS["urpa"] == WAITS["4calls"]
    pbx = yaml.safe_load(unit("003/Configuration/yaml"))["features"]["webhooks"]
    assert (pbx["retry_delay"],) * (pbx["max_retries"] - 1) == WAITS["pbx"]


def test_the_timeouts_are_those_of_the_documents() -> None:
    found = load_systems(DIALECTS, PROVIDERS)
    assert f"timeout({found['askpro-gateway'].timeout:g})" in unit("000/Outgoing Webhook Retries/php")
    pbx = yaml.safe_load(unit("003/Configuration/yaml"))["features"]["webhooks"]
    assert found["pbx"].timeout == pbx["timeout"]
    assert found["askpro-callbacks"].timeout == DEFAULTS["timeout_seconds"]


def test_the_fields_of_a_configuration_are_those_of_the_document() -> None:
    given = [php_arrays(unit(f"001/{name}/php"))[0] for name in _CREATED]
    for copy, shown in zip(CONFIGURATIONS, given, strict=True):
        assert copy == {name: value for name, value in shown.items() if name != "company_id"}
    defaults = {row[0]: row[3] for row in rows("001/Webhook Configuration Fields/table")}
    named = {"true": True, "null": None}
    told = {name: int(text) if text.isdecimal() else named.get(text, text) for name, text in defaults.items()}
    needed = {"name", "url", "subscribed_events"}
    assert {name for name, text in told.items() if text == "Required"} == needed
    assert told.pop("secret_key") == "Auto-generated"
    assert {name: value for name, value in told.items() if name not in needed} == DEFAULTS
    metrics = re.findall(r"\$webhook->(\w+);", unit("001/Webhook Configuration Metrics/php"))
    assert tuple(metrics) == METRICS


_CREATED = ("Example Webhook Configuration", "Example 1: Slack Integration", "Example 2: CRM Integration")


def test_tests_and_the_log_have_the_fields_of_the_documents() -> None:
    assert tuple(php_arrays(unit("000/Exchange Log/php"))[0]) == EXCHANGE
    trial = re.findall(r"'(\w+)' =>", unit("000/Webhook Testing Endpoint/php"))
    assert trial == ["test", "timestamp", "message", *TrialOut.__struct_fields__]
    assert "AskPro webhook test" in unit("000/Webhook Testing Endpoint/php")
    own = unit("001/Test Webhook Function/php")
    assert re.findall(r'"(\w+)":', own) == ["test", "message", "webhook_name", "timestamp"]
    assert "This is a test webhook delivery from AskPro AI Gateway" in own
    failed = re.findall(r"'(delivery_\w+)' =>", unit("000/Failure Notifications/php"))
    kind = load_systems(load_dialects(), load_providers())["askpro-gateway"].records["service_case"]
    assert kind.delivery is not None
    assert failed == [kind.delivery.status, kind.delivery.error]


def test_the_pbx_own_config_declares_what_it_shows(tmp_path: Path) -> None:
    """With sections of the PBX's own around it."""
    file = tmp_path / "config.yml"
    own = unit("003/Configuration/yaml")
    file.write_text(f"sip:\n  port: 5060\n{own}  voicemail: {{enabled: true}}\nlogging: {{level: info}}\n")
    shown = yaml.safe_load(own)["features"]["webhooks"]
    endpoints = list(DeclaredFile(file).read().tenants["pbx"].endpoints.values())
    assert [one["url"] for one in endpoints] == [one["url"] for one in shown["subscriptions"]]
    assert [one["events"] for one in endpoints] == [one["events"] for one in shown["subscriptions"]]
    for one in endpoints:
        assert (one["timeout"], one["concurrency"]) == (shown["timeout"], shown["worker_threads"])
        assert (one["retry"]["attempts"], one["retry"]["delay"]) == (3, 5)
    assert endpoints[0]["secrets"] == ["your-webhook-secret"]
    assert endpoints[0]["headers"] == {"Authorization": "Bearer your-token"}
