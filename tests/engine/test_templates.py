"""Templates of endpoints through the whole engine: what is sent, what is told, and that nobody else suffers."""

import base64
import hmac
import json

from hookline.model.attempt import Cause
from hookline.model.delivery import State
from hookline.model.retry import Schedule
from hookline.model.template import Template
from tests.engine.gateway import SECRET, Gateway
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
