"""Rules of cases in a user's own folder, and mistakes in them with file, line and field."""

from pathlib import Path

import pytest

from hookline.catalog.loader import load_cases, load_dialects, load_providers, load_systems
from hookline.catalog.strict_yaml import parse_yaml
from hookline.errors import CatalogError
from hookline.model.cases import Cases
from tests.catalog.test_systems import GOOD, put

DIALECTS, PROVIDERS = load_dialects().keys(), load_providers()
RULE = """
cases:
  - events: [lamp.lit]
    kind: lamp
    id: id
    variables: {subject: [id], status: id}
    texts: {description: "Lamp {subject}"}
    closed: {status: [out]}
"""
WHOLE = GOOD + RULE.removeprefix("\n")


def test_a_system_brings_its_rules_along(tmp_path: Path) -> None:
    found = Cases(load_systems(DIALECTS, PROVIDERS, put(tmp_path, WHOLE)), ()).of(
        "lamp.lit", "mine", {"id": "l1"}
    )
    assert found is not None
    assert (found.key, found.variables["description"]) == ("lamp:l1", "Lamp l1")


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("events: [lamp.lit]", "events: [lamp.litt]", "- events", "Did you mean lamp.lit?"),
        ("events: [lamp.lit]", "events: [room.*]", "- events", "no event room."),
        ("events: [lamp.lit]", "events: ['lamp*']", "- events", "not an event pattern"),
        ("    id: id", "    id: idd", "id: idd", "Did you mean id?"),
        ("    id: id", "    id: [id, lamp.id]", "id: [id", "There is: id."),
        ("    id: id", "    id: id..x", "id: id", "cases[0].id: 'id..x' is no place"),
        ("[id]", "[id, '$.x']", "variables:", "'$.x' is no place"),
        ("[id]", "[id, x]", "variables:", "no x"),
        ("{subject}", "{subjekt}", "texts:", "Did you mean subject?"),
        ("{subject}", "{subject", "texts:", "brace"),
        ('"Lamp {subject}"', "[Lamp, 'Lamp {subjekt}']", "texts:", "Did you mean subject?"),
        ('"Lamp {subject}"', "[]", "texts:", "cases[0].texts"),
        ("closed: {status", "closed: {state", "closed:", "no variable state"),
        ("variables: {subject", "variables: {case_id: id, subject", "variables:", "case_id is what"),
        ("texts: {desc", "texts: {remote: x, desc", "texts:", "remote is what"),
        ("closed:", "close:", "close:", "close is not known here"),
        ("kind: lamp", "kind: la mp", "kind:", "cases[0].kind"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: str, said: str) -> None:
    assert old in RULE
    text = GOOD + RULE.replace(old, new)
    with pytest.raises(CatalogError) as refusal:
        load_systems(DIALECTS, PROVIDERS, put(tmp_path, text))
    told = f"{refusal.value.detail} {refusal.value.hint}"
    number = next(at for at, one in enumerate(text.splitlines(), 1) if line in one and at > GOOD.count("\n"))
    assert f"mine/system.yaml:{number}: cases[0]" in told
    assert said in told


def test_a_users_rules_go_before_those_of_hookline(tmp_path: Path) -> None:
    rule = "cases: [{events: ['ticket.*'], kind: own, id: ticket.id}]"
    (tmp_path / "cases.yaml").write_text(rule)
    found = Cases({}, load_cases(tmp_path)).of("ticket.created", "", {"ticket": {"id": 1}})
    assert found is not None
    assert found.key == "own:1"


def test_without_rules_of_ones_own_those_of_hookline_stay(tmp_path: Path) -> None:
    assert load_cases(tmp_path) == load_cases()


def test_a_mistake_in_ones_own_rules_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "cases.yaml").write_text("cases:\n  - events: [a, 'b*']\n    kind: x\n    id: id\n")
    with pytest.raises(
        CatalogError, match=r"cases\.yaml:2: cases\[0\]\.events\[1\]: 'b\*' is not an event pattern"
    ):
        load_cases(tmp_path)


def test_a_mapping_that_merges_another_can_be_merged_itself() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b, z: 3}\nd: {<<: *b, x: 4}"
    assert parse_yaml(text) == {
        "a": {"x": 1, "y": 1},
        "b": {"x": 1, "y": 2},
        "c": {"x": 1, "y": 2, "z": 3},
        "d": {"x": 4, "y": 2},
    }
