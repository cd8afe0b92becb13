"""Samples of every preset, held as conversations: what is sent is what the sample says, and the answers mean what it says."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pytest

from hookline.catalog.loader import load_cases, load_dialects, load_presets, load_providers, load_systems
from hookline.catalog.preset_samples import data_of, read_conversations
from hookline.catalog.preset_settings import checked
from hookline.clock import SECOND, Micros
from hookline.deliver.conversation import Conversing
from hookline.deliver.dialect import compile_dialect
from hookline.deliver.prepared import Prepared
from hookline.deliver.recipe import Recipe
from hookline.deliver.variables import data_of as data_seen
from hookline.deliver.variables import reference_of
from hookline.deliver.verdict import Asked, Verdict
from hookline.model.attempt import Exchange
from hookline.model.cases import Cases
from hookline.model.conversation import Conversation, ConversationFile, Ending, SampleEvent, SampleRequest
from hookline.model.endpoint import Endpoint, OAuth2Auth
from hookline.model.event import Event
from hookline.model.ids import EndpointId, EventId, TenantId
from hookline.model.remote import Remote
from hookline.net.request import Request
from tests.presets.playing import PRESETS as FOLDERS

DIALECTS, PROVIDERS, PRESETS = load_dialects(), load_providers(), load_presets()
SYSTEMS = load_systems(DIALECTS.keys(), PROVIDERS)
CASES = Cases(SYSTEMS, load_cases())
TOLD = [(preset, one) for preset in PRESETS for one in read_conversations(FOLDERS / preset)]
DIGEST = "1f9a03bc"
"""At the end of a reference, in samples."""
TENANT, ENDPOINT, NOW = TenantId("ten_1"), EndpointId("ep_1"), Micros(1_767_323_045_000_000)


@pytest.mark.parametrize(("preset", "told"), TOLD, ids=[f"{preset}-{one.name}" for preset, one in TOLD])
def test_a_sample_is_held_as_it_says(preset: str, told: Conversation) -> None:
    sample = with_reference(told.told, reference_of(asked_of(told.told)))
    asked = asked_of(sample)
    recipe = recipe_of(preset, sample.settings)
    verdict = held(recipe, asked, list(sample.requests))
    assert ending(verdict) == sample.outcome
    assert sample.reason in verdict.exchange.detail
    known = sample.remote if verdict.remote is None else verdict.remote
    after = None if known is None or not known.id else (known.id, known.url)
    wanted = sample.remote_after
    assert after == (None if wanted is None else (wanted.id, wanted.url))


def with_reference(sample: ConversationFile, reference: str) -> ConversationFile:
    """With that of its case in the place of the one that stands in samples."""
    readable = reference.rpartition("-")[0]
    text = msgspec.json.encode(sample).decode().replace(f"{readable}-{DIGEST}", reference)
    return msgspec.json.decode(text, type=ConversationFile)


def recipe_of(preset: str, settings: dict[str, Any]) -> Recipe:
    rules = PRESETS[preset]
    endpoint = Endpoint(
        id=ENDPOINT,
        tenant_id=TENANT,
        url="",
        preset=preset,
        settings=dict(checked(rules, settings)),
        created_at=NOW,
        updated_at=NOW,
    )
    return Recipe(Prepared(rules), endpoint, compile_dialect(DIALECTS[rules.dialect]))


def asked_of(sample: ConversationFile) -> Asked:
    event = event_of(sample.event)
    case = CASES.of(event.type, event.system, json.loads(event.data))
    key = "" if case is None else case.key
    remote = None
    if sample.remote is not None:
        known = msgspec.structs.asdict(sample.remote)
        remote = Remote(
            tenant_id=TENANT, endpoint_id=ENDPOINT, case=key, created_at=NOW, updated_at=NOW, **known
        )
    return Asked(
        event=event, data=data_seen(event), attempt=sample.attempt, now=NOW, case=case, key=key, remote=remote
    )


def event_of(told: SampleEvent) -> Event:
    at = Micros(int(datetime.fromisoformat(told.time).timestamp()) * SECOND)
    return Event(
        id=EventId(told.id),
        tenant_id=TENANT,
        type=told.type,
        data=msgspec.json.encode(data_of(told, SYSTEMS)),
        time=at,
        accepted_at=at,
        tags=told.tags,
        system=told.system,
    )


def held(recipe: Recipe, asked: Asked, expected: list[SampleRequest]) -> Verdict:
    talk = Conversing(recipe).talk(asked)
    try:
        request = next(talk)
        while True:
            assert expected, f"nobody expects {request.method} {request.url.text}"
            sample = expected.pop(0)
            agree(recipe, sample, request)
            request = talk.send(exchange_of(sample))
    except StopIteration as end:
        assert not expected
        verdict: Verdict = end.value
        return verdict


def agree(recipe: Recipe, sample: SampleRequest, request: Request) -> None:
    assert (request.method, request.url.text) == (sample.method, sample.url)
    found = dict(lines_of(request))
    for name, value in sample.headers.items():
        if name == "Authorization" and isinstance(recipe.target.endpoint.auth, OAuth2Auth):
            continue  # the token comes later
        assert found.get(name.lower()) == value
    if sample.json is not msgspec.UNSET:
        assert json.loads(request.body) == sample.json
    else:
        assert request.body.decode() == sample.body


def lines_of(request: Request) -> Iterator[tuple[str, str]]:
    prefix = [line.partition(": ") for line in request.prefix.decode().split("\r\n")[1:] if line]
    for name, value in (*((name, value) for name, _, value in prefix), *request.headers):
        yield name.lower(), value


def exchange_of(sample: SampleRequest) -> Exchange:
    answer = sample.answer
    body = answer.text.encode() if answer.json is msgspec.UNSET else msgspec.json.encode(answer.json)
    return Exchange(status=answer.status, headers=tuple(answer.headers.items()), body=body)


def ending(verdict: Verdict) -> Ending:
    if verdict.cancelled:
        return Ending.DONE
    if verdict.exchange.cause is None:
        return Ending.DELIVERED
    return Ending.DEAD if verdict.final else Ending.RETRY
