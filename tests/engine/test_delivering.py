"""An event goes out, is told whole, and is tried again when and as its endpoint says at that moment."""

from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

from hookline.clock import HOUR, SECOND
from hookline.deliver.worker import GONE_REASON
from hookline.model.attempt import Cause
from hookline.model.delivery import State
from hookline.model.endpoint import HourCount
from hookline.model.retry import Fixed, Schedule
from hookline.storage.endpoints import Held
from tests.clock import ManualClock
from tests.engine.gateway import ALICE, SECRET, STRANGER, Gateway, gateway, until
from tests.engine.receivers import Receiver

QUICK = Schedule(delays=(0.0, 5.0, 60.0), jitter=0.0)


async def test_an_event_is_delivered_and_told_whole(hookline: Gateway, receiver: Receiver) -> None:
    endpoint = await hookline.endpoint(receiver.url())
    published = await hookline.publish(b'{"b": 1.0,  "a": "\xc3\xa9"}')
    assert published.matched == (endpoint.id,)
    detail = await hookline.until_state(published, State.DELIVERED)
    (got,) = receiver.got
    assert got.id == published.event_id
    assert b'"data":{"b": 1.0,  "a": "\xc3\xa9"}' in got.body
    (attempt,) = detail.attempts
    assert (attempt.number, attempt.url, attempt.exchange.status, attempt.exchange.body) == (
        1,
        receiver.url(),
        200,
        b"ok",
    )
    assert dict(attempt.request_headers)["webhook-id"] == published.event_id
    assert detail.delivery.finished_at == hookline.clock.now()
    counters = await hookline.store.counters.get(ALICE, endpoint.id)
    assert (counters.total, counters.succeeded, counters.last_success_at) == (1, 1, hookline.clock.now())
    hour = hookline.clock.now() // HOUR
    assert await hookline.store.counters.hours(ALICE, endpoint.id, hour, hour + 1) == (
        HourCount(hour=hour, succeeded=1),
    )
    await until(hookline.idle)


async def test_every_endpoint_that_matches_gets_it_and_no_strangers(
    hookline: Gateway, receiver: Receiver
) -> None:
    for path in ("/a", "/b"):
        await hookline.endpoint(receiver.url(path))
    await hookline.endpoint(receiver.url("/other"), events=("call.ended",))
    await hookline.endpoint(receiver.url("/stranger"), STRANGER)
    published = await hookline.publish()
    for position in range(2):
        await hookline.until_state(published, State.DELIVERED, position)
    assert sorted(got.path for got in receiver.got) == ["/a", "/b"]


async def test_an_event_that_matched_nothing_is_kept_and_says_so(hookline: Gateway) -> None:
    published = await hookline.publish()
    assert published.matched == ()
    event = await hookline.store.events.get(ALICE, published.event_id)
    assert event.matched == ()


async def test_a_failure_is_tried_again_at_the_scheduled_time_with_the_same_id_and_body(
    hookline: Gateway, receiver: Receiver
) -> None:
    receiver.says_in_turn(500, 404, 200)
    await hookline.endpoint(receiver.url(), retry=QUICK)
    published = await hookline.publish()
    first = await hookline.until_tried(published, 1)
    begun = first.attempts[0].at
    assert first.delivery.due_at == begun + 5 * SECOND
    await hookline.turn(4)
    assert len(receiver.got) == 1
    await hookline.turn(1)
    second = await hookline.until_tried(published, 2)
    assert second.delivery.due_at == begun + 65 * SECOND
    await hookline.turn(60, step=20)
    last = await hookline.until_state(published, State.DELIVERED)
    assert [attempt.number for attempt in last.attempts] == [1, 2, 3]
    assert [attempt.exchange.status for attempt in last.attempts] == [500, 404, 200]
    assert [attempt.exchange.cause for attempt in last.attempts] == [Cause.STATUS, Cause.STATUS, None]
    assert len({got.body for got in receiver.got}) == len({got.id for got in receiver.got}) == 1
    await until(hookline.idle)


async def test_when_the_schedule_is_used_up_it_is_dead_and_says_so(
    hookline: Gateway, receiver: Receiver
) -> None:
    receiver.says(400)
    await hookline.endpoint(receiver.url(), retry=Fixed(delay=1, attempts=2, jitter=0))
    published = await hookline.publish()
    await hookline.until_tried(published, 1)
    await hookline.turn(1)
    dead = await hookline.until_state(published, State.DEAD)
    assert (dead.delivery.reason, dead.delivery.failures, dead.delivery.due_at) == (
        "attempts used up",
        2,
        None,
    )
    assert [line["state"] for line in hookline.told("DeliveryEnded")] == ["dead"]


async def test_410_ends_the_delivery_and_disables_the_endpoint_with_the_reason(
    hookline: Gateway, receiver: Receiver
) -> None:
    receiver.says(410)
    endpoint = await hookline.endpoint(receiver.url())
    published = await hookline.publish()
    await hookline.until_state(published, State.DEAD)
    await until(lambda: bool(hookline.told("EndpointDisabled")))
    now = await hookline.store.endpoints.get(ALICE, endpoint.id)
    assert (now.active, now.disabled_reason) == (False, GONE_REASON)
    held = await hookline.publish()
    assert (await hookline.delivery(held)).state is State.HELD
    assert len(receiver.got) == 1


async def test_retry_after_holds_the_whole_lane(hookline: Gateway, receiver: Receiver) -> None:
    receiver.says(429, "Retry-After: 30")
    await hookline.endpoint(receiver.url(), retry=QUICK)
    first = await hookline.publish()
    tried = await hookline.until_tried(first, 1)
    assert tried.delivery.due_at == tried.attempts[0].at + 30 * SECOND
    receiver.says(200)
    second = await hookline.publish()
    await hookline.turn(28)
    assert len(receiver.got) == 1
    assert (await hookline.delivery(second)).state is State.PENDING
    await hookline.turn(4)
    for published in (first, second):
        await hookline.until_state(published, State.DELIVERED)


async def test_an_endpoint_that_is_paused_in_mid_retry_holds_and_goes_on_when_released(
    hookline: Gateway, receiver: Receiver
) -> None:
    receiver.says(500)
    endpoint = await hookline.endpoint(receiver.url(), retry=QUICK)
    published = await hookline.publish()
    await hookline.until_tried(published, 1)
    paused = await hookline.change(endpoint, active=False)
    await hookline.turn(8)
    await hookline.until_state(published, State.HELD)
    receiver.says(200)
    await hookline.store.endpoints.replace(await hookline.change(paused, active=True), held=Held.RELEASE)
    await hookline.turn(8)
    done = await hookline.until_state(published, State.DELIVERED)
    assert [attempt.number for attempt in done.attempts] == [1, 2]


async def test_what_is_in_hand_for_an_endpoint_that_is_paused_meanwhile_is_held(
    on_sqlite: Gateway, receiver: Receiver
) -> None:
    """It is looked at again before each attempt, not only before the first."""
    receiver.hangs()
    endpoint = await on_sqlite.endpoint(receiver.url(), concurrency=1)
    first, second = [await on_sqlite.publish() for _ in range(2)]
    await until(lambda: len(receiver.got) == 1)
    await on_sqlite.change(endpoint, active=False)
    await on_sqlite.engine.core.opened.directory.reload(ALICE)
    receiver.go_on()
    await on_sqlite.until_state(first, State.DELIVERED)
    await on_sqlite.until_state(second, State.HELD)
    assert len(receiver.got) == 1


async def test_a_deleted_endpoint_cancels_what_waits(hookline: Gateway, receiver: Receiver) -> None:
    receiver.says(500)
    endpoint = await hookline.endpoint(receiver.url(), retry=QUICK)
    published = await hookline.publish()
    await hookline.until_tried(published, 1)
    await hookline.store.endpoints.delete(ALICE, endpoint.id, hookline.clock.now())
    await hookline.turn(8)
    cancelled = await hookline.until_state(published, State.CANCELLED)
    assert "deleted" in cancelled.delivery.reason
    assert len(receiver.got) == 1


async def test_an_endpoint_that_no_longer_subscribes_cancels_what_waits(
    hookline: Gateway, receiver: Receiver
) -> None:
    receiver.says(500)
    endpoint = await hookline.endpoint(receiver.url(), retry=QUICK)
    published = await hookline.publish()
    await hookline.until_tried(published, 1)
    await hookline.change(endpoint, events=("other.*",))
    await hookline.turn(8)
    cancelled = await hookline.until_state(published, State.CANCELLED)
    assert "no longer subscribes" in cancelled.delivery.reason
    assert len(receiver.got) == 1


async def test_a_delivery_expires_on_time_not_at_its_next_try(hookline: Gateway, receiver: Receiver) -> None:
    receiver.says(500)
    await hookline.endpoint(receiver.url(), retry=QUICK, max_age=20.0)
    published = await hookline.publish()
    await hookline.until_tried(published, 1)
    await hookline.turn(5)
    tried = await hookline.until_tried(published, 2)
    assert tried.delivery.due_at == tried.delivery.created_at + 20 * SECOND
    await hookline.turn(14)
    assert (await hookline.delivery(published)).state is State.PENDING
    await hookline.turn(1)
    expired = await hookline.until_state(published, State.EXPIRED)
    assert expired.delivery.finished_at == expired.delivery.created_at + 20 * SECOND
    assert len(receiver.got) == 2


async def test_the_next_attempt_goes_to_the_new_url_signed_with_the_new_secret(
    hookline: Gateway, receiver: Receiver
) -> None:
    receiver.says_in_turn(500, 200)
    endpoint = await hookline.endpoint(receiver.url("/old"), retry=QUICK)
    published = await hookline.publish()
    await hookline.until_tried(published, 1)
    new = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
    secrets = (
        type(endpoint.secrets[0])(id=endpoint.secrets[0].id, value=new, created_at=endpoint.created_at),
    )
    await hookline.change(endpoint, url=receiver.url("/new"), secrets=secrets, headers={"X-New": "1"})
    await hookline.turn(5)
    done = await hookline.until_state(published, State.DELIVERED)
    old, now = receiver.got
    assert (old.path, now.path, now.headers["x-new"]) == ("/old", "/new", "1")
    assert [attempt.url for attempt in done.attempts] == [receiver.url("/old"), receiver.url("/new")]
    assert old.body == now.body
    for got, secret in ((old, SECRET), (now, new)):
        sent_at = datetime.fromtimestamp(int(got.headers["webhook-timestamp"]), UTC)
        signature = Webhook(secret).sign(got.id, sent_at, got.body.decode())
        assert got.headers["webhook-signature"] == signature


async def test_a_dialect_that_is_not_there_uses_the_attempts_up_and_does_not_slow_the_endpoint(
    on_sqlite: Gateway, receiver: Receiver
) -> None:
    await on_sqlite.endpoint(receiver.url(), dialect="none-such", retry=QUICK)
    published = await on_sqlite.publish()
    told = await on_sqlite.until_tried(published, 1)
    assert told.attempts[0].exchange.cause is Cause.NOT_SENT
    assert "none-such" in told.attempts[0].exchange.detail
    assert (told.delivery.state, told.delivery.failures) == (State.PENDING, 1)
    await on_sqlite.turn(5)
    await on_sqlite.until_tried(published, 2)
    await on_sqlite.turn(60)
    dead = (await on_sqlite.until_state(published, State.DEAD)).delivery
    assert dead.reason.startswith("attempts used up: ")
    assert "none-such" in dead.reason
    assert (dead.failures, on_sqlite.told("EndpointFailing")) == (dead.attempts, [])
    assert receiver.got == []
    await until(on_sqlite.idle)


@pytest.mark.parametrize("code", [500, 503, 429])
async def test_three_blamed_failures_make_it_one_probe_at_a_time(
    on_sqlite: Gateway, receiver: Receiver, code: int
) -> None:
    receiver.says(code)
    await on_sqlite.endpoint(receiver.url(), retry=QUICK)
    for _ in range(3):
        await on_sqlite.until_tried(await on_sqlite.publish(), 1)
    assert len(on_sqlite.told("EndpointFailing")) == 1
    waiting = [await on_sqlite.publish() for _ in range(10)]
    await on_sqlite.breathe()
    assert len(receiver.got) == 3
    receiver.says(200)
    receiver.most_at_once = 0
    await on_sqlite.turn(1)
    await on_sqlite.turn(20, step=0.5)
    for published in waiting:
        await on_sqlite.until_state(published, State.DELIVERED)
    await until(on_sqlite.idle)


async def test_what_failed_before_a_restart_is_asked_one_at_a_time_after_it(
    env: dict[str, str], clock: ManualClock, receiver: Receiver
) -> None:
    receiver.says(500)
    async with gateway(env, clock) as first:
        await first.tenants()
        await first.endpoint(receiver.url(), retry=QUICK)
        failed = [await first.publish() for _ in range(3)]
        for published in failed:
            await first.until_tried(published, 1)
        await until(first.idle)
    clock.turn(10)
    receiver.got.clear()
    receiver.hangs()
    async with gateway(env, clock) as second:
        await until(lambda: bool(receiver.got))
        await second.breathe(10)
        assert len(receiver.got) == 1
        receiver.go_on()
        await second.turn_until(lambda: len(receiver.got) == len(failed))
        for published in failed:
            await second.until_state(published, State.DELIVERED)


async def test_a_deleted_tenant_is_sent_nothing_more(on_sqlite: Gateway, receiver: Receiver) -> None:
    receiver.says(500)
    await on_sqlite.endpoint(receiver.url(), retry=QUICK)
    await on_sqlite.until_tried(await on_sqlite.publish(), 1)
    await on_sqlite.store.tenants.delete(ALICE, on_sqlite.clock.now())
    await on_sqlite.turn(10)
    assert len(receiver.got) == 1
    await until(on_sqlite.idle)
