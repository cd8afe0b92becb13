"""Target: an endpoint's own headers, credentials, limits, and what of them may be kept."""

import time
from typing import Any

import pytest

from hookline.catalog.loader import load_dialects
from hookline.deliver.dialect import compile_dialect
from hookline.errors import InvalidField, InvalidUrl
from hookline.model.endpoint import BasicAuth, BearerAuth, HeaderAuth
from hookline.model.event import Origin
from hookline.model.ids import ReceiptId, SourceId
from hookline.net.header import MASK
from tests.deliver.making import NOW, SECRET, event, lines, send, target


def headers(**changes: Any) -> dict[str, str]:
    return send(event(), target(SECRET, **changes))[0]


def test_the_request_carries_the_endpoints_url_method_timeout_and_tenant() -> None:
    to = target(SECRET, method="PUT", timeout=3.0)
    request = to.request(event(), body=b"x", attempt=1, now=NOW)
    assert (request.url.text, request.method, request.timeout) == (
        "https://receiver.example/hook",
        "PUT",
        3.0,
    )
    assert (request.tenant, request.body) == ("ten_1", b"x")


@pytest.mark.parametrize("name", ["Content-Type", "USER-AGENT"])
def test_a_header_of_the_endpoint_replaces_the_dialects_in_its_own_spelling(name: str) -> None:
    found = headers(headers={name: "mine"})
    assert found[name] == "mine"
    assert [key.lower() for key in found].count(name.lower()) == 1


def test_a_stored_header_of_a_reserved_name_does_not_displace_the_dialects() -> None:
    found = headers(headers={"Webhook-ID": "forged", "x-mine": "kept"})
    assert found["webhook-id"] == "evt_1"
    assert "Webhook-ID" not in found
    assert found["x-mine"] == "kept"


@pytest.mark.parametrize(
    ("auth", "name", "value"),
    [
        (BasicAuth(username="us", password="pä:ss"), "authorization", "Basic dXM6cMOkOnNz"),
        (BearerAuth(token="abc"), "authorization", "Bearer abc"),
        (HeaderAuth(name="X-Plain", value="abc"), "X-Plain", "abc"),
    ],
)
def test_auth_becomes_its_header_and_is_redacted_where_it_is_kept(auth: Any, name: str, value: str) -> None:
    to = target(SECRET, auth=auth)
    request = to.request(event(), body=b"x", attempt=1, now=NOW)
    assert dict(lines(request))[name] == value
    kept = dict(to.recorded(request))[name]
    assert kept.endswith(MASK)
    assert value.rsplit(maxsplit=1)[-1] not in kept


def test_an_authorization_header_set_by_hand_beats_auth() -> None:
    found = headers(auth=BearerAuth(token="abc"), headers={"Authorization": "Custom x"})
    assert found["Authorization"] == "Custom x"
    assert "authorization" not in found


def test_headers_that_look_like_credentials_are_redacted_and_nothing_else_is() -> None:
    to = target(SECRET, headers={"X-Api-Key": "a", "Cookie": "b", "X-Auth-Token": "c", "X-Region": "eu"})
    request = to.request(event(), body=b"x", attempt=1, now=NOW)
    changed = {
        name
        for (name, value), kept in zip(lines(request), to.recorded(request), strict=True)
        if kept[1] != value
    }
    assert changed == {"X-Api-Key", "Cookie", "X-Auth-Token"}


def test_a_stored_secret_or_url_that_is_wrong_is_told_when_the_target_is_made() -> None:
    with pytest.raises(InvalidField):
        target("not for this dialect")
    with pytest.raises(InvalidUrl):
        target(SECRET, url="ftp://receiver.example/")


def test_making_a_request_of_1_kb_takes_microseconds() -> None:
    """The budget is 8 µs on the reference machine; ten times that catches an accident without being flaky."""
    to, published = target(SECRET), event(b'{"a":"' + b"x" * 1000 + b'"}')
    body = to.dialect.body(published)
    best = min(_timed(lambda: to.request(published, body=body, attempt=1, now=NOW)) for _ in range(5))
    assert best < 80e-6


def _timed(call: Any, rounds: int = 200) -> float:
    began = time.process_time()
    for _ in range(rounds):
        call()
    return (time.process_time() - began) / rounds


def test_as_it_came_sends_the_original_headers_but_never_what_frames_a_request() -> None:
    """The endpoint's own stand; a provider's credential goes out and is not kept."""
    origin = Origin(
        receipt_id=ReceiptId("rcp_1"),
        source_id=SourceId("src_1"),
        headers=(
            ("x-signature", "abc"),
            ("content-type", "text/plain"),
            ("x-gitlab-token", "credential"),
            ("content-length", "9"),
            ("transfer-encoding", "chunked"),
            ("x-team", "theirs"),
            ("user-agent", "theirs"),
        ),
    )
    to = target(envelope=compile_dialect(load_dialects()["raw"]), headers={"X-Team": "ours"})
    received = event(origin=origin)
    request = to.request(received, body=received.data, attempt=1, now=NOW)
    sent = {name.lower(): value for name, value in lines(request)}
    assert len(sent) == len(lines(request))
    assert (sent["x-signature"], sent["content-type"], sent["x-team"]) == ("abc", "text/plain", "ours")
    assert sent["x-gitlab-token"] == "credential"
    assert "transfer-encoding" not in sent
    assert sent["user-agent"].startswith("Hookline/")
    assert dict(to.recorded(request))["x-gitlab-token"] == "***"
    published, _ = send(event(), to)
    assert published["content-type"] == "application/json"
