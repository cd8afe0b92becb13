"""`hookline endpoints`, `event-types`, `publish`, `events`, `deliveries`: a day's work by the command line."""

import msgspec
import pytest

from tests.cli.conftest import Dev

URL = "https://example.com/hooks"


def made(dev: Dev, *options: str, url: str = "http://127.0.0.1:1080/hooks") -> str:
    """The id of a new endpoint that nobody answers."""
    done = dev("endpoints", "create", url, *options, "--json")
    assert done.code == 0, done.err
    return str(msgspec.json.decode(done.out)["id"])


def test_an_endpoint_can_be_described_wholly_by_options(dev: Dev) -> None:
    """And what is not an option of its own is --set."""
    endpoint = made(
        dev,
        *("--name", "billing", "--event", "call.*", "--event", "bill.paid", "--filter", "data.cents > 100"),
        *("--header", "X-Team=voice", "--rate", "0.5", "--order", "key", "--metadata", "plan=gold"),
        *("--set", 'retry={"kind":"fixed","delay":60,"attempts":5}', "--timeout", "20"),
    )
    shown = msgspec.json.decode(dev("endpoints", "show", endpoint, "--json").out)
    assert shown["name"] == "billing"
    assert shown["events"] == ["call.*", "bill.paid"]
    assert shown["headers"] == {"X-Team": "voice"}
    assert shown["rate"] == {"count": 1, "seconds": 2.0}
    assert shown["retry"]["kind"] == "fixed"
    assert shown["metadata"] == {"plan": "gold"}
    assert dev("endpoints", "delete", endpoint, "--yes").code == 0
    assert dev("endpoints", "show", endpoint).code == 3


def test_an_update_changes_only_what_is_given(dev: Dev) -> None:
    """--set FIELD=null brings back a default."""
    endpoint = made(dev, "--name", "a", "--timeout", "20", "--event", "x.y")
    done = dev("endpoints", "update", endpoint, "--set", "timeout=null", "--name", "b", "--json")
    shown = msgspec.json.decode(done.out)
    assert (shown["name"], shown["timeout"], shown["events"]) == ("b", 15.0, ["x.y"])
    assert dev("endpoints", "delete", endpoint, "--yes").code == 0


def test_the_gateway_and_the_url_of_an_endpoint_are_two_options(dev: Dev) -> None:
    """--gateway wins over the variable; --url is the endpoint's own."""
    home = msgspec.json.decode((dev.folder / "data" / "dev.json").read_bytes())
    nobody = {"url": "http://127.0.0.1:9", "api_key": home["api_key"]}
    endpoint = made(dev)
    done = dev(*("endpoints", "update", endpoint, "--url", URL, "--gateway", home["url"], "--json"), **nobody)
    assert done.code == 0, done.err
    assert msgspec.json.decode(done.out)["url"] == URL
    assert dev("endpoints", "list", **nobody).code == 1
    assert dev("endpoints", "list", "--url", home["url"], **nobody).code == 2
    assert dev("endpoints", "delete", endpoint, "--yes").code == 0


def test_a_secret_is_shown_only_when_it_is_asked_for(dev: Dev) -> None:
    """Neither create nor show nor list has it; secret and rotate do."""
    endpoint = made(dev, "--event", "x.y")
    secret = msgspec.json.decode(dev("endpoints", "secret", endpoint, "--json").out)["items"][0]["value"]
    assert secret.startswith("whsec_")
    for command in (("endpoints", "show", endpoint), ("endpoints", "list")):
        for form in ((), ("--json",)):
            assert secret not in dev(*command, *form).out
    rotated = dev("endpoints", "rotate", endpoint, "--overlap", "1h")
    assert secret in rotated.out  # the older one signs on
    assert dev("endpoints", "rotate", endpoint, "--overlap", "0").code == 2  # nobody is here to agree
    assert dev("endpoints", "delete", endpoint, "--yes").code == 0
    assert secret not in dev.program.output


def test_deleting_asks_and_names_what_goes(dev: Dev) -> None:
    """Without a terminal and without --yes nothing happens."""
    endpoint = made(dev, "--event", "gone.soon")
    assert dev("publish", "gone.soon").code == 0
    done = dev("endpoints", "delete", endpoint)
    assert done.code == 2
    assert "1 delivery pending" in done.err
    assert "--yes" in done.err
    assert dev("endpoints", "show", endpoint).code == 0
    assert dev("endpoints", "delete", endpoint, "--yes").code == 0


def test_a_test_event_shows_the_exchange_and_its_success(dev: Dev) -> None:
    """Exit code 0 for 2xx, else 1 with a hint in plain words."""
    listed = msgspec.json.decode(dev("endpoints", "list", "--json").out)["items"]
    receiver = next(one["id"] for one in listed if one["name"] == "built-in receiver")
    done = dev("endpoints", "test", receiver, "--type", "call.started", "--data", '{"n":1}')
    assert done.code == 0
    assert "HTTP 204" in done.out
    assert '"data":{"n":1}' in done.out
    dead = made(dev, "--event", "x.y")
    failed = dev("endpoints", "test", dead)
    assert failed.code == 1
    assert "Nothing listens on this port" in failed.out
    assert dev("endpoints", "delete", dead, "--yes").code == 0


def test_published_bytes_come_back_as_they_were(dev: Dev) -> None:
    """Number spelling and key order, from a file, standard input, or the command line."""
    data = '{"b":1.0,"a":[1e3,"é"]}'
    (dev.folder / "data.json").write_text(data)
    ways = (("--data", data), ("--data", "@data.json"), ("--data", "-"))
    for way in ways:
        done = dev("publish", "bytes.kept", *way, "--tag", "t1", "--json", given=data)
        event = msgspec.json.decode(done.out)["id"]
        assert data in dev("events", "show", event).out
        whole = msgspec.json.decode(dev("events", "show", event, "--json").out, type=dict[str, msgspec.Raw])
        assert b"1.0" in bytes(whole["data"])
        assert b"1e3" in bytes(whole["data"])


def test_a_repeated_key_publishes_once_and_another_body_conflicts(dev: Dev) -> None:
    """Exit code 1 for the conflict, with the API's words."""
    first = dev("publish", "k.k", "--key", "k1", "--data", "1", "--json")
    again = dev("publish", "k.k", "--key", "k1", "--data", "1")
    other = dev("publish", "k.k", "--key", "k1", "--data", "2")
    assert again.code == 0
    assert msgspec.json.decode(first.out)["id"] in again.out
    assert "before" in again.out
    assert other.code == 1
    assert "idempotency_conflict" in other.err


def test_dead_deliveries_are_found_shown_retried_and_cancelled(dev: Dev) -> None:
    """By filter or by id; each with its count."""
    endpoint = made(dev, "--event", "dead.end")
    event = msgspec.json.decode(dev("publish", "dead.end", "--json").out)["id"]
    asked = ("deliveries", "list", "--endpoint", endpoint)
    for _ in range(50):
        row = msgspec.json.decode(dev(*asked, "--json").out)["items"][0]
        if row["attempts"]:
            break
    assert event == row["event_id"]
    shown = dev("deliveries", "show", row["id"])
    assert "connect_refused" in shown.out
    assert dev("deliveries", "cancel", "--endpoint", endpoint).code == 2
    cancelled = dev("deliveries", "cancel", "--endpoint", endpoint, "--yes")
    assert cancelled.out == "1 delivery cancelled.\n"
    assert dev("deliveries", "cancel", row["id"], "--yes").code == 1
    assert dev("deliveries", "retry", row["id"]).out == "1 delivery due now.\n"
    assert dev("deliveries", "retry", "dlv_none").code == 3
    assert dev("endpoints", "delete", endpoint, "--yes").code == 0


def test_the_catalogue_of_event_types(dev: Dev) -> None:
    """Put, list, show, delete."""
    (dev.folder / "schema.json").write_text('{"type":"object","required":["id"]}')
    put = dev("event-types", "put", "bill.paid", "--schema", "schema.json", "--enforcement", "enforce")
    assert put.code == 0, put.err
    assert "bill.paid" in dev("event-types", "list").out
    refused = dev("publish", "bill.paid", "--data", "{}")
    assert refused.code == 1
    assert "schema_mismatch" in refused.err
    assert dev("event-types", "delete", "bill.paid", "--yes").code == 0
    assert dev("event-types", "show", "bill.paid").code == 3


@pytest.mark.parametrize("noun", ["endpoints", "events", "deliveries", "keys", "tenants", "event-types"])
def test_lists_answer_with_the_page_of_the_api(dev: Dev, noun: str) -> None:
    """The same three members everywhere; plain aligned lines without a terminal."""
    page = msgspec.json.decode(dev(noun, "list", "--json").out)
    assert set(page) == {"items", "next_cursor", "next"}
    assert "\x1b" not in dev(noun, "list").out


def test_all_follows_every_page(dev: Dev) -> None:
    """--limit is the page's, --all the whole list's."""
    for number in range(3):
        assert dev("publish", "paged.one", "--data", str(number)).code == 0
    cut = dev("events", "list", "--type", "paged.one", "--limit", "2")
    assert len(cut.out.splitlines()) == 3
    assert "--all" in cut.err
    whole = dev("events", "list", "--type", "paged.one", "--limit", "2", "--all")
    assert len(whole.out.splitlines()) == 4
