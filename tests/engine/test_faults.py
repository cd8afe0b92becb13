"""The database is lost, full, or silent at the wrong moment: nothing acknowledged is lost, and all recovers by itself."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from sqlalchemy import select

from hookline.deliver.doubts import PATIENCE
from hookline.errors import CommitUnknown, IdempotencyConflict, InvalidField, NotFound, Unavailable
from hookline.model.attempt import Cause
from hookline.model.delivery import State
from hookline.model.endpoint import Order
from hookline.model.ids import TenantId
from hookline.model.retry import Schedule
from hookline.route.draft import Draft, Published
from hookline.storage.directory import TenantConfig
from hookline.storage.ledger import Result
from hookline.storage.schema import events
from hookline.storage.sqlite.database import SqliteDatabase
from tests.clock import ManualClock
from tests.engine.faults import Faulty
from tests.engine.gateway import ALICE, Gateway, folder, gateway, until
from tests.engine.receivers import Receiver

QUICK = Schedule(delays=(0.0, 5.0, 5.0), jitter=0.0)
LOST = Unavailable("lost")


@pytest.fixture
def faulty() -> Faulty:
    return Faulty()


@pytest.fixture
async def broken(env: dict[str, str], clock: ManualClock, faulty: Faulty) -> AsyncIterator[Gateway]:
    """A gateway whose hot verbs fail when they are told to."""
    async with gateway(env, clock, wrap=faulty.over) as made:
        await made.tenants()
        yield made


async def _nudge(hookline: Gateway, seconds: float = 10) -> None:
    await hookline.turn(seconds, step=0.5)


async def test_results_are_kept_while_the_database_is_lost_and_written_when_it_is_back(
    broken: Gateway, faulty: Faulty, receiver: Receiver
) -> None:
    endpoint = await broken.endpoint(receiver.url())
    faulty.before("record", LOST, LOST, LOST)
    published = [await broken.publish() for _ in range(5)]
    await until(lambda: len(receiver.got) == 5)
    assert broken.delivering.worker.lanes.in_flight == 5
    await _nudge(broken)
    for one in published:
        await broken.until_state(one, State.DELIVERED)
    assert len(receiver.got) == 5
    assert (await broken.store.counters.get(ALICE, endpoint.id)).total == 5
    assert len(broken.told("DatabaseLost")) == len(broken.told("DatabaseBack")) == 1
    await until(broken.idle)


async def test_results_whose_commit_was_not_heard_of_are_counted_once(
    broken: Gateway, faulty: Faulty, receiver: Receiver
) -> None:
    endpoint = await broken.endpoint(receiver.url(), retry=QUICK)
    receiver.says_in_turn(500, 200)
    faulty.after("record", LOST)
    published = await broken.publish()
    await broken.until_tried(published, 1)
    faulty.after("record", LOST)
    await _nudge(broken, 15)
    done = await broken.until_state(published, State.DELIVERED)
    assert [attempt.number for attempt in done.attempts] == [1, 2]
    assert (await broken.store.counters.get(ALICE, endpoint.id)).total == 2
    await until(broken.idle)


async def test_a_result_that_the_database_will_not_take_harms_no_other_and_is_not_forgotten(
    broken: Gateway, faulty: Faulty, receiver: Receiver
) -> None:
    await broken.endpoint(receiver.url())
    bad = await broken.publish(b'"bad"')

    def refuse(results: Sequence[Result]) -> None:
        if any(result.delivery.event_id == bad.event_id for result in results):
            raise ValueError("not this one")

    faulty.when_recorded = refuse
    others = [await broken.publish() for _ in range(8)]
    for one in others:
        await broken.until_state(one, State.DELIVERED)
    if (await broken.delivery(bad)).state is not State.DELIVERED:  # or it was written before we refused
        assert len(broken.delivering.worker.in_hand) == 1
        assert broken.told("Fault")
        assert broken.delivering.worker.lanes.in_flight == 0


async def test_an_event_whose_commit_was_not_heard_of_is_found_and_sent(
    broken: Gateway, faulty: Faulty, receiver: Receiver
) -> None:
    await broken.endpoint(receiver.url())
    faulty.after("publish", CommitUnknown("lost"))
    with pytest.raises(CommitUnknown):
        await broken.publish(idempotency_key="k")
    assert len(broken.delivering.worker.in_hand) == 1
    again = await broken.publish(idempotency_key="k")
    assert again.duplicate
    assert receiver.got == []
    await broken.turn(4)
    await broken.until_state(again, State.DELIVERED)
    assert len(receiver.got) == 1
    await until(broken.idle)


async def test_an_event_that_was_never_stored_is_given_up_after_a_while(
    broken: Gateway, faulty: Faulty, receiver: Receiver
) -> None:
    await broken.endpoint(receiver.url())
    faulty.before("publish", CommitUnknown("lost"))
    with pytest.raises(CommitUnknown):
        await broken.publish(idempotency_key="k")
    await broken.turn(PATIENCE - 20, step=10)
    assert len(broken.delivering.worker.in_hand) == 1
    await broken.turn_until(broken.idle, step=5)
    assert not (await broken.publish(idempotency_key="k")).duplicate


async def test_what_a_lost_publish_promised_is_taken_back(
    broken: Gateway, faulty: Faulty, receiver: Receiver
) -> None:
    await broken.endpoint(receiver.url())
    faulty.before("publish", LOST)
    with pytest.raises(Unavailable):
        await broken.publish()
    assert broken.idle()
    await broken.until_state(await broken.publish(), State.DELIVERED)


async def test_one_event_that_the_database_will_not_take_harms_no_neighbour(
    broken: Gateway, faulty: Faulty, receiver: Receiver
) -> None:
    await broken.endpoint(receiver.url())
    faulty.before("publish", *[ValueError("bad row")] * 2)
    answers = await asyncio.gather(*(broken.publish() for _ in range(40)), return_exceptions=True)
    failed = [answer for answer in answers if isinstance(answer, BaseException)]
    assert 1 <= len(failed) <= 2
    for answer in answers:
        if not isinstance(answer, BaseException):
            await broken.until_state(answer, State.DELIVERED)
    await until(broken.idle)


async def test_a_lost_walk_or_claim_is_tried_again(
    broken: Gateway, faulty: Faulty, receiver: Receiver
) -> None:
    receiver.says_in_turn(500, 200)
    await broken.endpoint(receiver.url(), retry=QUICK)
    published = await broken.publish()
    await broken.until_tried(published, 1)
    faulty.before("walk", LOST)
    faulty.before("claim", LOST)
    await _nudge(broken, 15)
    await broken.until_state(published, State.DELIVERED)
    assert broken.told("Fault") == []


async def test_a_configuration_that_changes_between_match_and_commit_is_matched_again(
    broken: Gateway, faulty: Faulty, receiver: Receiver
) -> None:
    first = await broken.endpoint(receiver.url())
    assert (await broken.publish()).matched == (first.id,)
    config = broken.engine.core.opened.directory.get(ALICE)
    second = await broken.endpoint(receiver.url())
    assert broken.engine.core.opened.directory.get(ALICE) is config  # it does not know yet
    published = await asyncio.gather(*(broken.publish() for _ in range(20)))
    assert {one.matched for one in published} == {(first.id, second.id)}
    for one in published:
        await broken.until_state(one, State.DELIVERED, 1)
    await until(broken.idle)


async def test_publishing_goes_on_while_the_configuration_keeps_changing(
    broken: Gateway, receiver: Receiver
) -> None:
    await broken.endpoint(receiver.url())

    async def change() -> None:
        for _ in range(10):
            extra = await broken.endpoint(receiver.url("/extra"))
            await broken.store.endpoints.delete(ALICE, extra.id, broken.clock.now())

    _, *published = await asyncio.gather(change(), *(broken.publish() for _ in range(60)))
    assert len({one.event_id for one in published if one is not None}) == 60
    for one in published:
        assert one is not None
        await broken.until_state(one, State.DELIVERED)
    assert broken.told("Fault") == []


async def test_two_looks_at_one_version_are_each_matched_with_their_own_endpoints(
    broken: Gateway, receiver: Receiver
) -> None:
    """A look that overlaps a change may carry some of the next version under the number of this one."""
    first = await broken.endpoint(receiver.url())
    publisher = broken.engine.publisher
    whole = await broken.engine.publisher._directory.reload(ALICE)
    early = msgspec.structs.replace(whole, endpoints={})
    asked = Draft(type="a.b", data=b"1")
    told = [await publisher.begin(config, asked) for config in (whole, early, whole)]
    assert [one.matched for one in told] == [(first.id,), (), (first.id,)]
    assert broken.told("Fault") == []


async def test_each_of_many_is_answered_on_its_own(broken: Gateway) -> None:
    first = Draft(type="a.b", data=b"1", idempotency_key="k")
    other = Draft(type="a.b", data=b"2", idempotency_key="k")
    answers = await broken.engine.publisher.publish_many(ALICE, [first, other, first])
    assert isinstance(answers[1], IdempotencyConflict)
    assert [getattr(answer, "duplicate", None) for answer in answers] == [False, None, True]
    with pytest.raises(NotFound):
        await broken.publish(tenant=TenantId("nobody"))


async def test_one_of_a_batch_that_the_database_will_not_take_harms_no_neighbour(
    broken: Gateway, faulty: Faulty
) -> None:
    faulty.before("publish", *[ValueError("bad row")] * 2)
    drafts = [Draft(type="a.b", data=b"%d" % n) for n in range(5)]
    with pytest.raises(ValueError, match="bad row"):
        await broken.engine.publisher.publish_many(ALICE, drafts)
    stored = select(events.c.data).order_by(events.c.id)
    rows = await broken.store.database.read(lambda connection: connection.execute(stored).all())
    assert [bytes(row[0]) for row in rows] == [b"1", b"2", b"3", b"4"]


async def test_one_of_a_batch_that_a_new_configuration_refuses_is_refused_alone(
    broken: Gateway, receiver: Receiver
) -> None:
    first = await broken.endpoint(receiver.url())
    await broken.publish()
    second = await broken.endpoint(receiver.url())  # of which nobody has heard yet

    def check(config: TenantConfig, draft: Draft) -> None:
        if second.id in config.endpoints and draft.data == b"1":
            raise InvalidField("It is not wanted any more.")

    drafts = [Draft(type="a.b", data=b"%d" % n) for n in range(3)]
    zero, one, two = await broken.engine.publisher.publish_many(ALICE, drafts, check)
    assert isinstance(one, InvalidField)
    for told in (zero, two):
        assert isinstance(told, Published)
        assert told.matched == (first.id, second.id)


async def test_a_full_disk_acknowledges_nothing_and_recovers(on_sqlite: Gateway, receiver: Receiver) -> None:
    database = on_sqlite.store.database
    assert isinstance(database, SqliteDatabase)
    await on_sqlite.endpoint(receiver.url())
    before = await on_sqlite.publish()
    await on_sqlite.until_state(before, State.DELIVERED)
    await until(on_sqlite.idle)
    (pages,) = await database.write_raw(lambda c: c.execute("PRAGMA page_count").fetchone())
    await database.write_raw(lambda c: c.execute(f"PRAGMA max_page_count = {pages}").fetchone())
    with pytest.raises(Unavailable, match="full"):
        await on_sqlite.publish(b'"' + b"x" * 1_000_000 + b'"')
    sent = len(receiver.got)
    await on_sqlite.breathe()
    await database.write_raw(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchone())
    await _nudge(on_sqlite)
    await until(on_sqlite.idle)
    after = await on_sqlite.publish()
    await on_sqlite.until_state(after, State.DELIVERED)
    assert len(receiver.got) <= sent + 1
    events = await on_sqlite.store.events.list(ALICE, limit=100)
    assert {event.id for event in events.items} == {got.id for got in receiver.got}


async def test_a_crash_at_any_moment_leaves_what_was_acknowledged_to_the_next_start(
    tmp_path: Path, clock: ManualClock, receiver: Receiver
) -> None:
    """As a copy of the files, taken while everything is under way: one exchange hangs, one is queued, one retries."""
    receiver.says_in_turn(500, 200)
    (tmp_path / "first").mkdir()
    async with gateway(folder(tmp_path / "first"), clock) as first:
        await first.tenants()
        await first.endpoint(receiver.url("/retry"), retry=QUICK, events=("retry.*",))
        retried = await first.publish(type="retry.this")
        await first.until_tried(retried, 1)
        receiver.hangs()
        await first.endpoint(receiver.url("/hang"), concurrency=1, events=("hang.*",))
        await first.endpoint(receiver.url("/order"), order=Order.KEY, events=("order.*",))
        hanging = [await first.publish(type="hang.this") for _ in range(2)]
        ordered = [await first.publish(type="order.this", order_key="k") for _ in range(2)]
        await until(lambda: len(receiver.got) >= 3)
        shutil.copytree(tmp_path / "first", tmp_path / "second")
        (tmp_path / "second" / "hookline.db.lock").unlink()
        receiver.go_on()
    sent = len(receiver.got)
    async with gateway(folder(tmp_path / "second"), clock) as second:
        await second.turn(8)
        done = [await second.until_state(one, State.DELIVERED) for one in (retried, *hanging, *ordered)]
        assert second.told("NodeTakenOver")[0]["deliveries"] == 3
    cut_off = [one.attempts[0].exchange.cause is Cause.INTERRUPTED for one in done]
    assert cut_off == [False, True, True, True, False]
    assert all([a.number for a in one.attempts] == list(range(1, len(one.attempts) + 1)) for one in done)
    assert len(receiver.got) - sent == 5


@asynccontextmanager
async def _admin(server: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection: asyncpg.Connection[Any] = await asyncpg.connect(server)
    try:
        yield connection
    finally:
        await connection.close()


async def test_a_postgres_that_goes_away_and_comes_back_loses_nothing(
    postgres_env: dict[str, str], postgres_server: str, clock: ManualClock, receiver: Receiver
) -> None:
    async with _admin(postgres_server) as admin, gateway(postgres_env, clock) as hookline:
        await hookline.tenants()
        await hookline.endpoint(receiver.url())
        await hookline.until_state(await hookline.publish(), State.DELIVERED)
        receiver.hangs()
        published = [await hookline.publish() for _ in range(3)]
        await until(lambda: len(receiver.got) == 4)
        database = postgres_env["HOOKLINE_DATABASE"].split("/")[3].split("?")[0]
        await admin.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false')
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", database
        )
        receiver.go_on()
        await hookline.breathe(10)
        with pytest.raises(Unavailable):
            await hookline.publish()
        await _nudge(hookline, 5)
        assert hookline.delivering.worker.lanes.in_flight == 3
        await admin.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS true')
        await hookline.turn_until(hookline.idle, step=3)
        for one in published:
            await hookline.until_state(one, State.DELIVERED)
        await hookline.until_state(await hookline.publish(), State.DELIVERED)
        assert len({got.id for got in receiver.got}) == len(receiver.got) == 5
