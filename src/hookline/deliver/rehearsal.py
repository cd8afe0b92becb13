"""Rehearsal: a sample of a preset played without a network. It says what is asked for that it does not say, and what it says that
does not come. Pure.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from hookline.catalog.preset_samples import data_of
from hookline.catalog.preset_settings import checked
from hookline.clock import SECOND, Micros
from hookline.deliver.conversation import Conversing
from hookline.deliver.dialect import Envelope
from hookline.deliver.outcome import Delivered, GiveUp, RetryLater, judge_verdict
from hookline.deliver.prepared import Prepared
from hookline.deliver.recipe import Recipe
from hookline.deliver.verdict import Asked, Verdict
from hookline.model.attempt import Exchange
from hookline.model.cases import Cases
from hookline.model.conversation import ConversationFile, Ending, SampleRemote, SampleReply, SampleRequest
from hookline.model.endpoint import Endpoint
from hookline.model.event import Event
from hookline.model.ids import EndpointId, EventId, TenantId
from hookline.model.preset import Preset
from hookline.model.remote import Remote
from hookline.model.system import System
from hookline.net.request import Request

TENANT = TenantId("acme")
DIGEST = "1f9a03bc"
"""What references end in: samples speak of no tenant."""
_ENDPOINT = EndpointId("ep_01JH7Z5N8Q4V2X6T0R9M3K1W7C")


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """What a rehearsal needs of the catalogue."""

    systems: Mapping[str, System]
    cases: Cases
    dialects: Mapping[str, Envelope]


def rehearse(preset: Preset, told: ConversationFile, stage: Stage) -> Sequence[str]:
    """What differs, a sentence each. Raises InvalidField for settings or an event that cannot be."""
    asked = _asked(told, stage)
    settings = dict(checked(preset, told.settings))
    endpoint = Endpoint(
        id=_ENDPOINT,
        tenant_id=TENANT,
        url="",
        preset=preset.name,
        settings=settings,
        dialect=preset.dialect,
        timeout=preset.timeout,
        retry=preset.retry,
        created_at=asked.now,
        updated_at=asked.now,
    )
    recipe = Recipe(Prepared(preset), endpoint, stage.dialects[preset.dialect])
    mistakes: list[str] = []
    verdict = _played(Conversing(recipe), asked, told.requests, mistakes)
    if verdict is not None:
        mistakes += _ended(verdict, told, endpoint)
    return mistakes


def _played(
    talker: Conversing, asked: Asked, requests: Sequence[SampleRequest], mistakes: list[str]
) -> Verdict | None:
    talk = talker.talk(asked)
    try:
        made = next(talk)
        for number, wanted in enumerate(requests, 1):
            mistakes += [
                f"request {number}: {mistake}" for mistake in _differences(wanted, made, talker.recipe)
            ]
            made = talk.send(_exchange(wanted.answer))
    except StopIteration as end:
        verdict: Verdict = end.value
        return verdict
    talk.close()
    mistakes.append(f"request {len(requests) + 1}: {made.method} {made.url.text} is not in the sample")
    return None


def _asked(told: ConversationFile, stage: Stage) -> Asked:
    event_time = Micros(int(datetime.fromisoformat(told.event.time).timestamp()) * SECOND)
    data = data_of(told.event, stage.systems)
    event = Event(
        id=EventId(told.event.id),
        tenant_id=TENANT,
        type=told.event.type,
        data=msgspec.json.encode(data),
        time=event_time,
        accepted_at=event_time,
        tags=told.event.tags,
        system=told.event.system,
    )
    case = stage.cases.of(event.type, event.system, data)
    key = case.key if case is not None else ""
    return Asked(
        event=event,
        attempt=told.attempt,
        now=event_time,
        data=data,
        case=case,
        key=key,
        digest=DIGEST,
        remote=None if told.remote is None else _remote(told.remote, key, event_time),
    )


def _remote(told: SampleRemote, key: str, at: Micros) -> Remote:
    return Remote(
        tenant_id=TENANT,
        endpoint_id=_ENDPOINT,
        case=key,
        id=told.id,
        url=told.url,
        fields=told.fields,
        created_at=at,
        updated_at=at,
    )


def _exchange(answer: SampleReply) -> Exchange:
    body = answer.text.encode() if answer.json is msgspec.UNSET else msgspec.json.encode(answer.json)
    return Exchange(status=answer.status, headers=tuple(answer.headers.items()), body=body)


def _differences(wanted: SampleRequest, made: Request, recipe: Recipe) -> Iterator[str]:
    if (wanted.method, wanted.url) != (made.method, made.url.text):
        yield f"{made.method} {made.url.text} was made, not {wanted.method} {wanted.url}"
    lines = {name.lower(): value for name, value in made.headers}
    if recipe.target.authorized:
        lines.setdefault("authorization", "Bearer ***")
    for name, value in wanted.headers.items():
        if lines.get(name.lower()) != value:
            yield f"the header {name} is {lines.get(name.lower())!r}, not {value!r}"
    if wanted.json is not msgspec.UNSET:
        yield from _of_json(wanted.json, made.body)
    elif wanted.body.encode() != made.body:
        yield f"the body is {made.body.decode(errors='replace')!r}, not {wanted.body!r}"


def _of_json(wanted: object, body: bytes) -> Iterator[str]:
    try:
        made = json.loads(body)
    except ValueError:
        yield f"the body is no JSON: {body.decode(errors='replace')!r}"
        return
    if json.dumps(made, sort_keys=True) != json.dumps(wanted, sort_keys=True):
        yield f"the body is {json.dumps(made, ensure_ascii=False)}, not {json.dumps(wanted, ensure_ascii=False)}"


def _ended(verdict: Verdict, told: ConversationFile, endpoint: Endpoint) -> Iterator[str]:
    ending, reason = _ending(verdict, endpoint)
    if ending is not told.outcome:
        yield f"it ends {ending} ({reason or 'no reason'}), not {told.outcome}"
    if told.reason and told.reason != reason:
        yield f"the reason is {reason!r}, not {told.reason!r}"
    if told.remote_after != _left(verdict, told.remote):
        yield f"what is known behind it is {_left(verdict, told.remote)}, not {told.remote_after}"


def _ending(verdict: Verdict, endpoint: Endpoint) -> tuple[Ending, str]:
    if verdict.cancelled:
        return Ending.DONE, verdict.cancelled
    outcome = judge_verdict(verdict, endpoint.retry, failures=0, now=endpoint.created_at, draw=0.0)
    match outcome:
        case Delivered():
            return (Ending.DONE if verdict.sent is None else Ending.DELIVERED), ""
        case RetryLater():
            return Ending.RETRY, verdict.exchange.detail
        case GiveUp(reason=reason):
            return Ending.DEAD, reason


def _left(verdict: Verdict, before: SampleRemote | None) -> SampleRemote | None:
    after = verdict.remote
    if after is None:
        return before
    return SampleRemote(id=after.id, url=after.url, fields=after.fields) if after.id else None
