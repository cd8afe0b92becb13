"""Presets through the whole engine, against fakes of the other systems: one ticket for each case, whatever happens."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import msgspec
import pytest

from hookline.catalog.loader import load_presets
from hookline.catalog.preset_settings import checked
from hookline.deliver.conclude import CUT_OFF
from hookline.model.attempt import Cause
from hookline.model.delivery import State
from hookline.model.endpoint import Endpoint
from hookline.model.record import RecordKey
from hookline.model.retry import Schedule
from hookline.route.draft import Published
from hookline.storage.endpoint_rows import endpoint_row
from hookline.storage.filters import DeliveryFilter
from tests.clock import ManualClock
from tests.engine.gateway import ALICE, PATIENCE, STRANGER, Gateway, gateway, until
from tests.presets.fakes import fakes
from tests.presets.fakes.base import Fake
from tests.presets.fakes.jira import JiraFake
from tests.presets.fakes.salesforce import TOKEN_PATH, SalesforceFake
from tests.presets.fakes.server import Answer, Request

PRESETS = load_presets()
QUICK = Schedule(delays=(0, 5, 5, 5, 5, 5), jitter=0)
FAKES = fakes()
MAKERS = sorted(name for name in FAKES if PRESETS[name].remembers)
"""Those that keep what they made."""
ONCE = [name for name in MAKERS if PRESETS[name].once]
"""Those where a lost answer makes no second one."""


BY_TOKEN: dict[str, dict[str, Any]] = {
    "salesforce": {},
    "servicenow": {"auth": "oauth2", "client_id": "5f3e0c9a1b2c3d4e", "client_secret": "s3cret"},
}
"""Those that want a token of OAuth2 first, and the settings that say so."""


@pytest.fixture(params=MAKERS)
def fake(request: pytest.FixtureRequest) -> Iterator[Fake]:
    with FAKES[request.param]() as made:
        yield made


async def an_endpoint(hookline: Gateway, fake: Fake, **fields: Any) -> Endpoint:
    preset = PRESETS[fake.preset]
    given: dict[str, Any] = {
        "secrets": (),
        "preset": preset.name,
        "settings": dict(checked(preset, fake.settings)),
        "dialect": preset.dialect,
        "retry": QUICK,
    }
    return await hookline.endpoint(fake.url, **(given | fields))


async def say(hookline: Gateway, event_type: str, **data: Any) -> Published:
    case = {"case_id": 7, "subject": "No sound", "description": "Nothing is heard.", "priority": "high"}
    body = json.dumps({**case, "category": "Telephony", "created_at": "2025-11-13T16:30:45Z", **data})
    return await hookline.publish(body.encode(), type=event_type)


async def ended(hookline: Gateway, event: Published, state: State = State.DELIVERED) -> None:
    async def over() -> bool:
        return (await hookline.delivery(event)).state is state

    try:
        await turn_until(hookline, over)
    except TimeoutError:
        detail = await hookline.detail(event)
        raise AssertionError(msgspec.json.format(msgspec.json.encode(detail)).decode()) from None


async def turn_until(hookline: Gateway, condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await condition():
            await hookline.turn(1)


async def test_a_case_is_made_changed_and_closed_in_one_place(on_sqlite: Gateway, fake: Fake) -> None:
    endpoint = await an_endpoint(on_sqlite, fake)
    for event_type in ("case.created", "case.updated", "case.commented", "case.closed"):
        await ended(on_sqlite, await say(on_sqlite, event_type, comment="Still silent", status="open"))
    (ticket,) = fake.tickets.values()
    remote = await on_sqlite.store.remotes.find(ALICE, endpoint.id, "case:7")
    assert remote is not None
    assert remote.id == ticket.id
    assert await on_sqlite.store.remotes.of_case(STRANGER, "case:7") == []


async def test_what_follows_a_create_waits_until_it_is_made(on_sqlite: Gateway, fake: Fake) -> None:
    """The other system is busy: it says when to come again, and nothing is made twice or out of order."""
    await an_endpoint(on_sqlite, fake)
    fake.rate_limit(3)
    first = await say(on_sqlite, "case.created")
    second = await say(on_sqlite, "case.updated", subject="No sound at all")
    await ended(on_sqlite, second)
    assert (await on_sqlite.delivery(first)).attempts == 2
    assert len(fake.tickets) == 1


@pytest.mark.parametrize("name", ONCE)
async def test_a_lost_answer_makes_no_second_one(hookline: Gateway, name: str) -> None:
    with FAKES[name]() as fake:
        await an_endpoint(hookline, fake)
        fake.lose_answer()
        event = await say(hookline, "case.created")
        await ended(hookline, event)
        await ended(hookline, await say(hookline, "case.updated", subject="Again"))
        assert len(fake.tickets) == 1
        assert (await hookline.delivery(event)).attempts == 2


@pytest.mark.parametrize("name", ONCE)
async def test_a_create_that_was_given_up_in_doubt_is_looked_for_by_the_next(
    hookline: Gateway, name: str
) -> None:
    """The same event once more, from a sender that means well, makes no second one."""
    with FAKES[name]() as fake:
        await an_endpoint(hookline, fake, retry=Schedule(delays=(0, 1)))
        fake.lose_answer()
        fake.refuse(503)
        await ended(hookline, await say(hookline, "case.created"), State.DEAD)
        await ended(hookline, await say(hookline, "case.created"))
        assert len(fake.tickets) == 1


class Lagging(JiraFake):
    """Its search learns of an issue when the test says."""

    indexed = False
    lost_ones = 0
    """Of the next requests, those that never arrive."""

    def _answer(self, request: Request) -> Answer:
        if self.lost_ones:
            self.lost_ones -= 1
            return self.fault(503, "Nobody hears this.")
        return super()._answer(request)

    def found(self, request: Request) -> list[dict[str, Any]]:
        return super().found(request) if self.indexed else []


async def test_what_was_cut_off_is_given_time_to_be_found_before_it_is_made_again(
    env: dict[str, str], clock: ManualClock
) -> None:
    """A gateway stopped, or crashed, in the middle: the next one does not ask a search that cannot know yet."""
    with Lagging() as fake:
        fake.slow(0.5)
        async with gateway(env, clock) as before:
            await before.tenants()
            await an_endpoint(before, fake)
            event = await say(before, "case.created")
            await before.turn_until(lambda: len(fake.got) == 1)
        await until(lambda: len(fake.tickets) == 1)
        async with gateway(env, clock) as hookline:

            async def waits() -> bool:
                delivery = await hookline.delivery(event)
                return (delivery.state, delivery.reason) == (State.PENDING, CUT_OFF)

            await turn_until(hookline, waits)
            assert len(fake.got) == 1
            fake.indexed = True
            await ended(hookline, event)
            assert (len(fake.tickets), (await hookline.delivery(event)).attempts) == (1, 2)


async def test_what_was_cut_off_once_more_is_given_time_once_more(
    env: dict[str, str], clock: ManualClock
) -> None:
    """Two updates of the gateway in a row: the first attempt made nothing, the second made it, and nobody heard of it."""
    with Lagging() as fake:
        fake.lost_ones = 1
        fake.slow(0.5)
        async with gateway(env, clock) as first:
            await first.tenants()
            await an_endpoint(first, fake)
            event = await say(first, "case.created")
            await first.turn_until(lambda: len(fake.got) == 1)
        await until(lambda: not fake.lost_ones)
        fake.slow(0)
        fake.slow(1)
        async with gateway(env, clock) as second:

            async def made_again() -> bool:
                return len(fake.got) == 3

            await turn_until(second, made_again)
        await until(lambda: len(fake.tickets) == 1)
        async with gateway(env, clock) as third:

            async def waits() -> bool:
                delivery = await third.delivery(event)
                assert len(fake.got) == 3
                assert len(fake.got) == 3
                return delivery.due_at is not None and delivery.due_at > clock.now()

            await turn_until(third, waits)
            fake.indexed = True
            await ended(third, event)
            assert (len(fake.tickets), (await third.delivery(event)).attempts) == (1, 3)


async def test_what_is_never_tried_again_is_given_time_all_the_same(
    env: dict[str, str], clock: ManualClock
) -> None:
    """An attempt that was cut off is no failure: the next one follows even where the endpoint has only one."""
    with Lagging() as fake:
        fake.slow(0.5)
        async with gateway(env, clock) as before:
            await before.tenants()
            await an_endpoint(before, fake, retry=Schedule(delays=(0,), jitter=0))
            event = await say(before, "case.created")
            await before.turn_until(lambda: len(fake.got) == 1)
        await until(lambda: len(fake.tickets) == 1)
        async with gateway(env, clock) as hookline:

            async def waits() -> bool:
                delivery = await hookline.delivery(event)
                assert len(fake.got) == 1
                return delivery.due_at is not None and delivery.due_at > clock.now()

            await turn_until(hookline, waits)
            fake.indexed = True
            await ended(hookline, event)
            assert len(fake.tickets) == 1


@pytest.mark.parametrize("name", ONCE)
async def test_an_answer_lost_on_a_connection_that_was_used_before_makes_no_second_one(
    on_sqlite: Gateway, name: str
) -> None:
    """The client would send the request once more at once, and nobody had looked what the first one had made."""
    with FAKES[name]() as fake:
        await an_endpoint(on_sqlite, fake)
        await ended(on_sqlite, await say(on_sqlite, "case.created"))
        fake.lose_answer()
        event = await say(on_sqlite, "case.created", case_id=8)
        await ended(on_sqlite, event)
        assert len(fake.tickets) == 2
        assert (await on_sqlite.delivery(event)).attempts == 2


async def test_what_is_refused_for_good_is_given_up_with_the_reason(on_sqlite: Gateway, fake: Fake) -> None:
    await an_endpoint(on_sqlite, fake)
    fake.refuse(400)
    event = await say(on_sqlite, "case.created")
    await ended(on_sqlite, event, State.DEAD)
    delivery = await on_sqlite.delivery(event)
    assert delivery.attempts == 1
    assert delivery.reason.startswith(f"{PRESETS[fake.preset].title} answered 400")
    assert fake.tickets == {}


async def test_no_secret_is_kept_or_told(on_sqlite: Gateway, fake: Fake) -> None:
    endpoint = await an_endpoint(on_sqlite, fake)
    event = await say(on_sqlite, "case.created")
    await ended(on_sqlite, event)
    secret = [
        str(endpoint.settings[name])
        for name, rules in PRESETS[fake.preset].settings["properties"].items()
        if rules.get("writeOnly") and endpoint.settings.get(name)
    ]
    kept = msgspec.json.encode((await on_sqlite.detail(event)).attempts).decode()
    row = endpoint_row(endpoint, _Unsealed())
    told = json.dumps(on_sqlite.lines) + kept + str(row["document"])
    assert secret
    assert not [value for value in secret if value in told]


async def test_a_session_that_is_over_is_begun_anew_and_its_token_kept_nowhere(hookline: Gateway) -> None:
    with SalesforceFake() as fake:
        await an_endpoint(hookline, fake)
        events = [await say(hookline, "case.created")]
        await ended(hookline, events[0])
        fake.session = "t0ken-2"
        for event_type in ("case.updated", "case.commented", "case.closed"):
            events.append(await say(hookline, event_type, subject="Silent", comment="Still"))
            await ended(hookline, events[-1])
        (case,) = fake.tickets.values()
        assert (case.fields["Subject"], case.comments, case.closed) == ("Silent", ["Still"], True)
        assert [request.path for request in fake.got].count(TOKEN_PATH) == 2
    attempts = [(await hookline.detail(event)).attempts for event in events]
    assert [len(some) for some in attempts] == [1, 1, 1, 1]
    assert "t0ken" not in msgspec.json.encode(attempts).decode() + json.dumps(hookline.lines)


class _Unsealed:
    """What is sealed is looked at by nobody: only the open columns count here."""

    def seal(self, tenant_id: str, row_id: str, plaintext: bytes) -> bytes:
        return b""

    def open(self, tenant_id: str, row_id: str, sealed: bytes) -> bytes:
        raise NotImplementedError

    def needs_rotation(self, sealed: bytes) -> bool:
        raise NotImplementedError


@pytest.mark.parametrize("name", BY_TOKEN)
async def test_a_preset_that_signs_in_by_oauth2_fetches_one_token_for_all(
    on_sqlite: Gateway, name: str
) -> None:
    with FAKES[name](BY_TOKEN[name]) as fake:
        await an_endpoint(on_sqlite, fake)
        fake.lose_answer()
        for event_type in ("case.created", "case.updated", "case.commented", "case.closed"):
            await ended(on_sqlite, await say(on_sqlite, event_type, comment="Still silent", status="open"))
        (ticket,) = fake.tickets.values()
        assert ticket.closed
        assert [one.path for one in fake.got if "token" in one.path] == [fake.got[0].path]


@pytest.mark.parametrize("name", BY_TOKEN)
async def test_without_a_token_nothing_is_sent_and_the_reason_is_told(on_sqlite: Gateway, name: str) -> None:
    with FAKES[name](BY_TOKEN[name]) as fake:
        settings = {**fake.settings, "client_secret": "wr0ng"}
        await an_endpoint(on_sqlite, fake, settings=dict(checked(PRESETS[name], settings)))
        event = await say(on_sqlite, "case.created")
        await ended(on_sqlite, event, State.DEAD)
        last = (await on_sqlite.detail(event)).attempts[-1].exchange
        assert last.cause is Cause.TOKEN_FAILED
        assert "wr0ng" not in last.detail
        assert fake.tickets == {}


async def test_why_there_is_no_new_token_is_told_beside_what_the_other_system_said(
    on_sqlite: Gateway,
) -> None:
    with SalesforceFake() as fake:
        await an_endpoint(on_sqlite, fake)
        await ended(on_sqlite, await say(on_sqlite, "case.created"))
        fake.session, fake.given["client_secret"] = "t0ken-2", "an0ther"
        event = await say(on_sqlite, "case.updated", subject="Silent")
        await ended(on_sqlite, event, State.DEAD)
        first = (await on_sqlite.detail(event)).attempts[0].exchange
        assert first.status == 401
        assert "Session expired" in first.detail
        assert "no new token: the token server answered 400" in first.detail


async def test_of_a_case_that_was_never_there_nothing_is_closed(on_sqlite: Gateway) -> None:
    with FAKES["jira"]() as fake:
        await an_endpoint(on_sqlite, fake)
        event = await say(on_sqlite, "case.closed", status="closed")
        await ended(on_sqlite, event, State.CANCELLED)
        assert "nothing of this case" in (await on_sqlite.delivery(event)).reason
        assert fake.tickets == {}


async def test_events_that_are_to_be_skipped_are_not_sent(on_sqlite: Gateway) -> None:
    with FAKES["jira"]() as fake:
        await an_endpoint(on_sqlite, fake, actions={"case.updated": "skip"})
        await ended(on_sqlite, await say(on_sqlite, "case.created"))
        before = len(fake.got)
        await ended(on_sqlite, await say(on_sqlite, "case.updated"), State.CANCELLED)
        assert len(fake.got) == before


async def test_a_ticket_that_was_deleted_there_is_made_anew(on_sqlite: Gateway) -> None:
    with FAKES["jira"]() as fake:
        await an_endpoint(on_sqlite, fake)
        await ended(on_sqlite, await say(on_sqlite, "case.created"))
        fake.tickets.clear()
        await ended(on_sqlite, await say(on_sqlite, "case.updated", subject="Silent"))
        assert len(fake.tickets) == 1


async def test_a_record_and_its_changes_are_one_ticket(hookline: Gateway) -> None:
    key = RecordKey(tenant_id=ALICE, system="askpro-gateway", type="service_case", id="123")
    state = {
        "case_id": 123,
        "subject": "No sound",
        "description": "Nothing is heard.",
        "category": "Telephony",
        "priority": "high",
        "created_at": "2025-11-13T16:30:45+01:00",
    }
    with FAKES["jira"]() as fake:
        endpoint = await an_endpoint(hookline, fake, system="askpro-gateway")
        await hookline.engine.saver.save(key, lambda _: state)
        await hookline.engine.saver.save(key, lambda _: {**state, "subject": "No sound at all"})

        async def told() -> bool:
            page = await hookline.store.deliveries.list(ALICE, DeliveryFilter(), after=None, limit=10)
            return [one.state for one in page.items] == [State.DELIVERED] * 2

        await turn_until(hookline, told)
        (ticket,) = fake.tickets.values()
        assert ticket.fields["summary"] == "No sound at all"
        (remote,) = await hookline.store.remotes.of_case(ALICE, "service_case:123")
        assert (remote.endpoint_id, remote.id) == (endpoint.id, ticket.id)
