"""Systems: those of Hookline are whole, a user's own is a folder, and a mistake is told with file and field."""

from pathlib import Path

import msgspec
import pytest

from hookline.catalog.loader import load_dialects, load_providers, load_systems
from hookline.catalog.system_rules import check_system
from hookline.deliver.retry import delay_before
from hookline.errors import CatalogError

DIALECTS, PROVIDERS = load_dialects().keys(), load_providers()
GOOD = """
title: Mine
description: Of a test.
dialect: pbx
retry: {kind: fixed, attempts: 3, delay: 5, jitter: 0}
timeout: 10
secret: {minimum: 16, made: true, prefix: mine_}
events:
  lamp.lit:
    description: A lamp is lit.
    schema: {type: object, required: [id], properties: {id: {type: string}}}
    example: {id: l1}
"""

SOURCE = "sources: {bills: {paths: [/bills], provider: stripe, overrides: {}, description: x}}\n"


def put(folder: Path, text: str, name: str = "mine") -> Path:
    shelf = folder / "systems" / name
    shelf.mkdir(parents=True)
    (shelf / "system.yaml").write_text(text)
    return folder


def test_the_six_and_their_event_types() -> None:
    """Counted in what each says of itself."""
    found = load_systems(DIALECTS, PROVIDERS)
    assert {name: len(system.events) for name, system in found.items()} == {
        "4calls": 7,
        "ai-support-autoresponder": 10,
        "askpro-callbacks": 8,
        "askpro-gateway": 6,
        "pbx": 22,
        "urpa": 7,
    }


def test_what_ships_is_checked_here_and_not_at_each_start() -> None:
    for system in load_systems(DIALECTS, PROVIDERS).values():
        check_system(system, DIALECTS, PROVIDERS)


@pytest.mark.parametrize(
    ("system", "waits"),
    [
        ("askpro-gateway", [60, 120, 300, 600]),
        ("askpro-callbacks", [60, 60]),
        ("ai-support-autoresponder", [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]),
        ("pbx", [5, 5]),
        ("urpa", [120, 240, 480, 960, 1920]),
        ("4calls", [120, 240, 480, 960, 1920]),
    ],
)
def test_what_each_waits_between_attempts(system: str, waits: list[float]) -> None:
    """To the second: no jitter, no Retry-After, no rule for 410."""
    retry = load_systems(DIALECTS, PROVIDERS)[system].retry
    found = [delay_before(retry, failures, 0.7) for failures in range(1, len(waits) + 2)]
    assert found == [*waits, None]
    assert (retry.jitter, retry.retry_after, retry.gone) == (0, False, False)


def test_a_folder_is_its_own_registration(tmp_path: Path) -> None:
    found = load_systems(DIALECTS, PROVIDERS, put(tmp_path, GOOD))
    assert found.keys() - load_systems(DIALECTS, PROVIDERS).keys() == {"mine"}
    assert (found["mine"].name, list(found["mine"].events)) == ("mine", ["lamp.lit"])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("dialect: pbx", "dialect: pbxx", "dialect: There is no dialect 'pbxx'"),
        ("title: Mine", "title: Mine\nname: x", "a system is named by its folder"),
        ("title: Mine", "titel: Mine", "titel"),
        ("timeout: 10", "timeout: 0", "timeout"),
        ("attempts: 3", "attempts: 0", "attempts"),
        ("minimum: 16", "minimum: -1", "minimum"),
        ("lamp.lit:", "lamp lit:", "lamp lit"),
        ("{type: string}", "{type: strin}", "events.lamp.lit.schema"),
        ("events:", SOURCE.replace("stripe", "strip") + "events:", "sources.bills.provider"),
        ("events:", SOURCE.replace("{}", "{schemes: {v1: {algorithm: x}}}") + "events:", "algorithm"),
        ("events:", SOURCE.replace("/bills", "bills/") + "events:", "paths"),
        ("example: {id: l1}", "example: {id: 1}", "events.lamp.lit.example"),
        ("example: {id: l1}", "example: {id: 2026-01-01}", "must stand in quotes"),
        ("example: {id: l1}", "example: {id: l1, x: .nan}", "JSON has no number nan"),
    ],
)
def test_a_mistake_is_told_with_file_and_field(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(CatalogError) as caught:
        load_systems(DIALECTS, PROVIDERS, put(tmp_path, GOOD.replace(old, new)))
    assert "systems/mine/system.yaml" in caught.value.detail
    assert said in caught.value.detail


def test_a_name_of_hooklines_own_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="already a system"):
        load_systems(DIALECTS, PROVIDERS, put(tmp_path, GOOD, "pbx"))


def test_what_is_loaded_is_json_throughout() -> None:
    """Schemas and examples go out over the API."""
    for system in load_systems(DIALECTS, PROVIDERS).values():
        assert msgspec.json.decode(msgspec.json.encode(system.events)) == msgspec.to_builtins(system.events)
