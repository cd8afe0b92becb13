"""`hookline sources` and `hookline providers`: who sends to us."""

from typing import Any

import msgspec
import pytest

from tests.cli.conftest import Dev


def made(dev: Dev, provider: str, *options: str) -> dict[str, Any]:
    done = dev("sources", "create", provider, *options, "--json")
    assert done.code == 0, done.err
    source: dict[str, Any] = msgspec.json.decode(done.out)
    return source


def gone(dev: Dev, source: dict[str, Any]) -> None:
    assert dev("sources", "delete", source["id"], "--yes").code == 0


def test_creating_a_source_prints_the_url_for_the_provider(dev: Dev) -> None:
    """Whole, so that it can be copied, and the command to try it with."""
    done = dev("sources", "create", "stripe", "--name", "billing", "--secret", "whsec_cli_test")
    assert done.code == 0, done.err
    source = next(line.split()[-1] for line in done.out.splitlines() if line.startswith("id "))
    assert "Give this URL to stripe: http" in done.err
    assert "/in/in_" in done.err
    assert f"hookline send --source {source}" in done.err
    listed = dev("sources", "list")
    assert source in listed.out
    assert "whsec_cli_test" not in listed.out + done.out
    assert dev("sources", "delete", source, "--yes").code == 0
    assert dev("sources", "show", source).code == 3


def test_a_source_can_be_described_wholly_by_options(dev: Dev) -> None:
    """And what is not an option of its own is --set."""
    source = made(
        dev,
        "generic",
        *("--name", "shop", "--secret", "new", "--secret", "old", "--parameter", "header=X-Mine"),
        *("--type", "BOOKING_CREATED=appointment.created", "--scheme", "body", "--optional"),
        *("--tolerance", "60", "--address", "192.0.2.0/24", "--path", "cli-shop", "--metadata", "team=a"),
        *("--url", "https://me.example.com/hooks", "--set", 'answer={"status":202}'),
    )
    assert source["parameters"] == {"header": "X-Mine"}
    assert source["types"] == {"BOOKING_CREATED": "appointment.created"}
    assert (source["schemes"], source["verification"], source["tolerance"]) == (["body"], "optional", 60)
    assert (source["addresses"], source["path"]) == (["192.0.2.0/24"], "cli-shop")
    assert (source["url"], source["answer"]["status"]) == ("https://me.example.com/hooks", 202)
    assert len(source["secrets"]) == 2
    gone(dev, source)


def test_an_update_changes_only_what_is_given(dev: Dev) -> None:
    source = made(dev, "stripe", "--secret", "one", "--name", "a", "--optional")
    done = dev("sources", "update", source["id"], "--required", "--set", "active=false", "--json")
    changed = msgspec.json.decode(done.out)
    assert (changed["name"], changed["verification"], changed["active"]) == ("a", "required", False)
    assert "off" in dev("sources", "list").out
    assert dev("sources", "update", source["id"]).code == 2
    gone(dev, source)


def test_secrets_come_from_files_and_are_revealed_only_on_demand(dev: Dev) -> None:
    """A secret on a command line stays in the shell's history: @file and - avoid that."""
    (dev.folder / "source-secret.txt").write_text("from_a_file\n")
    source = made(dev, "stripe", "--secret", "@source-secret.txt")
    assert "from_a_file" in dev("sources", "secrets", source["id"]).out
    assert "from_a_file" not in dev("sources", "show", source["id"]).out
    assert dev("sources", "update", source["id"], "--secret", "-", given="by_stdin\n").code == 0
    shown = msgspec.json.decode(dev("sources", "secrets", source["id"], "--json").out)["items"]
    assert [one["value"] for one in shown] == ["by_stdin"]
    gone(dev, source)


def test_confirming_where_nothing_waits_says_what_to_do(dev: Dev) -> None:
    source = made(dev, "stripe", "--secret", "s")
    done = dev("sources", "confirm", source["id"], "sec_1")
    assert done.code == 1
    assert "No secret of this source waits" in done.err
    gone(dev, source)


def test_deleting_asks(dev: Dev) -> None:
    """Without a terminal and without --yes nothing happens."""
    source = made(dev, "stripe", "--secret", "s", "--name", "billing")
    done = dev("sources", "delete", source["id"])
    assert (done.code, "stripe billing" in done.err) == (2, True)
    gone(dev, source)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("strpe", "--secret", "s"), "Did you mean stripe?"),
        (("stripe",), "needs the secret"),
        (("stripe", "--secret", "s", "--parameter", "a"), "NAME=VALUE"),
        (("adyen", "--secret", "no hex"), "hexadecimal"),
    ],
)
def test_mistakes_say_what_would_be_right(dev: Dev, arguments: tuple[str, ...], told: str) -> None:
    done = dev("sources", "create", *arguments)
    assert done.code in {1, 2}
    assert told in done.err


def test_the_catalogue_of_providers(dev: Dev) -> None:
    """How each signs and what a source must say."""
    listed = dev("providers", "list")
    assert len(listed.out.splitlines()) > 60
    assert "header" in next(line for line in listed.out.splitlines() if line.startswith("generic "))
    shown = dev("providers", "show", "stripe")
    assert "hmac-sha256" in shown.out
    assert msgspec.json.decode(dev("providers", "show", "stripe", "--json").out)["name"] == "stripe"
    assert dev("providers", "show", "strpe").code == 3
