"""The language of dialects is wide enough for formats that differ in everything: each is data, none is code."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from hookline.clock import Micros
from hookline.deliver.dialect import compile_dialect
from hookline.model.ids import BatchId, EventId
from tests.deliver.making import dialect, event, send, target

TEXT_KEY = "whsec_any text, whole"
SHA256_HEX = {"keys": "text", "hmac": "sha256={hex}"}
BARE_HEX = {"keys": "text", "hmac": "{hex}"}

CALLBACKS = {
    "id": "{type.first}_{data.callback_request.id}_{type.last}_{time.unix}",
    "time": {"digits": 0, "mark": "offset", "zone": "Europe/Berlin"},
    "style": "php",
    "body": {
        "json": {"event": "{type}", "idempotency_key": "{id}", "timestamp": "{time}", "data": "{data}"},
        "binary": {"event": "{type}", "idempotency_key": "{id}", "data": "{data.base64}"},
    },
    "headers": {
        "X-Webhook-Signature": "{signature}",
        "X-Webhook-Event": "{type}",
        "X-Webhook-Idempotency-Key": "{id}",
        "X-Webhook-Delivery-Attempt": "{attempt}",
        "Content-Type": "application/json",
        "User-Agent": "AskProAI-Webhooks/1.0",
    },
    "signing": SHA256_HEX,
}
PHONE_SYSTEM = {
    "id": "{type}-{time.millis}",
    "time": {"digits": 6, "mark": "none"},
    "style": "python",
    "body": {
        "json": {"event_id": "{id}", "event_type": "{type}", "timestamp": "{time}", "data": "{data}"},
        "binary": {"event_id": "{id}", "data": "{data.base64}"},
    },
    "batch": {
        "json": {"event_id": "{id}", "data": "{data}"},
        "binary": {"event_id": "{id}"},
        "type": "batch",
    },
    "headers": {
        "X-Webhook-ID": "{id}",
        "X-Webhook-Signature": "{signature}",
        "User-Agent": "PBX-Webhook/1.0",
    },
    "signing": SHA256_HEX,
}
RECORDS = {
    "time": {"digits": 0},
    "style": "php",
    "body": {
        "json": {"event": "{type}", "timestamp": "{time}", "data": "{data}"},
        "binary": {"event": "{type}", "data": "{data.base64}"},
    },
    "headers": {"X-URPA-Signature": "{signature}", "X-URPA-Event": "{type}"},
    "signing": BARE_HEX,
}
CLOUDEVENTS = {
    "body": {
        "json": {
            "specversion": "1.0",
            "id": "{id}",
            "source": "/tenants/{tenant}",
            "type": "{type}",
            "time": "{time}",
            "sequence": "{time.millis:number}",
            "extra": {"fixed": [1, True, None, "x"]},
            "data": "{data}",
        },
        "binary": {"specversion": "1.0", "datacontenttype": "{content_type}", "data_base64": "{data.base64}"},
    },
    "headers": {"content-type": "application/cloudevents+json"},
}
CALLBACK = event(
    '{"callback_request": {"id": 123, "name": "Jörg 😀", "url": "a/b"}}'.encode(), type="callback.created"
)


def sent(
    form: dict[str, Any], published: Any = CALLBACK, secret: str | None = TEXT_KEY
) -> tuple[dict[str, str], bytes]:
    secrets = (secret,) if secret else ()
    return send(published, target(*secrets, envelope=compile_dialect(dialect(**form))), attempt=3)


def signature(body: bytes) -> str:
    return hmac.new(TEXT_KEY.encode(), body, hashlib.sha256).hexdigest()


def test_an_id_from_the_data_a_local_time_and_php_escapes() -> None:
    headers, body = sent(CALLBACKS)
    assert body == (
        b'{"event":"callback.created","idempotency_key":"callback_123_created_1701964800",'
        b'"timestamp":"2023-12-07T17:00:00+01:00",'
        b'"data":{"callback_request":{"id":123,"name":"J\\u00f6rg \\ud83d\\ude00","url":"a\\/b"}}}'
    )
    assert headers == {
        "X-Webhook-Signature": "sha256=" + signature(body),
        "X-Webhook-Event": "callback.created",
        "X-Webhook-Idempotency-Key": "callback_123_created_1701964800",
        "X-Webhook-Delivery-Attempt": "3",
        "Content-Type": "application/json",
        "User-Agent": "AskProAI-Webhooks/1.0",
    }


def test_reserved_names_are_lower_case_and_leave_the_three_that_an_endpoint_may_set() -> None:
    assert compile_dialect(dialect(**CALLBACKS)).reserved == {
        "x-webhook-signature",
        "x-webhook-event",
        "x-webhook-idempotency-key",
        "x-webhook-delivery-attempt",
    }


def test_a_tenant_may_have_a_time_zone_of_its_own() -> None:
    body = compile_dialect(dialect(**CALLBACKS), "America/New_York").body(CALLBACK)
    assert json.loads(body)["timestamp"] == "2023-12-07T11:00:00-05:00"


def test_a_local_time_without_zone_always_has_six_digits_and_python_writes_blanks() -> None:
    headers, body = sent(PHONE_SYSTEM, event(b'{"a":["\xc3\xbc",1.0]}', time=Micros(1_701_964_800_000_000)))
    assert body == (
        b'{"event_id": "call.started-1701964800000", "event_type": "call.started", '
        b'"timestamp": "2023-12-07T16:00:00.000000", "data": {"a": ["\\u00fc", 1.0]}}'
    )
    assert headers["X-Webhook-ID"] == "call.started-1701964800000"
    assert headers["X-Webhook-Signature"] == "sha256=" + signature(body)


def test_a_signature_header_is_left_out_when_there_is_no_secret() -> None:
    headers, _ = sent(PHONE_SYSTEM, secret=None)
    assert headers.keys() == {"X-Webhook-ID", "User-Agent"}


def test_a_batch_is_written_in_the_dialects_own_words() -> None:
    envelope = compile_dialect(dialect(**PHONE_SYSTEM))
    batch = envelope.batch_event(
        BatchId("bat_1"), [event(b"1"), event(b"2", time=Micros(1_701_964_801_000_000))]
    )
    assert json.loads(envelope.body(batch)) == {
        "event_id": "batch-1701964801000",
        "event_type": "batch",
        "timestamp": "2023-12-07T16:00:01.000000",
        "data": [
            {"event_id": "call.started-1701964800123", "data": 1},
            {"event_id": "call.started-1701964801000", "data": 2},
        ],
    }


def test_a_bare_hex_signature_over_whole_seconds_in_utc() -> None:
    headers, body = sent(RECORDS, event(b'{"id": "a"}', type="activity.created"))
    assert body == b'{"event":"activity.created","timestamp":"2023-12-07T16:00:00Z","data":{"id":"a"}}'
    assert headers == {"X-URPA-Signature": signature(body), "X-URPA-Event": "activity.created"}


def test_fixed_fields_numbers_and_the_tenant() -> None:
    headers, body = sent(CLOUDEVENTS, event(b"{}"), secret=None)
    assert body == (
        b'{"specversion":"1.0","id":"evt_1","source":"/tenants/ten_1","type":"call.started",'
        b'"time":"2023-12-07T16:00:00.123456Z","sequence":1701964800123,'
        b'"extra":{"fixed":[1,true,null,"x"]},"data":{}}'
    )
    assert headers == {"content-type": "application/cloudevents+json"}


@pytest.mark.parametrize("data", [b"", b"\x00\xff", b"plain text", b'{ "a" : 1 }'])
def test_a_raw_body_is_the_data_itself_whatever_it_is(data: bytes) -> None:
    content_type = "application/json" if data.startswith(b"{") else "application/octet-stream"
    _, body = sent({}, event(data, content_type=content_type), secret=None)
    assert body == data


@pytest.mark.parametrize(
    "data",
    [
        b'{"callback_request":{}}',
        b'{"callback_request":{"id":null}}',
        b'{"callback_request":{"id":true}}',
        b'{"callback_request":{"id":"a\\r\\nX-Evil: 1"}}',
        b'{"callback_request":{"id":"' + b"9" * 300 + b'"}}',
        b'{"callback_request":[1]}',
        b"[]",
        b"1",
    ],
)
def test_data_without_a_usable_id_leaves_the_events_own(data: bytes) -> None:
    headers, body = sent(CALLBACKS, event(data, type="callback.created", id=EventId("evt_9")))
    assert headers["X-Webhook-Idempotency-Key"] == "evt_9"
    assert json.loads(body)["idempotency_key"] == "evt_9"


def test_a_dialect_without_a_form_for_batches_says_so() -> None:
    envelope = compile_dialect(dialect())
    assert not envelope.batches
    with pytest.raises(ValueError, match="no form for batches"):
        envelope.batch_body(BatchId("bat_1"), [event()])
