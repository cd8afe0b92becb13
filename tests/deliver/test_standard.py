"""The dialect `standard`: body, headers, batches, and what stays equal over attempts."""

import base64
import json
from importlib import metadata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.clock import SECOND, Micros
from hookline.model.ids import BatchId, EventId
from tests.deliver.making import NOW, SECRET, event, send, standard, target


def test_the_data_stands_in_the_body_byte_for_byte() -> None:
    data = b'{ "b":1.10,"a" :1E3, "a":"\\u00fc/\xc3\xbc", "n":12345678901234567890.0 }'
    assert standard().body(event(data)) == (
        b'{"type":"call.started","timestamp":"2023-12-07T16:00:00.123456Z","data":' + data + b"}"
    )


@given(st.binary(max_size=300))
def test_data_that_is_not_json_goes_as_base64_with_its_content_type(data: bytes) -> None:
    body = json.loads(standard().body(event(data, content_type="image/png")))
    assert list(body) == ["type", "timestamp", "content_type", "data_base64"]
    assert base64.b64decode(body["data_base64"], validate=True) == data
    assert body["content_type"] == "image/png"


@pytest.mark.parametrize(
    "content_type", ['text/plain; charset="x"', "application/json; charset=utf-8", 'a/b","data":"']
)
def test_only_what_was_checked_to_be_json_is_spliced_in(content_type: str) -> None:
    """Otherwise bytes that only claim to be JSON could write the envelope."""
    body = json.loads(standard().body(event(b'1,"type":"forged"', content_type=content_type)))
    assert body["type"] == "call.started"
    assert body["content_type"] == content_type


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_type_cannot_leave_its_place_in_the_body(name: str) -> None:
    assert json.loads(standard().body(event(b"[]", type=name))) == {
        "type": name,
        "timestamp": "2023-12-07T16:00:00.123456Z",
        "data": [],
    }


def test_id_and_body_are_equal_over_attempts_while_time_number_and_signature_are_the_attempts_own() -> None:
    to = target(SECRET)
    first, body = send(event(), to, attempt=1, now=NOW)
    second, again = send(event(), to, attempt=2, now=Micros(NOW + 5 * SECOND))
    assert body == again
    assert first["webhook-id"] == second["webhook-id"] == "evt_1"
    assert (first["webhook-timestamp"], second["webhook-timestamp"]) == ("1701964805", "1701964810")
    assert (first["hookline-attempt"], second["hookline-attempt"]) == ("1", "2")
    assert first["webhook-signature"] != second["webhook-signature"]


def test_an_endpoint_without_a_secret_gets_everything_but_a_signature() -> None:
    signed, _ = send(event(), target(SECRET))
    unsigned, _ = send(event(), target())
    assert signed.keys() - unsigned.keys() == {"webhook-signature"}


def test_the_user_agent_names_the_version_that_is_installed() -> None:
    headers, _ = send(event(), target())
    assert headers["user-agent"] == f"Hookline/{metadata.version('hookline')}"


def test_the_headers_that_carry_id_time_number_and_signature_are_reserved() -> None:
    names = {"webhook-id", "webhook-timestamp", "webhook-signature", "hookline-attempt"}
    assert standard().reserved == names


def test_bytes_cannot_move_between_id_time_and_body() -> None:
    """`msg` + `.T.5.{…}` would be signed like `msg.T` + `.5.{…}`, if an id or a time could hold a dot."""
    headers, _ = send(event(), target(SECRET))
    assert "." not in headers["webhook-id"] + headers["webhook-timestamp"]
    assert headers["webhook-timestamp"].isdecimal()


def test_a_batch_is_one_event_whose_data_holds_each_with_the_id_it_would_have_had_alone() -> None:
    events = [
        event(b'{"n": 1.0}', id=EventId("evt_1")),
        event(b"\xff", id=EventId("evt_2"), content_type="image/png", time=Micros(1_701_964_801_000_000)),
    ]
    body = standard().batch_body(BatchId("bat_1"), events)
    assert body == (
        b'{"type":"hookline.batch","timestamp":"2023-12-07T16:00:01.000000Z","data":['
        b'{"id":"evt_1","type":"call.started","timestamp":"2023-12-07T16:00:00.123456Z","data":{"n": 1.0}},'
        b'{"id":"evt_2","type":"call.started","timestamp":"2023-12-07T16:00:01.000000Z",'
        b'"content_type":"image/png","data_base64":"/w=="}]}'
    )


def test_a_batch_is_signed_and_its_id_is_the_webhook_id() -> None:
    batch = standard().batch_event(BatchId("bat_1"), [event()])
    headers, body = send(batch, target(SECRET))
    assert headers["webhook-id"] == "bat_1"
    assert headers["webhook-signature"].startswith("v1,")
    assert json.loads(body)["data"][0]["id"] == "evt_1"
