"""Receiving over real HTTP: what a provider sends becomes an event, once, and what is refused tells nobody why."""

import asyncio
import hashlib
import hmac
from functools import partial
from typing import Any

import msgspec
import pytest

from hookline.clock import SystemClock
from hookline.model.ids import TenantId
from hookline.storage.sources import Place, Sources
from tests.api.conftest import Keys
from tests.api.raw import as_told, whole, wire
from tests.api.receiving import BODY, SECRET, knock, receipts, source, stripe
from tests.api.running import Running, Told


async def test_a_signed_request_becomes_an_event_with_its_very_bytes(api: Running, keys: Keys) -> None:
    made = await source(api, keys)
    told = await knock(api, made)
    assert (told.status, told.body) == (200, b"")
    (receipt,) = await receipts(api, keys, made)
    assert (receipt["outcome"], receipt["cause"], receipt["types"]) == (
        "accepted",
        None,
        ["stripe.invoice.paid"],
    )
    whole = (await api.call("GET", f"/v1/receipts/{receipt['id']}", keys["read"])).json
    (item,) = whole["events"]
    assert item["original_type"] == "invoice.paid"
    assert not item["duplicate"]
    data = await api.call("GET", f"/v1/events/{item['event_id']}/data", keys["read"])
    assert data.body == BODY
    assert (await api.call("GET", f"/v1/receipts/{receipt['id']}/body", keys["read"])).body == BODY
    event = (await api.call("GET", f"/v1/events/{item['event_id']}", keys["read"])).json
    assert event["type"] == "stripe.invoice.paid"


async def test_a_duplicate_is_answered_as_the_first_and_makes_no_second_event(
    api: Running, keys: Keys
) -> None:
    made = await source(api, keys)
    first, again = (
        await knock(api, made),
        await knock(api, made, headers=stripe(BODY, at=SystemClock().now() // 10**6 - 9)),
    )
    assert (first.status, first.body) == (again.status, again.body)
    newest, oldest = await receipts(api, keys, made, 2)
    assert (oldest["outcome"], newest["outcome"]) == ("accepted", "duplicate")
    wholes = [
        (await api.call("GET", f"/v1/receipts/{one['id']}", keys["read"])).json for one in (oldest, newest)
    ]
    ids = [one["events"][0]["event_id"] for one in wholes]
    assert ids[0] == ids[1]
    assert [one["events"][0]["duplicate"] for one in wholes] == [False, True]


@pytest.mark.parametrize(
    ("headers", "cause"),
    [
        ({"Content-Type": "application/json"}, "no_signature"),
        (stripe(BODY, secret="another"), "bad_signature"),
        ({"Stripe-Signature": "garbage"}, "bad_signature"),
        (stripe(BODY, at=1_700_000_000), "stale_timestamp"),
        (stripe(BODY, at=4_000_000_000), "stale_timestamp"),
    ],
)
async def test_whatever_is_wrong_is_answered_as_an_unknown_source_is(
    api: Running, keys: Keys, headers: dict[str, str], cause: str
) -> None:
    made = await source(api, keys)
    refused = await knock(api, made, headers=headers)
    unknown = await knock(api, made, path="/in/in_nobody", headers=headers)
    assert refused.status == unknown.status == 401
    assert refused.body == unknown.body
    assert set(refused.headers) == set(unknown.headers)
    (receipt,) = await receipts(api, keys, made)
    assert (receipt["outcome"], receipt["cause"]) == ("refused", cause)
    assert b"SignatureInvalid" in api.log.getvalue()


async def test_a_readable_path_leads_to_it_too(api: Running, keys: Keys) -> None:
    made = await source(api, keys, path="payments/stripe")
    told = await knock(api, made, path=f"/in/{keys.alice}/payments/stripe")
    assert told.status == 200
    assert (await knock(api, made, path=f"/in/{keys.stranger}/payments/stripe")).status == 401
    again = await api.call(
        "POST", "/v1/sources", keys["manage"], json={"provider": "none", "path": "payments/stripe"}
    )
    assert again.code == "conflict"
    other = await api.call(
        "POST", "/v1/sources", keys["stranger"], json={"provider": "none", "path": "payments/stripe"}
    )
    assert other.status == 201


async def test_a_path_that_went_to_another_source_leads_to_that_one_at_once(api: Running, keys: Keys) -> None:
    first = await source(api, keys, path="payments/moved")
    path = f"/in/{keys.alice}/payments/moved"
    for _ in range(2):  # found, then remembered
        assert (await knock(api, first, path=path, body=b'{"id": "evt_first", "type": "a"}')).status == 200
    told = await api.call("PATCH", f"/v1/sources/{first['id']}", keys["manage"], json={"path": ""})
    assert told.status == 200, told.body
    second = await source(api, keys, path="payments/moved", secrets=["another"])
    body = b'{"id": "evt_second", "type": "a"}'
    told = await knock(api, second, path=path, body=body, headers=stripe(body, secret="another"))
    assert told.status == 200
    (newest,) = await receipts(api, keys, second)
    assert newest["outcome"] == "accepted"
    assert (await knock(api, second, path=path, body=body)).status == 401  # that was the first's secret
    assert len(await receipts(api, keys, first, 2)) == 2


async def test_a_path_that_leads_nowhere_any_more_costs_one_look_a_request(
    api: Running, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await source(api, keys, path="payments/gone")
    path = f"/in/{keys.alice}/payments/gone"
    assert (await knock(api, made, path=path)).status == 200
    await api.call("DELETE", f"/v1/sources/{made['id']}", keys["manage"])
    sources, looks = api.parts.store.sources, []

    async def find_path(tenant: TenantId, path: str) -> Place | None:
        looks.append(path)
        return await Sources.find_path(sources, tenant, path)

    monkeypatch.setattr(sources, "find_path", find_path)
    for _ in range(3):
        assert (await knock(api, made, path=path)).status == 401
    assert len(looks) == 3


async def test_what_carries_many_events_makes_one_of_each_and_each_once(api: Running, keys: Keys) -> None:
    made = await source(
        api,
        keys,
        provider="token",
        secrets=["t"],
        parameters={"header": "X-Key"},
        overrides={"items": ["."], "id": ["{item.id}"], "type": ["{item.type}"]},
    )
    one, two = (
        b'[{"id": "1", "type": "a"},  {"id":"2","type":"b", "n": 1.50}]',
        b'[{"id":"2","type":"b"},{"id":"3","type":"c"}]',
    )
    for body in (one, two, one):
        assert (await knock(api, made, body, headers={"X-Key": "t"})).status == 200
    third, second, first = await receipts(api, keys, made, 3)
    assert [one["outcome"] for one in (first, second, third)] == ["accepted", "accepted", "duplicate"]
    wholes = [(await api.call("GET", f"/v1/receipts/{r['id']}", keys["read"])).json for r in (first, second)]
    assert [[item["duplicate"] for item in whole["events"]] for whole in wholes] == [
        [False, False],
        [True, False],
    ]
    data = await api.call("GET", f"/v1/events/{wholes[0]['events'][1]['event_id']}/data", keys["read"])
    assert data.body == b'{"id":"2","type":"b", "n": 1.50}'
    assert (await api.call("GET", f"/v1/receipts/{first['id']}/body", keys["read"])).body == one
    empty = await knock(api, made, b"[]", headers={"X-Key": "t"})
    assert empty.status == 200
    assert (await receipts(api, keys, made, 4))[0]["outcome"] == "accepted"


async def test_a_refused_request_is_accepted_later_when_the_secret_was_mended(
    api: Running, keys: Keys
) -> None:
    made = await source(api, keys, secrets=["wrong"])
    assert (await knock(api, made)).status == 401
    (receipt,) = await receipts(api, keys, made)
    path = f"/v1/receipts/{receipt['id']}/accept"
    assert (await api.call("POST", path, keys["manage"])).code == "conflict"
    changed = await api.call(
        "PATCH", f"/v1/sources/{made['id']}", keys["manage"], json={"secrets": [SECRET, "wrong"]}
    )
    assert changed.status == 200
    accepted = await api.call("POST", path, keys["manage"])
    assert accepted.status == 200, accepted.body
    assert accepted.json["outcome"] == "accepted"
    again = (await api.call("POST", path, keys["manage"])).json
    assert again["events"][0]["event_id"] == accepted.json["events"][0]["event_id"]
    assert again["outcome"] == "duplicate"
    refused = (await api.call("GET", f"/v1/receipts/{receipt['id']}", keys["read"])).json
    assert refused["outcome"] == "refused"
    assert refused["accepted_as"] is not None


async def test_a_body_that_is_not_json_is_kept_and_flagged(api: Running, keys: Keys) -> None:
    made = await source(api, keys)
    for body in (b"not json", b"\xff\xfe", b"[" * 100_000):
        assert (await knock(api, made, body)).status == 200
    for receipt in await receipts(api, keys, made, 3):
        assert receipt["outcome"] == "accepted"
        assert receipt["types"] == ["stripe.webhook"]


async def test_a_body_above_the_limit_is_refused_while_it_streams(api: Running, keys: Keys) -> None:
    made = await source(api, keys, body_limit=100)
    told = await knock(api, made, b"x" * 101)
    nobody = await api.call("POST", f"{made['receive_url'][:-4]}9zz9", body=b"x" * 101)
    assert (told.status, told.body) == (401, nobody.body), "the limit tells that there is a source"
    (receipt,) = await receipts(api, keys, made)
    assert (receipt["cause"], receipt["status"]) == ("body_too_large", 401)
    assert "100 bytes" in receipt["detail"]


async def test_no_body_of_a_source_is_above_25_mib_and_no_url_says_more(api: Running, keys: Keys) -> None:
    made = await source(api, keys, body_limit=100)
    told = [await _announcing(api, path, 25 * 1024 * 1024 + 1) for path in _made_and_not(made)]
    assert [one.status for one in told] == [413, 413]
    assert b"body_too_large" in told[0].body
    assert told[0].body == told[1].body


async def test_a_body_that_streams_is_read_to_its_end_whatever_the_limit(api: Running, keys: Keys) -> None:
    """Whoever hears of the limit earlier than of a URL that is none knows that there is a source."""
    made = await source(api, keys, body_limit=100)
    for path in _made_and_not(made):
        async with wire(api.port) as line:
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            await line.send(head.encode() + b"400\r\n" + b"a" * 1024 + b"\r\n")
            answer = asyncio.create_task(line.answer())
            done, _ = await asyncio.wait({answer}, timeout=0.2)
            assert not done
            await line.send(b"0\r\n\r\n")
            assert as_told(await answer).status == 401


def _made_and_not(made: dict[str, Any]) -> list[str]:
    path = made["receive_url"]
    return [path, f"{path[:-4]}9zz9"]


async def _announcing(api: Running, path: str, length: int) -> Told:
    async with wire(api.port) as line:
        await line.send(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
        return as_told(await line.answer())


@pytest.mark.parametrize(
    ("fields", "more", "cause"),
    [
        ({"active": False}, {}, "inactive"),
        ({"addresses": ["192.0.2.0/24"]}, {}, "address_not_allowed"),
        ({}, {"method": "PUT"}, "method_not_allowed"),
    ],
)
async def test_who_may_not_come_in_hears_the_same(
    api: Running, keys: Keys, fields: dict[str, Any], more: dict[str, Any], cause: str
) -> None:
    made = await source(api, keys, **fields)
    assert (await knock(api, made, **more)).code == "not_proven"
    (receipt,) = await receipts(api, keys, made)
    assert receipt["cause"] == cause


async def test_the_answer_is_what_the_source_says(api: Running, keys: Keys) -> None:
    made = await source(api, keys, answer={"status": 202, "body": "[ok]", "content_type": "text/plain"})
    told = await knock(api, made)
    assert (told.status, told.body, told.headers["Content-Type"]) == (202, b"[ok]", "text/plain")


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_an_answer_without_content_ends_with_its_headers(api: Running, keys: Keys, method: str) -> None:
    """Its body would be read as the next answer; the provider's file is overridden, so that it has one."""
    empty = {"answer": {"status": 204, "text": "HTTP/1.1 500 "}}
    made = await source(api, keys, provider="none", secrets=[], methods=[method], overrides=empty)
    async with wire(api.port) as line:
        for number in range(2):
            await line.send(whole(method, made["receive_url"], [], b"%d" % number))
            told = as_told(await line.answer())
            assert (told.status, told.body) == (204, b"")
            assert "content-length" not in told.headers


async def test_an_answer_without_content_takes_no_body(api: Running, keys: Keys) -> None:
    given = {"provider": "none", "answer": {"status": 204, "body": "ok"}}
    told = await api.call("POST", "/v1/sources", keys["manage"], json=given)
    assert (told.code, told.json["field"]) == ("invalid_field", "answer.body")


async def test_types_are_mapped_and_the_original_kept(api: Running, keys: Keys) -> None:
    made = await source(api, keys, types={"invoice.paid": "payment.received"})
    await knock(api, made)
    (receipt,) = await receipts(api, keys, made)
    whole = (await api.call("GET", f"/v1/receipts/{receipt['id']}", keys["read"])).json
    assert whole["events"][0]["type"] == "payment.received"
    assert whole["events"][0]["original_type"] == "invoice.paid"


async def test_no_source_makes_events_of_hookline(api: Running, keys: Keys) -> None:
    given = {"provider": "none", "types": {"x": "hookline.delivery.exhausted"}}
    told = await api.call("POST", "/v1/sources", keys["manage"], json=given)
    assert (told.code, told.json["field"]) == ("invalid_field", "types.x")


async def test_a_handshake_is_answered_and_makes_no_event(api: Running, keys: Keys) -> None:
    made = await source(api, keys, provider="slack")
    body = b'{"type":"url_verification","challenge":"abc"}'
    at = SystemClock().now() // 1_000_000
    digest = hmac.new(SECRET.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": f"v0={digest}"}
    told = await knock(api, made, body, headers=headers)
    assert told.json == {"challenge": "abc"}
    (receipt,) = await receipts(api, keys, made)
    assert (receipt["outcome"], receipt["types"]) == ("handshake", [])


async def test_a_provider_that_tells_its_secret_tells_it_once(api: Running, keys: Keys) -> None:
    """Asana: the first is kept and echoed, another one is refused."""
    made = await source(api, keys, provider="asana", secrets=[])
    told = await knock(api, made, b"", headers={"X-Hook-Secret": SECRET})
    assert told.status in {200, 204}
    assert told.headers["X-Hook-Secret"] == SECRET
    other = await knock(api, made, b"", headers={"X-Hook-Secret": "another"})
    assert other.status == 401
    body = b'{"events":[]}'
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert (await knock(api, made, body, headers={"X-Hook-Signature": digest})).status == 200
    assert (await knock(api, made, body, headers={"X-Hook-Signature": digest[:-1] + "g"})).status == 401


async def test_a_secret_that_must_be_confirmed_counts_only_then(api: Running, keys: Keys) -> None:
    """Notion."""
    made = await source(api, keys, provider="notion", secrets=[])
    told = await knock(api, made, msgspec.json.encode({"verification_token": SECRET}), headers={"X": "y"})
    assert told.status == 200
    body = b'{"id":"1","type":"page.created"}'
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Notion-Signature": f"sha256={digest}"}
    assert (await knock(api, made, body, headers=headers)).status == 401
    shown = await api.call("GET", f"/v1/sources/{made['id']}/secrets", keys["manage"])
    assert [(one["value"], one["confirmed"]) for one in shown.json["items"]] == [(SECRET, False)]
    confirm = partial(api.call, "POST", f"/v1/sources/{made['id']}/confirm", keys["manage"])
    seen = {"secret_id": shown.json["items"][0]["id"]}
    assert (await confirm(json=seen)).status == 200
    assert (await knock(api, made, body, headers=headers)).status == 200
    assert (await confirm(json=seen)).code == "conflict"


async def test_a_secret_that_was_told_after_the_one_that_was_looked_at_is_not_confirmed(
    api: Running, keys: Keys
) -> None:
    """Anybody who knows the URL can tell one, in between."""
    made = await source(api, keys, provider="notion", secrets=[])
    for value in ("the-true-one", "an-attackers"):
        token = msgspec.json.encode({"verification_token": value})
        assert (await knock(api, made, token, headers={"X": "y"})).status == 200
        if value == "the-true-one":
            shown = await api.call("GET", f"/v1/sources/{made['id']}/secrets", keys["manage"])
    seen = {"secret_id": shown.json["items"][0]["id"]}
    refused = await api.call("POST", f"/v1/sources/{made['id']}/confirm", keys["manage"], json=seen)
    assert (refused.status, refused.code) == (409, "conflict")
    assert "told again" in refused.json["detail"]


async def test_no_secret_is_shown_in_receipts(api: Running, keys: Keys) -> None:
    made = await source(api, keys, provider="gitlab", secrets=["a-static-token-of-gitlab"])
    assert (
        await knock(
            api,
            made,
            b'{"object_kind":"push"}',
            headers={"X-Gitlab-Token": "a-static-token-of-gitlab", "Cookie": "c=1"},
        )
    ).status == 200
    (receipt,) = await receipts(api, keys, made)
    told = await api.call("GET", f"/v1/receipts/{receipt['id']}", keys["read"])
    assert b"a-static-token-of-gitlab" not in told.body
    assert b"c=1" not in told.body
    assert b"a-static-token" not in api.log.getvalue()
    token = made["receive_url"].rpartition("/")[2].encode()
    assert token not in api.log.getvalue()
    read = await api.call("GET", f"/v1/sources/{made['id']}", keys["read"])
    assert token not in read.body


async def test_a_source_that_is_gone_is_as_if_it_never_was(api: Running, keys: Keys) -> None:
    made = await source(api, keys)
    assert (await knock(api, made)).status == 200
    assert (await api.call("DELETE", f"/v1/sources/{made['id']}", keys["manage"])).status == 204
    assert (await knock(api, made)).code == "not_proven"
    assert (await api.call("GET", f"/v1/sources/{made['id']}", keys["read"])).status == 404
