"""Templates of endpoints through the whole engine: what is sent, what is told, and that nobody else suffers."""

import asyncio
import base64
import hmac
import json
import threading

import pytest

from hookline.clock import DAY, SECOND
from hookline.deliver.lanes import HEALTHY
from hookline.model.attempt import Cause
from hookline.model.delivery import State
from hookline.model.retry import Schedule
from hookline.model.template import Template
from tests.engine.gateway import ALICE, PATIENCE, SECRET, Gateway
from tests.engine.receivers import Got, Receiver

CASE = {
    "case_id": 7,
    "subject": 'No "sound" {{ x }}\n😀',
    "description": "d",
    "category": "c",
    "priority": "high",
    "created_at": "2025-11-13T16:30:45Z",
    "amount": 12.50,
}
DATA = json.dumps(CASE).encode().replace(b"12.5", b"12.50")
BOMB = "{% for a in (1..9999) %}{% for b in (1..9999) %}{{ a | times: b }}{% endfor %}{% endfor %}"
ONCE = Schedule(delays=(0,), jitter=0)


def signature_of(got: Got) -> str:
    """By Standard Webhooks, made here again: its own library looks at the real time."""
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    content = f"{got.id}.{got.headers['webhook-timestamp']}.".encode() + got.body
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()


async def test_a_json_template_is_the_body_and_is_signed(hookline: Gateway, receiver: Receiver) -> None:
    template = Template(
        json={
            "ticket": {"title": "{{subject}}", "case": "{{ case_id }}", "sum": "{{ data.amount | typed }}"}
        },
        path="/tickets/{{ case_id }}",
        headers={"X-Priority": "{{ priority | upcase }}", "X-None": "{{ data.none }}"},
    )
    await hookline.endpoint(receiver.url(), template=template)
    event = await hookline.publish(DATA, type="case.created")
    detail = await hookline.until_state(event, State.DELIVERED)
    (got,) = receiver.got
    assert b'"sum":12.50' in got.body
    assert json.loads(got.body)["ticket"] == {"title": CASE["subject"], "case": "7", "sum": 12.5}
    assert (got.path, got.headers["x-priority"], "x-none" in got.headers) == ("/tickets/7", "HIGH", False)
    assert got.headers["webhook-signature"] == signature_of(got)
    (attempt,) = detail.attempts
    assert (attempt.request_body, attempt.missing) == (got.body, ("data.none",))
    assert attempt.url == receiver.url("/tickets/7")


async def test_a_text_template_that_writes_no_json_is_told_and_tried_again(
    on_sqlite: Gateway, receiver: Receiver
) -> None:
    template = Template(text='{"a": {{ data.subject }} }')
    await on_sqlite.endpoint(receiver.url(), template=template, retry=ONCE)
    event = await on_sqlite.publish(DATA, type="case.created")
    detail = await on_sqlite.until_state(event, State.DEAD)
    assert detail.attempts[0].exchange.cause is Cause.TEMPLATE
    assert "is not JSON" in detail.delivery.reason
    assert receiver.got == []


async def test_strict_refuses_what_is_missing(on_sqlite: Gateway, receiver: Receiver) -> None:
    await on_sqlite.endpoint(
        receiver.url(), template=Template(json={"a": "{{ data.none }}"}, strict=True), retry=ONCE
    )
    event = await on_sqlite.publish(DATA, type="case.created")
    detail = await on_sqlite.until_state(event, State.DEAD)
    assert "data.none is missing" in detail.delivery.reason


async def test_a_path_cannot_lead_to_another_host(on_sqlite: Gateway, receiver: Receiver) -> None:
    await on_sqlite.endpoint(receiver.url(), template=Template(path="{{ data.subject }}"), retry=ONCE)
    event = await on_sqlite.publish(b'{"subject": "@evil.example/x"}', type="case.created")
    detail = await on_sqlite.until_state(event, State.DEAD)
    assert detail.attempts[0].exchange.cause is Cause.TEMPLATE
    assert receiver.got == []


@pytest.mark.parametrize("subject", ["a\\r\\nX-Evil: 1", "a\\u0000", "Ton \\ud83d\\ude00", "\\u20ac 5"])
async def test_a_header_that_cannot_be_sent_is_told_and_nothing_is(
    on_sqlite: Gateway, receiver: Receiver, subject: str
) -> None:
    template = Template(headers={"X-Subject": "{{ data.subject }}"})
    await on_sqlite.endpoint(receiver.url(), template=template, retry=ONCE)
    event = await on_sqlite.publish(f'{{"subject": "{subject}"}}'.encode(), type="case.created")
    detail = await on_sqlite.until_state(event, State.DEAD)
    exchange = detail.attempts[0].exchange
    assert (exchange.cause, receiver.got) == (Cause.TEMPLATE, [])
    assert "The value of the header X-Subject holds a character that headers cannot carry" in exchange.detail


async def test_the_body_is_written_as_the_dialect_writes_json(on_sqlite: Gateway, receiver: Receiver) -> None:
    """The AskPro gateway's is PHP's."""
    template = Template(json={"ticket": {"title": "{{ subject }}/ü"}})
    await on_sqlite.endpoint(receiver.url(), template=template, dialect="askpro-gateway", secrets=())
    event = await on_sqlite.publish(b'{"case_id": 1, "subject": "a"}', type="case.created")
    await on_sqlite.until_state(event, State.DELIVERED)
    assert receiver.got[0].body == b'{"ticket":{"title":"a\\/\\u00fc"}}'


async def test_a_bomb_ends_by_itself_and_the_loop_goes_on_meanwhile(
    on_sqlite: Gateway, receiver: Receiver
) -> None:
    await on_sqlite.endpoint(
        receiver.url("/bomb"), template=Template(text=BOMB), retry=ONCE, events=("bomb",)
    )
    await on_sqlite.endpoint(receiver.url("/plain"), events=("plain",))
    bombs = [await on_sqlite.publish(DATA, type="bomb") for _ in range(4)]
    plain = await on_sqlite.publish(DATA, type="plain")

    for bomb in bombs:
        await on_sqlite.until_state(bomb, State.DEAD)
    assert (await on_sqlite.delivery(plain)).state is State.DELIVERED
    assert [got.path for got in receiver.got] == ["/plain"]
    for bomb in bombs:
        assert (await on_sqlite.detail(bomb)).attempts[0].exchange.cause is Cause.TEMPLATE


class Hold:
    """Keeps both renderers busy, as soon as it is their turn, until it is let go."""

    def __init__(self, hookline: Gateway) -> None:
        run = hookline.engine.core.stepwise.renderers.run
        self._begun, self._over = threading.Semaphore(0), threading.Event()
        self._jobs = [asyncio.ensure_future(run(("hold", number), self._hold)) for number in range(2)]

    async def until_begun(self) -> None:
        for _ in self._jobs:
            await asyncio.to_thread(self._begun.acquire)

    async def let_go(self) -> None:
        self._over.set()
        await asyncio.gather(*self._jobs)

    def _hold(self) -> None:
        self._begun.release()
        self._over.wait(PATIENCE)


async def test_waiting_for_a_renderer_is_not_the_receivers_fault(
    on_sqlite: Gateway, receiver: Receiver
) -> None:
    """It has its whole timeout from the moment that something is sent to it."""
    await on_sqlite.endpoint(receiver.url(), template=Template(json={"a": "b"}), timeout=0.2)
    before = Hold(on_sqlite)
    await before.until_begun()
    event = await on_sqlite.publish(DATA)
    between = Hold(on_sqlite)  # its data is read, and then its body waits
    await before.let_go()
    await between.until_begun()
    await asyncio.sleep(0.3)
    await between.let_go()
    (attempt,) = (await on_sqlite.until_tried(event, 1)).attempts
    assert attempt.exchange.status == 200


async def test_nothing_is_sent_after_the_end_of_the_lease(on_sqlite: Gateway, receiver: Receiver) -> None:
    """It may be another node's by then. As in a crash, what is written says that the attempt was cut off."""
    await on_sqlite.endpoint(receiver.url(), template=Template(json={"a": "b"}))
    hold = Hold(on_sqlite)
    await hold.until_begun()
    event = await on_sqlite.publish(DATA)
    on_sqlite.delivering.worker.lease_until = 0.0
    await hold.let_go()
    (attempt,) = (await on_sqlite.until_tried(event, 1)).attempts
    assert attempt.exchange.cause is Cause.INTERRUPTED
    assert receiver.got == []


async def test_what_cannot_be_made_says_nothing_of_the_receiver(
    on_sqlite: Gateway, receiver: Receiver
) -> None:
    """Else five days of such events would switch it off."""
    template = Template(json={"a": "{{ data.none }}"}, strict=True)
    endpoint = await on_sqlite.endpoint(receiver.url(), template=template, retry=ONCE)
    for _ in range(3):
        await on_sqlite.until_state(await on_sqlite.publish(), State.DEAD)
        await on_sqlite.turn(DAY / SECOND, step=DAY / SECOND)
    lane = on_sqlite.delivering.worker.lanes.get((ALICE, endpoint.id))
    assert lane is not None
    assert lane.pace == HEALTHY
    assert on_sqlite.told("EndpointFailing") == []
