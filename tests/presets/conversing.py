"""A sample as a conversation: what the preset really sends, and what it makes of the answers that the sample gives."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from hookline.catalog.loader import load_cases, load_dialects, load_presets, load_providers, load_systems
from hookline.catalog.preset_samples import data_of
from hookline.catalog.preset_settings import checked
from hookline.clock import SECOND, Micros
from hookline.deliver.conversation import Conversing
from hookline.deliver.dialect import Envelope
from hookline.deliver.prepared import Prepared
from hookline.deliver.recipe import Recipe
from hookline.deliver.variables import reference_of
from hookline.deliver.verdict import Asked, Verdict
from hookline.model.attempt import Exchange
from hookline.model.cases import Cases
from hookline.model.conversation import (
    Conversation,
    ConversationFile,
    Ending,
    SampleRemote,
    SampleReply,
    SampleRequest,
)
from hookline.model.endpoint import Endpoint
from hookline.model.event import Event
from hookline.model.ids import EndpointId, EventId, TenantId
from hookline.model.remote import Remote
from hookline.net.request import Request
from hookline.template.values import decode

TENANT, ENDPOINT = TenantId("ten_1"), EndpointId("ep_1")
NOW = Micros(0)
TOKEN = "Bearer t0ken"
"""Of samples whose token a token server gives."""
PRESETS = load_presets()
SYSTEMS = load_systems(load_dialects(), load_providers())
CASES = Cases(SYSTEMS, load_cases())
DIALECTS = {name: Envelope(dialect) for name, dialect in load_dialects().items()}


class Conversed(msgspec.Struct, frozen=True, kw_only=True):
    requests: list[Request]
    ending: Ending
    reason: str
    remote: Remote | None


def recipe_of(preset: str, settings: Mapping[str, Any]) -> Recipe:
    endpoint = Endpoint(
        id=ENDPOINT,
        tenant_id=TENANT,
        url="",
        preset=preset,
        settings=dict(checked(PRESETS[preset], settings)),
        created_at=NOW,
        updated_at=NOW,
    )
    return Recipe(Prepared(PRESETS[preset]), endpoint, DIALECTS[PRESETS[preset].dialect])


def asked_of(told: ConversationFile, data: object = msgspec.UNSET) -> Asked:
    """`data`: in the place of the event's."""
    event = told.event
    data = decode(msgspec.json.encode(data_of(event, SYSTEMS) if data is msgspec.UNSET else data))
    case = CASES.of(event.type, event.system, data)
    key = "" if case is None else case.key
    return Asked(
        event=Event(
            id=EventId(event.id),
            tenant_id=TENANT,
            type=event.type,
            system=event.system,
            data=msgspec.json.encode(data_of(event, SYSTEMS)),
            time=Micros(int(datetime.fromisoformat(event.time).timestamp()) * SECOND),
            accepted_at=NOW,
            tags=event.tags,
        ),
        attempt=told.attempt,
        now=NOW,
        data=data,
        case=case,
        key=key,
        remote=None if told.remote is None else known(told.remote, key),
    )


def known(remote: SampleRemote, key: str) -> Remote:
    return Remote(
        tenant_id=TENANT,
        endpoint_id=ENDPOINT,
        case=key,
        id=remote.id,
        url=remote.url,
        fields=remote.fields,
        created_at=NOW,
        updated_at=NOW,
    )


def converse(preset: str, told: ConversationFile) -> Conversed:
    """Until it has come to its end; more requests than the sample has get no answer."""
    asked = asked_of(told)
    talk = Conversing(recipe_of(preset, told.settings)).talk(asked)
    requests: list[Request] = []
    answers = iter(told.requests)
    exchange: Exchange | None = None
    while True:
        try:
            requests.append(next(talk) if exchange is None else talk.send(exchange))
        except StopIteration as ended:
            return ended_with(ended.value, requests, asked)
        answer = next(answers, None)
        exchange = Exchange(detail="the sample has no answer") if answer is None else heard(answer.answer)


def heard(answer: SampleReply) -> Exchange:
    body = answer.text.encode() if answer.json is msgspec.UNSET else msgspec.json.encode(answer.json)
    return Exchange(status=answer.status, headers=tuple(answer.headers.items()), body=body)


def ended_with(verdict: Verdict, requests: list[Request], asked: Asked) -> Conversed:
    remote = asked.remote if verdict.remote is None else verdict.remote
    return Conversed(
        requests=requests,
        ending=ending_of(verdict),
        reason=verdict.final or verdict.exchange.detail,
        remote=remote if remote is not None and remote.id else None,
    )


def ending_of(verdict: Verdict) -> Ending:
    """Where no request came about but those that ask, there was nothing to do."""
    if verdict.cancelled:
        return Ending.DONE
    if verdict.exchange.cause is None:
        return Ending.DELIVERED if verdict.sent else Ending.DONE
    return Ending.DEAD if verdict.final else Ending.RETRY


def with_reference(sample: Conversation) -> ConversationFile:
    """A sample has a reference for the eye, `ticket-4711-9b7e5d24`; here it is the one that this tenant's case has."""
    reference = reference_of(asked_of(sample.told))
    readable = reference.rpartition("-")[0]
    text = msgspec.json.encode(sample.told).decode()
    return msgspec.json.decode(
        re.sub(rf"{re.escape(readable)}-[0-9a-f]{{8}}(?![0-9a-f])", reference, text), type=ConversationFile
    )


def shown(request: Request, like: SampleRequest) -> dict[str, Any]:
    """As a sample tells it, with those headers alone that this one names. An access token comes when it is sent."""
    headers = {"authorization": TOKEN} | {name.lower(): value for name, value in request.headers}
    told: dict[str, Any] = {
        "method": request.method,
        "url": request.url.text,
        "headers": {name: headers.get(name.lower()) for name in like.headers},
    }
    if like.json is not msgspec.UNSET:
        told["json"] = json.loads(request.body or b"null")
    else:
        told["body"] = (request.body or b"").decode()
    return told


def expected(request: SampleRequest) -> dict[str, Any]:
    told: dict[str, Any] = {"method": request.method, "url": request.url, "headers": request.headers}
    if request.json is not msgspec.UNSET:
        told["json"] = json.loads(msgspec.json.encode(request.json))
    else:
        told["body"] = request.body
    return told
