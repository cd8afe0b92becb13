"""What the systems' documents show is what is delivered, field by field and header by header; the copies of it stand in
`shown.py`, so that this runs without the documents.
"""

import hashlib
import hmac
import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hookline.catalog.loader import load_dialects, load_providers, load_systems
from hookline.clock import SECOND, Micros
from hookline.model.system import System
from tests.clock import ManualClock
from tests.systems.capturing import SECRET, Delivered, delivered
from tests.systems.contradictions import CONTRADICTIONS
from tests.systems.shown import (
    ACTIVITY,
    CALL,
    CASE_FIELDS,
    CONFIGURATIONS,
    CREATED,
    EXAMPLES,
    FOURCALLS_TYPES,
    HEADERS,
    INCLUDED,
    PAYLOADS,
    PBX_EVENTS,
    TICKET,
    URPA_TYPES,
    Example,
)

OF_HTTP = {"host", "content-length", "accept-encoding", "connection"}
"""Headers that no document speaks of, because every request has them."""
AUTHENTICATION = (
    ("Authorization", "Basic dXNlcjpwYXNz"),
    ("Authorization", "Bearer your-api-token"),
    ("X-API-Key", "your-api-key"),
)
"""Headers of the gateway's outputs."""
FOURCALLS = Example("", "4calls", {**ACTIVITY.body, "event": "contact.created"})


def systems() -> dict[str, System]:
    return dict(load_systems(load_dialects(), load_providers()))


def time_of(example: Example) -> Micros:
    """Where the document names no zone, UTC, which is the tenant's."""
    told = datetime.fromisoformat(example.body["timestamp"])
    aware = told if told.tzinfo else told.replace(tzinfo=ZoneInfo("UTC"))
    return Micros(int(aware.timestamp()) * SECOND + aware.microsecond)


async def sent(example: Example, path: Path, clock: ManualClock) -> Delivered:
    return await delivered(
        example.system, example.type, example.body["data"], path, clock, at=time_of(example)
    )


def ids(example: Example) -> str:
    return example.unit or example.system


@pytest.mark.parametrize("example", EXAMPLES, ids=ids)
async def test_a_delivery_is_the_example_field_by_field(
    example: Example, tmp_path: Path, clock: ManualClock
) -> None:
    """The same fields in the same order, but for those that a document contradicts itself about."""
    told = json.loads((await sent(example, tmp_path, clock)).body)
    assert told == {**example.body, **example.other}
    assert [name for name in told if name in example.body] == list(example.body)
    assert list(told["data"]) == list(example.body["data"])


def test_only_what_is_contradicted_differs_from_an_example() -> None:
    told = {one.unit for one in CONTRADICTIONS}
    assert [one.unit for one in EXAMPLES if one.other and one.unit not in told] == []


@pytest.mark.parametrize("example", [*EXAMPLES, FOURCALLS], ids=ids)
async def test_a_delivery_has_the_headers_of_the_table_and_no_others(
    example: Example, tmp_path: Path, clock: ManualClock
) -> None:
    """Spelled as there; what has no table of its own still names its content and its sender."""
    got = await sent(example, tmp_path, clock)
    body, table = json.loads(got.body), HEADERS[example.system]
    known = {
        "hmac": hmac.new(SECRET.encode(), got.body, hashlib.sha256).hexdigest(),
        "type": example.type,
        "id": body.get("idempotency_key") or body.get("event_id"),
    }
    for header in table:
        assert got.headers[header.name.lower()] == header.value.format(**known), header.name
    assert {header.name for header in table} <= set(got.names)
    own = {header.name.lower() for header in table} | {"content-type", "user-agent"}
    assert set(got.headers) - OF_HTTP == own


@pytest.mark.parametrize("example", [TICKET, CALL], ids=ids)
async def test_without_a_secret_nothing_is_signed(
    example: Example, tmp_path: Path, clock: ManualClock
) -> None:
    got = await delivered(example.system, example.type, example.body["data"], tmp_path, clock, secrets=())
    assert "x-webhook-signature" not in got.headers


@pytest.mark.parametrize(
    ("example", "name", "value"),
    [
        (CALL, "Authorization", "Bearer your-token"),
        *((CREATED, *header) for one in CONFIGURATIONS for header in one.get("headers", {}).items()),
    ],
    ids=lambda one: one.system if isinstance(one, Example) else one,
)
async def test_headers_of_a_subscription_go_beside_those_of_the_system(
    example: Example, name: str, value: str, tmp_path: Path, clock: ManualClock
) -> None:
    data = example.body["data"]
    got = await delivered(example.system, example.type, data, tmp_path, clock, headers={name: value})
    assert got.headers[name.lower()] == value
    assert {header.name for header in HEADERS[example.system]} <= set(got.names)


@pytest.mark.parametrize("header", AUTHENTICATION, ids=lambda header: header[1])
async def test_an_output_of_the_gateway_is_sent_with_its_headers_and_no_signature(
    header: tuple[str, str], tmp_path: Path, clock: ManualClock
) -> None:
    name, value = header
    case = systems()["askpro-gateway"].events["service_case.created"].example
    headers = {name: value, "Content-Type": "application/json"}
    got = await delivered(
        "askpro-gateway", "service_case.created", case, tmp_path, clock, headers=headers, secrets=()
    )
    assert got.headers[name.lower()] == value
    assert set(got.headers) - OF_HTTP == {name.lower(), "content-type", "user-agent"}
    assert json.loads(got.body) == case


@pytest.mark.parametrize(
    ("system", "types"),
    [
        ("askpro-callbacks", tuple(INCLUDED)),
        ("ai-support-autoresponder", tuple(PAYLOADS)),
        ("pbx", PBX_EVENTS),
        ("urpa", URPA_TYPES),
        ("4calls", FOURCALLS_TYPES),
    ],
)
def test_a_system_has_the_event_types_that_its_document_names(system: str, types: tuple[str, ...]) -> None:
    assert tuple(systems()[system].events) == types


@pytest.mark.parametrize("name", PAYLOADS)
def test_the_data_of_the_autoresponder_holds_what_the_table_says(name: str) -> None:
    event = systems()["ai-support-autoresponder"].events[name]
    example, schema = dict(event.example), event.schema
    assert tuple(example) == PAYLOADS[name]
    assert tuple(schema["required"]) == PAYLOADS[name]


@pytest.mark.parametrize("name", INCLUDED)
def test_a_callback_request_holds_what_the_table_says(name: str) -> None:
    assert INCLUDED[name] in systems()["askpro-callbacks"].events[name].example["callback_request"]


def test_a_service_case_has_the_fields_that_templates_name() -> None:
    event = systems()["askpro-gateway"].events["service_case.created"]
    assert tuple(event.example) == CASE_FIELDS
    assert set(CASE_FIELDS) <= set(event.schema["properties"])
