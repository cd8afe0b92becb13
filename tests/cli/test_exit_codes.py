"""Exit codes and errors: what, why, how to mend."""

from pathlib import Path

import pytest

from tests.cli.conftest import Dev
from tests.cli.program import hookline


def test_absent_is_3(dev: Dev) -> None:
    """An id that nobody has."""
    done = dev("endpoints", "show", "ep_nothing")
    assert done.code == 3
    assert "not_found, HTTP 404" in done.err
    assert "fix:" in done.err


@pytest.mark.parametrize("arguments", [["events", "list"], ["keys", "list"], ["publish", "a.b"]])
def test_a_key_that_is_none_is_4(dev: Dev, arguments: list[str]) -> None:
    """And the message does not repeat it."""
    url = dev.program.output.partition("  API      ")[2].split()[0]
    done = dev(*arguments, url=url, api_key="hk_stolenstolenstolen")
    assert done.code == 4
    assert "HOOKLINE_API_KEY" in done.err
    assert "stolen" not in done.err


def test_no_key_at_all_is_4(tmp_path: Path) -> None:
    """Before anything is sent."""
    done = hookline("events", "list", cwd=tmp_path)
    assert done.code == 4
    assert "hookline keys create --admin" in done.err


def test_a_server_that_is_not_there_is_1_and_says_how_to_start_it(tmp_path: Path) -> None:
    """The commonest of all mistakes."""
    done = hookline("events", "list", cwd=tmp_path, url="http://127.0.0.1:9", api_key="hk_x")
    assert done.code == 1
    assert "does not answer at http://127.0.0.1:9" in done.err
    assert "hookline serve" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["events", "lsit"],
        ["events", "list", "--sinse", "x"],
        ["endpoints", "show"],
        ["publish", "call.started", "--data", "{"],
        ["publish", "call.started", "--data", "@/no/such/file"],
        ["deliveries", "retry"],
        ["keys", "create"],
        ["endpoints", "update", "ep_x"],
        ["endpoints", "create", "https://example.com", "--header", "X"],
        ["api"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_2(dev: Dev, arguments: list[str]) -> None:
    """Nothing was sent, and the error says what to write."""
    done = dev(*arguments)
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert "fix:" in done.err
    assert "Traceback" not in done.err


def test_a_gateway_whose_url_is_none_is_2(tmp_path: Path) -> None:
    """The message names the option."""
    done = hookline("events", "list", "--gateway", "ftp://example.com", cwd=tmp_path, api_key="hk_x")
    assert (done.code, "--gateway" in done.err) == (2, True)


def test_a_misspelt_command_is_guessed(tmp_path: Path) -> None:
    """From the table, without loading anything."""
    done = hookline("endpionts", cwd=tmp_path)
    assert done.code == 2
    assert "Did you mean endpoints?" in done.err


def test_an_unknown_setting_is_refused_by_every_command(tmp_path: Path) -> None:
    """A typo must not become a default."""
    done = hookline("events", "list", cwd=tmp_path, prot="1")
    assert done.code == 1
    assert "did you mean HOOKLINE_PORT?" in done.err


def test_a_refusal_of_the_api_is_printed_whole(dev: Dev) -> None:
    """Title, code, why, where, fix."""
    done = dev("endpoints", "create", "https://example.com/x", "--event", "call..*")
    assert done.code == 1
    assert "invalid_pattern, HTTP 422" in done.err
    assert "where: events[0]" in done.err
    assert "fix:" in done.err
