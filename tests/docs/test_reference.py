"""The reference is generated: what lies in docs/reference is what the code says today."""

import functools
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from hookline.api.docs_page import _TRANSPORT
from hookline.catalog.loader import load_dialects, load_presets, load_providers, load_systems
from hookline.docs.__main__ import main
from hookline.docs.pages import PAGES
from hookline.docs.system_language import EXAMPLE
from hookline.errors import HooklineError
from hookline.model.receipt import Outcome, Refusal
from hookline.systems.paths import OWN_PATHS
from hookline.template.filters.table import FILTERS
from tests.docs.blocks import DOCS


@functools.cache
def made(name: str) -> str:
    return PAGES[name]()


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_is_fresh(name: str) -> None:
    """After a change of the code, `make docs` writes it anew."""
    kept = DOCS / "reference" / name
    assert kept.exists(), "run `make docs`"
    fresh = kept.read_text(encoding="utf-8") == made(name)
    assert fresh, f"{kept} is stale: run `make docs`"


def test_nothing_else_lies_in_the_folder_of_the_reference() -> None:
    assert {path.name for path in (DOCS / "reference").iterdir()} == set(PAGES)


def test_the_command_writes_every_page_the_same_whatever_the_seed_and_the_terminal(tmp_path: Path) -> None:
    environ = {
        "PYTHONHASHSEED": "7",
        "COLUMNS": "40",
        "PATH": "/usr/bin:/bin",
        "HOOKLINE_PORT": "1",
        "NO_COLOR": "1",
    }
    subprocess.run(
        [sys.executable, "-m", "hookline.docs", str(tmp_path)], env=environ, check=True, timeout=60
    )
    for name in PAGES:
        assert (tmp_path / name).read_text(encoding="utf-8") == made(name)


def test_the_command_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err


def errors() -> list[type[HooklineError]]:
    found, open_ = [], [*HooklineError.__subclasses__()]
    while open_:
        kind = open_.pop()
        found.append(kind)
        open_ += kind.__subclasses__()
    return found


@pytest.mark.parametrize("kind", errors(), ids=lambda kind: kind.__name__)
def test_an_error_says_what_it_means_and_how_to_mend_it(kind: type[HooklineError]) -> None:
    meaning, _, mend = inspect.cleandoc(kind.__dict__.get("__doc__") or "").partition("\n\n")
    assert meaning.rstrip().endswith(".")
    assert mend.rstrip().endswith(".")


def test_the_page_of_errors_names_those_that_no_class_stands_for() -> None:
    page = made("errors.md")
    for code, status, _ in _TRANSPORT:
        assert f"`{code}` ({status}" in page


@pytest.mark.parametrize("name", load_providers())
def test_the_page_of_providers_tells_every_scheme_and_every_fact_that_is_not_confirmed(name: str) -> None:
    section = made("providers.md").partition(f"\n## `{name}`\n")[2].partition("\n## ")[0]
    shown = load_providers()[name].shown
    for scheme in shown.schemes:
        assert f"\n| `{scheme}` | " in section
    _, marked, unconfirmed = section.partition("**Not confirmed**")
    assert bool(marked) == bool(shown.unconfirmed)
    for fact in shown.unconfirmed:
        assert " ".join(fact.split()) in unconfirmed


@pytest.mark.parametrize("name", load_presets())
def test_the_page_of_presets_tells_every_setting_every_action_and_the_notes(name: str) -> None:
    section = made("presets.md").partition(f"\n## `{name}`\n")[2].partition("\n## ")[0]
    preset = load_presets()[name]
    for setting in preset.settings["properties"]:
        assert f"\n| `{setting}` | " in section
    for action in preset.actions:
        assert f"\n- `{action}`: " in section
    assert preset.notes.splitlines()[-1] in section


def test_the_page_of_filters_tells_every_filter_with_its_example() -> None:
    page = made("template-filters.md")
    for one in FILTERS.values():
        (row,) = [
            line for line in page.splitlines() if line.startswith((f"| `{one.name}` | ", f"| `{one.name}: "))
        ]
        assert one.sentence in row.replace("\\|", "|")


@pytest.mark.parametrize("value", [*Outcome, *Refusal])
def test_every_outcome_and_cause_of_a_receipt_has_a_sentence(value: str) -> None:
    (row,) = [line for line in made("receipts.md").splitlines() if line.startswith(f"| `{value}` | ")]
    assert row.endswith(". |")


def test_the_system_that_the_language_shows_is_one(tmp_path: Path) -> None:
    folder = tmp_path / "systems" / "lamps"
    folder.mkdir(parents=True)
    (folder / "system.yaml").write_text(EXAMPLE, encoding="utf-8")
    lamps = load_systems(load_dialects(), load_providers(), tmp_path)["lamps"]
    assert list(lamps.records["lamp"].deadlines) == ["lamp.forgotten"]


def test_the_page_of_systems_tells_every_rule_of_their_records() -> None:
    """In words, with its values."""
    page = made("systems.md")
    for line in (
        "| `campaign.started` | it is new and `status` is `running`, or `status` becomes `running` |",
        "| `ticket.updated` | a field changes that no other event speaks of |",
        "| `callback.assigned` | `assigned_to` is set to another value |",
        "| `callback.overdue` | `expires_at` passes |",
        "stands in `delivery_status` and `delivery_error`.",
    ):
        assert line in page
    for system in load_systems(load_dialects(), load_providers()).values():
        for name, kind in system.records.items():
            assert f"**Record `{name}`.**" in page
            assert {*kind.events, *kind.deadlines} <= set(system.events)


def test_the_page_of_systems_has_every_path_of_their_own() -> None:
    page = made("systems.md")
    for handler in OWN_PATHS.handlers:
        for path in handler.paths:
            assert path.replace(":str}", "}") in page
            assert inspect.cleandoc(handler.fn.__doc__ or "").splitlines()[0] in page
