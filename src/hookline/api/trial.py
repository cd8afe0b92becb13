"""Trials: a test event that is sent now and told whole; nothing of it is stored or counted."""

import msgspec

from hookline.api.attempt_out import AttemptOut, shaped_attempt
from hookline.api.parts import Parts
from hookline.api.times import iso
from hookline.deliver.tester import Trial
from hookline.model.endpoint import Endpoint
from hookline.model.event import Event
from hookline.model.patterns import ALL, check_type
from hookline.model.remote import Remote

TEST_TYPE = "hookline.test"
CASE_TYPE = "case.created"
"""Of a test with a preset: it makes a case, by the rules for events of no system."""
_CASE = {
    "case_id": "hookline-test",
    "subject": "Test from Hookline: it may be closed or deleted",
    "description": "Hookline sent this to see whether its settings are right. Nothing has happened, and nothing is to be "
    "done: close or delete it.",
    "category": "Test",
    "priority": "low",
    "customer_name": "Hookline Test",
}
"""Without a number and an address: nobody shall be called or written to."""


class MadeOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a test has made in another system."""

    id: str
    """As the other system calls it."""
    url: str
    """Its page there; empty where there is none."""


class TrialOut(AttemptOut, frozen=True, kw_only=True):
    """What came of a test: the whole exchange."""

    remote: MadeOut | None
    """With a preset: what stands in the other system now. It is real: close or delete it there."""


async def trial_event(parts: Parts, endpoint: Endpoint, event_type: str | None, data: bytes = b"") -> Event:
    """A test event. Type and data, left out, are those that the endpoint asks for and the example of that type; with a
    preset a case that says that it is a test.
    """
    if endpoint.preset and event_type is None and not data:
        return _event(parts, msgspec.structs.replace(endpoint, system=""), CASE_TYPE, _case(parts))
    exact = [pattern for pattern in endpoint.events if not pattern.endswith(ALL)]
    usual = CASE_TYPE if endpoint.preset else TEST_TYPE
    name = event_type if event_type is not None else next(iter(exact), usual)
    check_type(name)
    return _event(parts, endpoint, name, data or await _example(name, endpoint, parts))


def shaped_trial(trial: Trial, request_body: bytes | None = None) -> TrialOut:
    """`request_body`: where the attempt does not know it itself."""
    told = msgspec.structs.asdict(shaped_attempt(trial.attempt, request_body))
    return TrialOut(**told, remote=_made(trial.remote))


def _made(remote: Remote | None) -> MadeOut | None:
    return None if remote is None else MadeOut(id=remote.id, url=remote.url)


def _event(parts: Parts, endpoint: Endpoint, name: str, data: bytes) -> Event:
    now = parts.clock.now()
    return Event(
        id=parts.ids.event(),
        tenant_id=endpoint.tenant_id,
        type=name,
        data=data,
        time=now,
        accepted_at=now,
        system=endpoint.system,
    )


def _case(parts: Parts) -> bytes:
    return msgspec.json.encode({**_CASE, "created_at": iso(parts.clock.now())})


async def _example(name: str, endpoint: Endpoint, parts: Parts) -> bytes:
    """The tenant's own, else that of the endpoint's system."""
    config, system = await parts.config(endpoint.tenant_id), parts.systems.get(endpoint.system)
    known = config.event_types.get(name)
    if known is not None and known.example is not None:
        return bytes(known.example)
    if system is not None and name in system.events:
        return msgspec.json.encode(system.events[name].example)
    return b'{"message":"This is a test from Hookline."}'
