"""Settings of presets on a command line: tried out before there is an endpoint, given to one, and secrets in no history."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.cli.conftest import Dev
from tests.cli.terminal import on_terminal
from tests.presets.fakes.jira import JiraFake
from tests.presets.fakes.telegram import TelegramFake

TOKEN = "t0ken-0f-a-lifetime"
CREATE = ("endpoints", "create", "--event", "no.such")
"""Nothing that other tests publish."""


@pytest.fixture
def fake() -> Iterator[JiraFake]:
    with JiraFake({"token": TOKEN}) as made:
        yield made


def options(fake: JiraFake, *more: str) -> list[str]:
    """All but the token."""
    given = [f"{name}={value}" for name, value in fake.settings.items() if name != "token"]
    return [part for one in (*given, *more) for part in ("--setting", one)]


def test_a_preset_is_tried_and_tells_what_was_made(dev: Dev, fake: JiraFake) -> None:
    (dev.folder / "token.txt").write_text(f"{TOKEN}\n")
    before = dev("endpoints", "list").out
    done = dev("presets", "test", "jira", *options(fake, "token=@token.txt"))
    assert done.code == 0, done.out + done.err
    (ticket,) = fake.tickets.values()
    assert ticket.fields["summary"].startswith("Test from Hookline")
    assert f"made: {ticket.id}  {fake.url}/browse/{ticket.id}" in done.out
    assert "close or delete it there" in done.err
    assert TOKEN not in done.out + done.err
    assert dev("endpoints", "list").out == before


def test_a_refusal_is_told_in_the_words_of_the_other_system(dev: Dev, fake: JiraFake) -> None:
    done = dev("presets", "test", "jira", *options(fake, "token=-", "project=NONE"), given=f"{TOKEN}\n")
    assert done.code == 1
    assert "HTTP 400" in done.out
    assert "project" in done.out
    assert "hookline presets show jira" in done.err


def test_settings_come_from_a_file_too_and_options_go_before(dev: Dev, fake: JiraFake) -> None:
    whole = msgspec.json.encode({**fake.settings, "project": "NONE"}).decode()
    (dev.folder / "jira.json").write_text(whole)
    for source, given in (("jira.json", ""), ("-", whole)):
        options = ("--settings-file", source, "--setting", "project=SUPPORT", "--json")
        done = dev("presets", "test", "jira", *options, given=given)
        assert msgspec.json.decode(done.out)["succeeded"], done.out + done.err
    assert len(fake.tickets) == 2


def test_an_event_of_ones_own_is_sent_in_the_place_of_the_test_case(dev: Dev, fake: JiraFake) -> None:
    event = ("--type", "ticket.created", "--data", '{"id": 5, "subject": "Mine"}')
    done = dev("presets", "test", "jira", *options(fake, "token=-"), *event, given=TOKEN)
    assert done.code == 0, done.out + done.err
    assert [one.fields["summary"] for one in fake.tickets.values()] == ["Mine"]


@pytest.mark.parametrize("command", [("presets", "test", "jira"), (*CREATE, "--preset", "jira")])
def test_a_secret_that_is_missing_is_asked_for_and_not_shown(
    dev: Dev, fake: JiraFake, command: tuple[str, ...]
) -> None:
    """On a terminal; what is typed is on no screen."""
    code, screen = on_terminal(
        *command, *options(fake), cwd=dev.folder, prompt="Token (token, is not shown): ", typed=f"{TOKEN}\n"
    )
    assert code == 0, screen
    assert TOKEN not in screen
    assert ("made: " in screen) or ("hookline endpoints test ep_" in screen)


def test_where_nobody_can_be_asked_the_api_says_what_is_missing(dev: Dev, fake: JiraFake) -> None:
    done = dev("presets", "test", "jira", *options(fake))
    assert done.code == 1
    assert "settings.token" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("presets", "test", "jirra"), 3, "Did you mean jira?"),
        (("presets", "test", "jira", "--setting", "projekt=X"), 1, "Did you mean project?"),
        (("presets", "test", "jira", "--setting", "project"), 2, "is not NAME=VALUE"),
        (("presets", "test", "jira", "--setting", "token=@none.txt"), 2, "none.txt"),
        (("presets", "test", "jira", "--setting", "token=-", "--settings-file", "-"), 2, "more than one"),
        (("presets", "test", "jira", "--data", "{"), 2, "not JSON"),
        (("endpoints", "create", "--preset", "jirra"), 3, "Did you mean jira?"),
        (("endpoints", "create", "https://127.0.0.1:1/x", "--setting", "a=b"), 2, "--preset NAME"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    dev: Dev, arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = dev(*arguments)
    assert (done.code, told in done.err) == (code, True), done.err


def made(dev: Dev, *arguments: str, given: str = "") -> Any:
    done = dev(*CREATE, *arguments, "--json", given=given)
    assert done.code == 0, done.err
    return msgspec.json.decode(done.out)


def test_the_schema_says_what_a_value_is(dev: Dev, fake: JiraFake) -> None:
    """Numbers and switches where they are asked for; elsewhere what looks like one is a text."""
    (dev.folder / "names.json").write_text('{"low": "Minor"}')
    more = ("token=-", "label=false", "resolution=17", "priority=@names.json")
    endpoint = made(dev, "--preset", "jira", *options(fake, *more), given=TOKEN)
    settings = endpoint["settings"]
    assert settings["label"] is False
    assert (settings["resolution"], settings["priority"]) == ("17", {"low": "Minor"})
    wrong = dev(*CREATE, "--preset", "jira", *options(fake, "token=-", "label=no"), given=TOKEN)
    assert (wrong.code, "settings.label" in wrong.err) == (1, True)


def test_a_name_with_an_at_is_no_file(dev: Dev) -> None:
    with TelegramFake() as fake:
        given = {**fake.settings, "chat_id": "@example_support"}
        settings = [part for name, value in given.items() for part in ("--setting", f"{name}={value}")]
        assert made(dev, "--preset", "telegram", *settings)["settings"]["chat_id"] == "@example_support"


def test_a_setting_of_an_endpoint_is_changed_alone(dev: Dev, fake: JiraFake) -> None:
    endpoint = made(dev, "--preset", "jira", *options(fake, "token=-", "resolution=Won't do"), given="wr0ng")
    path = ("endpoints", "update", endpoint["id"])
    assert dev(*path, "--setting", "token=-", given=TOKEN).code == 0
    shown = msgspec.json.decode(dev("endpoints", "show", endpoint["id"], "--json").out)
    assert shown["settings"] == endpoint["settings"]
    assert dev("endpoints", "test", endpoint["id"]).code == 0
    assert len(fake.tickets) == 1


def test_an_endpoint_turns_to_a_preset(dev: Dev, fake: JiraFake) -> None:
    endpoint = made(dev, "http://127.0.0.1:1080/hooks")
    done = dev(
        "endpoints", "update", endpoint["id"], "--preset", "jira", *options(fake, "token=-"), given=TOKEN
    )
    assert done.code == 0, done.err
    tried = dev("endpoints", "test", endpoint["id"])
    assert (tried.code, "made: SUPPORT-" in tried.out) == (0, True), tried.out


def test_what_to_do_next_is_said_where_there_is_something(dev: Dev, fake: JiraFake) -> None:
    jira = dev(*CREATE, "--preset", "jira", *options(fake, "token=-"), given=TOKEN)
    assert "hookline endpoints test ep_" in jira.err
    assert "endpoints secret" not in jira.err
    plain = dev(*CREATE, "http://127.0.0.1:1080/hooks")
    assert "hookline endpoints secret ep_" in plain.err
