"""Records on a whole gateway: a save and its events are one; dates pass on time and once, whatever befalls."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hookline.clock import SECOND, Micros
from hookline.errors import CommitUnknown, RecordChanged, Unavailable
from hookline.model.ids import TenantId
from hookline.model.record import Record, RecordKey
from hookline.records.saver import Saved
from tests.clock import ManualClock
from tests.engine.faults import Faulty
from tests.engine.gateway import ALICE, STRANGER, Gateway, folder, gateway
from tests.engine.gateway import until as settled
from tests.engine.receivers import Receiver

CALLS = "askpro-callbacks"


def key(record_id: str = "1", tenant: TenantId = ALICE) -> RecordKey:
    return RecordKey(tenant_id=tenant, system=CALLS, type="callback_request", id=record_id)


def callback(record_id: str = "1", **fields: Any) -> dict[str, Any]:
    return {
        "id": int(record_id),
        "customer_name": "Max Mustermann",
        "phone_number": "+4915112345678",
        "priority": "high",
        "status": "pending",
        "is_overdue": False,
        **fields,
    }


def written(at: int) -> str:
    return datetime.fromtimestamp(at / SECOND, UTC).isoformat()


async def save(hookline: Gateway, record_id: str = "1", tenant: TenantId = ALICE, **fields: Any) -> Saved:
    state = callback(record_id, **fields)
    return await hookline.engine.saver.save(key(record_id, tenant), lambda _: state)


def types(saved: Saved) -> list[str]:
    return [event.type for event in saved.events]


async def published(hookline: Gateway, tenant: TenantId = ALICE) -> list[str]:
    """Types of all events of the tenant, oldest first."""
    page = await hookline.store.events.list(tenant, limit=200)
    return [event.type for event in reversed(page.items)]


async def test_a_change_is_stored_with_its_events_which_are_delivered(
    hookline: Gateway, receiver: Receiver
) -> None:
    await hookline.endpoint(receiver.url(), system=CALLS, dialect=CALLS)
    first = await save(hookline)
    assert (types(first), first.record.version, first.changed) == (["callback.created"], 1, True)
    same = await save(hookline)
    assert (types(same), same.record.version, same.changed) == ([], 1, False)
    quiet = await save(hookline, notes="called twice")
    assert (types(quiet), quiet.record.version, quiet.changed) == ([], 2, True)
    done = await save(hookline, status="completed", assigned_to=7)
    assert types(done) == ["callback.assigned", "callback.completed"]
    await settled(lambda: len(receiver.got) == 3)
    told = [msgspec.json.decode(request.body)["event"] for request in receiver.got]
    assert Counter(told) == Counter(["callback.created", "callback.assigned", "callback.completed"])
    kept = await hookline.store.records.get(key())
    assert (msgspec.json.decode(kept.state)["status"], kept.version) == ("completed", 3)


async def test_saves_of_one_record_at_once_go_one_after_another(hookline: Gateway) -> None:
    """Each sees what the one before it has left: nobody is assigned twice, and no version is skipped."""
    await save(hookline)
    saved = await asyncio.gather(*[save(hookline, assigned_to=n % 4 + 1, notes=str(n)) for n in range(32)])
    assert sorted(one.record.version for one in saved) == list(range(2, 34))
    told = await published(hookline)
    before, expected = None, 0
    for one in sorted(saved, key=lambda one: one.record.version):
        now = one.state["assigned_to"]
        expected += now != before
        assert types(one) == (["callback.assigned"] if now != before else [])
        before = now
    assert Counter(told) == {"callback.created": 1, "callback.assigned": expected}


async def test_tenants_and_systems_do_not_see_each_others_records(hookline: Gateway) -> None:
    await save(hookline)
    assert types(await save(hookline, tenant=STRANGER)) == ["callback.created"]
    await hookline.store.records.delete(key(tenant=STRANGER))
    assert (await hookline.store.records.get(key())).version == 1
    assert await hookline.store.records.find(key(tenant=STRANGER)) is None


@pytest.mark.parametrize("new", [True, False])
async def test_another_version_keeps_the_record_and_its_events_out(
    hookline: Gateway, monkeypatch: pytest.MonkeyPatch, *, new: bool
) -> None:
    """Somebody else has saved it between the look and the commit."""
    if not new:
        await save(hookline)
    look = hookline.store.records.find
    stolen = False

    async def find(wanted: RecordKey) -> Record | None:
        nonlocal stolen
        found = await look(wanted)
        if not stolen:
            stolen = True
            await save_behind(hookline, found)
        return found

    monkeypatch.setattr(hookline.store.records, "find", find)
    saved = await save(hookline, status="completed")
    assert saved.record.version == (2 if new else 3)
    assert Counter(await published(hookline))["callback.completed"] == 1


async def save_behind(hookline: Gateway, found: Record | None) -> None:
    """As another node would, without an event."""
    now = hookline.clock.now()
    state = msgspec.json.encode(callback(notes="theirs"))
    version = 1 if found is None else found.version + 1
    record = Record(key=key(), state=state, version=version, created_at=now, updated_at=now)
    assert await hookline.store.records.save(record)


async def test_what_never_stops_changing_is_told(hookline: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    look = hookline.store.records.find

    async def find(wanted: RecordKey) -> Record | None:
        found = await look(wanted)
        await save_behind(hookline, found)
        return found

    monkeypatch.setattr(hookline.store.records, "find", find)
    with pytest.raises(RecordChanged):
        await save(hookline, status="completed")
    assert await published(hookline) == []


async def test_a_configuration_that_changes_meanwhile_is_matched_again(
    hookline: Gateway, receiver: Receiver
) -> None:
    """The event reaches the endpoint that was made behind the directory's back."""
    await save(hookline)
    await hookline.endpoint(receiver.url(), system=CALLS, dialect=CALLS)
    saved = await save(hookline, status="completed")
    assert (types(saved), saved.record.version) == (["callback.completed"], 2)
    await settled(lambda: len(receiver.got) == 1)


async def test_a_fault_stores_neither_and_a_repeat_stores_both(
    env: Mapping[str, str], clock: ManualClock
) -> None:
    faulty = Faulty()
    async with gateway(dict(env), clock, wrap=faulty.over) as made:
        await made.tenants()
        faulty.before("save", Unavailable("gone"))
        with pytest.raises(Unavailable):
            await save(made)
        assert await made.store.records.find(key()) is None
        assert await published(made) == []
        assert types(await save(made)) == ["callback.created"]


async def test_where_nobody_knows_a_repeat_makes_no_second_event(
    env: Mapping[str, str], clock: ManualClock
) -> None:
    """The answer of the commit was lost: the state is there, so the same state makes no event."""
    faulty = Faulty()
    async with gateway(dict(env), clock, wrap=faulty.over) as made:
        await made.tenants()
        faulty.after("save", CommitUnknown("lost"))
        with pytest.raises(CommitUnknown):
            await save(made)
        assert (await save(made)).changed is False
        assert await published(made) == ["callback.created"]


async def test_a_date_that_passes_makes_its_event_once(hookline: Gateway) -> None:
    due = hookline.clock.now() + 3600 * SECOND
    saved = await save(hookline, expires_at=written(due))
    assert saved.record.due_at == due
    await hookline.turn(3540, step=60)
    await hookline.turn(59)
    assert await published(hookline) == ["callback.created"]
    await until(hookline, ["callback.created", "callback.overdue"])
    assert hookline.clock.now() - due <= SECOND
    await until(hookline, ["callback.created", "callback.overdue", "callback.escalated"], step=60)
    await hookline.turn(7200, step=60)
    assert len(await published(hookline)) == 3
    assert (await hookline.store.records.get(key())).due_at is None


async def until(hookline: Gateway, wanted: list[str], step: float = 0.5) -> None:
    async with asyncio.timeout(15):
        while await published(hookline) != wanted:
            await hookline.turn(step, step)


async def test_a_date_moves_with_its_field_and_goes_when_the_record_closes(hookline: Gateway) -> None:
    due = hookline.clock.now() + 60 * SECOND
    await save(hookline, expires_at=written(due))
    moved = await save(hookline, expires_at=written(due + 60 * SECOND))
    assert moved.record.due_at == due + 60 * SECOND
    await hookline.turn(90, step=5)
    assert await published(hookline) == ["callback.created"]
    closed = await save(hookline, expires_at=written(due + 60 * SECOND), status="completed")
    assert closed.record.due_at is None
    await hookline.turn(120, step=5)
    assert await published(hookline) == ["callback.created", "callback.completed"]


async def test_a_date_in_the_past_passes_at_once_and_again_only_when_it_moves(hookline: Gateway) -> None:
    long_ago = hookline.clock.now() - 60 * SECOND
    await save(hookline, expires_at=written(long_ago))
    await until(hookline, ["callback.created", "callback.overdue"])
    await save(hookline, expires_at=written(long_ago), notes="still open")
    await hookline.turn(5)
    assert len(await published(hookline)) == 2
    await save(hookline, expires_at=written(long_ago + SECOND))
    await until(hookline, ["callback.created", "callback.overdue", "callback.overdue"])


async def test_dates_survive_a_restart(env: Mapping[str, str], clock: ManualClock) -> None:
    async with gateway(dict(env), clock) as made:
        await made.tenants()
        await save(made, expires_at=written(made.clock.now() + 10 * SECOND))
    clock.turn(3600)
    async with gateway(dict(env), clock) as again:
        await until(again, ["callback.created", "callback.overdue"])


async def test_of_two_nodes_one_makes_the_event_of_a_date(
    postgres_env: dict[str, str], clock: ManualClock
) -> None:
    async with gateway(postgres_env, clock) as here, gateway(postgres_env, clock) as there:
        await here.tenants()
        due = clock.now() + 5 * SECOND
        records = [str(number) for number in range(1, 41)]
        await asyncio.gather(*[save(here, one, expires_at=written(due)) for one in records])
        async with asyncio.timeout(30):
            while (await published(here)).count("callback.overdue") < len(records):
                clock.turn(0.5)
                await asyncio.gather(here.breathe(), there.breathe())
        for _ in range(10):
            clock.turn(0.5)
            await asyncio.gather(here.breathe(), there.breathe())
        assert Counter(await published(here)) == {"callback.created": 40, "callback.overdue": 40}
        assert here.told("Fault") == there.told("Fault") == []


async def test_two_nodes_that_save_the_same_record_store_every_change_once(
    postgres_env: dict[str, str], clock: ManualClock
) -> None:
    async with gateway(postgres_env, clock) as here, gateway(postgres_env, clock) as there:
        await here.tenants()
        await save(here)
        saved = await asyncio.gather(
            *[save(node, assigned_to=n + 1) for n in range(12) for node in (here, there)]
        )
        changed = [one for one in saved if one.changed]
        assert sorted(one.record.version for one in changed) == list(range(2, len(changed) + 2))
        assert Counter(await published(here))["callback.assigned"] == len(changed)
        assert here.told("Fault") == there.told("Fault") == []


async def test_a_state_that_does_not_fit_leaves_no_trace(on_sqlite: Gateway) -> None:
    wanted = RecordKey(tenant_id=ALICE, system="ai-support-autoresponder", type="ai_response", id="a1")
    state = {"id": "a1", "response_text": "Yes.", "status": "pending_review"}
    with pytest.raises(Exception, match="ticket"):
        await on_sqlite.engine.saver.save(wanted, lambda _: state)
    assert await on_sqlite.store.records.find(wanted) is None


async def test_a_record_of_a_deleted_tenant_is_gone(hookline: Gateway) -> None:
    await save(hookline, expires_at=written(hookline.clock.now() + SECOND))
    await hookline.store.tenants.delete(ALICE, hookline.clock.now())
    assert await hookline.store.records.due(Micros(hookline.clock.now() + 60 * SECOND), 10) == []
    await hookline.turn(5)
    await hookline.store.tenants.prune_deleted(1000)
    assert await hookline.store.records.find(key()) is None


def ticket(ticket_id: str, number: int) -> dict[str, Any]:
    return {
        "id": ticket_id,
        "ticket_number": f"TKT-2027-{number:03}",
        "subject": "No sound",
        "status": "new",
        "customer_email": "customer@example.com",
    }


async def test_numbers_have_no_gap_over_two_nodes(postgres_env: dict[str, str], clock: ManualClock) -> None:
    def of(type_: str, record_id: str) -> RecordKey:
        return RecordKey(tenant_id=ALICE, system="ai-support-autoresponder", type=type_, id=record_id)

    async with gateway(postgres_env, clock) as here, gateway(postgres_env, clock) as there:
        await here.tenants()
        counter = of("ticket_number", "2027")
        made = await asyncio.gather(
            *[
                node.engine.saver.create(of("ticket", one), counter, partial(ticket, one))
                for number in range(12)
                for node, one in ((here, f"h{number}"), (there, f"t{number}"))
            ]
        )
        numbers = sorted(int(one.state["ticket_number"][-3:]) for one in made)
        assert numbers == list(range(1, 25))
        assert Counter(await published(here)) == {"ticket.created": 24}


SEVENTH = """
title: Lamps
description: Of a test.
dialect: pbx
retry: {kind: fixed, attempts: 3, delay: 5, jitter: 0}
timeout: 10
events:
  lamp.lit: {description: A lamp is lit., schema: {type: object}, example: {}}
  lamp.dark: {description: A lamp has been lit for too long., schema: {type: object}, example: {}}
records:
  lamp:
    description: A lamp.
    schema:
      type: object
      properties:
        id: {type: string}
        state: {type: string, enum: ["on", "off"]}
        until: {type: string, format: date-time}
    example: {id: l1, state: "off"}
    closed: {state: ["off"]}
    events:
      lamp.lit: {created: true, became: {state: "on"}}
    deadlines:
      lamp.dark: {at: until, set: {state: "off", before: "{state}"}}
"""


async def test_a_seventh_system_is_a_folder_and_no_code(
    tmp_path: Path, clock: ManualClock, receiver: Receiver
) -> None:
    """Its events, wire format, retries, records and dates."""
    shelf = tmp_path / "catalog" / "systems" / "lamps"
    shelf.mkdir(parents=True)
    (shelf / "system.yaml").write_text(SEVENTH)
    env = {**folder(tmp_path), "HOOKLINE_CATALOG": str(tmp_path / "catalog")}
    lamp = RecordKey(tenant_id=ALICE, system="lamps", type="lamp", id="l1")
    async with gateway(env, clock) as made:
        await made.tenants()
        await made.endpoint(receiver.url(), system="lamps", dialect="pbx")
        until_then = written(made.clock.now() + 60 * SECOND)
        state = {"id": "l1", "state": "on", "until": until_then}
        assert types(await made.engine.saver.save(lamp, lambda _: state)) == ["lamp.lit"]
        await settled(lambda: len(receiver.got) == 1)
        await made.turn(61)
        await settled(lambda: len(receiver.got) == 2)
        first, second = (msgspec.json.decode(one.body) for one in receiver.got)
        assert (first["event_type"], first["data"]) == ("lamp.lit", state)
        assert second["event_type"] == "lamp.dark"
        assert second["data"] == {**state, "state": "off", "before": "on"}
