"""Text and tables: strangers' bytes are harmless, ids are whole, columns line up."""

import pytest

from hookline.cli.grid import _fitted, column, print_fields, print_grid
from hookline.cli.inputs import data_of, pairs, settings_pairs
from hookline.cli.text import clean, clean_lines, compact, local, short


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        ("", "-"),
        ([], "-"),
        ({}, "-"),
        (0, "0"),
        (False, "no"),
        (True, "yes"),
        (["a", "b"], "a, b"),
        ({"kind": "none"}, '{"kind":"none"}'),
        ([{"n": 1}], '[{"n":1}]'),
        (1.5, "1.5"),
    ],
)
def test_values_fit_on_a_line(value: object, shown: str) -> None:
    """What is empty is a dash; 0 and no are not."""
    assert compact(value) == shown


def test_nothing_acts_on_the_terminal() -> None:
    """Escape sequences, carriage returns, marks that turn the direction of text."""
    assert clean("a\x1b[2Jb\r\u202e") == "a\\x1b[2Jb\\r\\u202e"
    assert clean_lines("a\n\x07b\tc") == "a\n\\x07b    c"


def test_what_is_no_time_is_shown_as_it_is() -> None:
    """A newer server may say something else."""
    assert local("soon") == short("soon") == "soon"
    assert len(local("2026-11-22T18:00:00.000000Z")) == 19


def test_plain_lines_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    """For `awk` and for eyes; markup of a stranger is text."""
    print_grid(
        (column("id", "id"), column("n", "deep.n"), column("name", "name")),
        [{"id": "a", "deep": {"n": 1}, "name": "[bold]x"}, {"id": "bcd", "deep": None, "name": "\x1b[31m"}],
    )
    assert capsys.readouterr().out == "id   n  name\na    1  [bold]x\nbcd  -  \\x1b[31m\n"
    print_fields({"a": 1, "long": "x"})
    assert capsys.readouterr().out == "a     1\nlong  x\n"


def test_ids_are_never_cut() -> None:
    """They are there to be copied; the last columns give way first."""
    assert _fitted([30, 9, 40], ["id", "state", "url"], 60) == [30, 9, 17]
    assert _fitted([30, 9, 40], ["id", "state", "url"], 20) == [30, 9, 8]
    assert _fitted([3, 4], ["id", "url"], 80) == [3, 4]


def test_options_become_fields() -> None:
    """An = in the value belongs to it; what is no JSON is a text."""
    assert pairs(["a=b=c"], "--x") == {"a": "b=c"}
    assert settings_pairs(["rate=null", "name=x", "n=1"]) == {"rate": None, "name": "x", "n": 1}
    assert data_of(' {"n": 1.0} ') == b'{"n": 1.0}'
