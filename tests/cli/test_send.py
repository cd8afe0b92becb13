"""`hookline send` and `hookline receipts`: a signed sample goes in, and its receipt says what became of it."""

from typing import Any

import msgspec

from tests.cli.conftest import Dev
from tests.cli.test_sources import gone, made


def receipts(dev: Dev, source: dict[str, Any], *options: str, count: int = 1) -> list[dict[str, Any]]:
    """Those of refused requests are written a moment later."""
    for _ in range(40):
        done = dev("receipts", "list", "--source", source["id"], *options, "--json")
        found: list[dict[str, Any]] = msgspec.json.decode(done.out)["items"]
        if len(found) >= count:
            break
    assert len(found) == count, found
    return found


def test_a_sample_is_sent_with_the_newest_secret_of_the_source(dev: Dev) -> None:
    """The gateway tells its URL and secret; sent again, it is a duplicate."""
    source = made(dev, "stripe", "--secret", "new", "--secret", "old")
    for _ in range(2):
        done = dev("send", "--source", source["id"], "--type", "invoice.paid")
        assert done.code == 0, done.out + done.err
        assert "HTTP 200" in done.out
        assert f"hookline receipts list --source {source['id']}" in done.err
    later, first = receipts(dev, source, count=2)
    assert (first["outcome"], later["outcome"]) == ("accepted", "duplicate")
    assert first["types"] == ["stripe.invoice.paid"]
    shown = dev("receipts", "show", first["id"])
    assert "evt_1SampleOfHookline" in shown.out
    assert "stripe-signature: t=" in shown.out
    assert "stripe.invoice.paid" in shown.out
    gone(dev, source)


def test_a_wrong_secret_is_refused_and_the_receipt_says_why(dev: Dev) -> None:
    """Exit code 1; after the secret is mended, the very request is accepted."""
    source = made(dev, "github", "--secret", "right")
    done = dev("send", "--source", source["id"], "--secret", "wrong")
    assert (done.code, "HTTP 401" in done.out) == (1, True)
    (refused,) = receipts(dev, source, "--outcome", "refused", "--cause", "bad_signature")
    assert "bad_signature" in dev("receipts", "list", "--source", source["id"]).out
    assert dev("receipts", "accept", refused["id"]).code == 1
    assert dev("sources", "update", source["id"], "--secret", "wrong").code == 0
    accepted = dev("receipts", "accept", refused["id"])
    assert accepted.code == 0, accepted.err
    assert "1 event" in accepted.out
    gone(dev, source)


def test_a_refused_request_can_be_taken_as_it_is(dev: Dev) -> None:
    source = made(dev, "stripe", "--secret", "right")
    assert dev("send", "--source", source["id"], "--secret", "wrong").code == 1
    (refused,) = receipts(dev, source, "--outcome", "refused")
    done = dev("receipts", "accept", refused["id"], "--no-verify", "--json")
    assert msgspec.json.decode(done.out)["outcome"] == "accepted"
    gone(dev, source)


def test_any_url_will_do(dev: Dev) -> None:
    """Without a source, provider and secret are given."""
    source = made(dev, "generic", "--secret", "s", "--parameter", "header=X-Mine")
    done = dev(
        *("send", "--provider", "generic", "--url", source["receive_url"], "--secret", "s"),
        *("--scheme", "body", "--parameter", "header=X-Mine"),
    )
    assert done.code == 0, done.out + done.err
    assert receipts(dev, source)[0]["outcome"] == "accepted"
    gone(dev, source)


def test_a_body_of_ones_own_is_signed_and_sent_as_it_is(dev: Dev) -> None:
    source = made(dev, "stripe", "--secret", "s")
    body = '{"id":"evt_mine","type":"charge.refunded"}'
    done = dev("send", "--source", source["id"], "--body", "-", given=body)
    assert done.code == 0, done.out + done.err
    (receipt,) = receipts(dev, source)
    assert receipt["types"] == ["stripe.charge.refunded"]
    assert body in dev("receipts", "show", receipt["id"]).out
    gone(dev, source)


def test_mistakes_say_what_would_be_right(dev: Dev) -> None:
    assert dev("send", "--provider", "stripe").code == 2
    dead = dev("send", "--provider", "stripe", "--secret", "s", "--url", "http://127.0.0.1:1/x")
    assert (dead.code, "Nobody answers at http://127.0.0.1:1/x" in dead.err) == (1, True)
    source = made(dev, "stripe", "--secret", "s")
    other = dev("send", "--source", source["id"], "--provider", "github")
    assert (other.code, "is a source of stripe" in other.err) == (2, True)
    gone(dev, source)
    assert dev("send", "--source", "src_none").code == 3
    assert dev("send", "--provider", "stripe", "--url", "ftp://x", "--secret", "s").code == 2
