"""Every sample of every preset: the requests that it shows are those that are made, and it ends as it says."""

from importlib.resources import files

import pytest

from hookline.catalog.loader import dialect_names, load_presets, read_preset
from hookline.catalog.preset_samples import read_conversations
from hookline.core import read_shelf
from hookline.deliver.rehearsal import Stage, rehearse
from hookline.model.conversation import Conversation

SHELF = files("hookline.catalog") / "presets"
PRESETS = sorted(load_presets())
SAMPLES = [(name, sample) for name in PRESETS for sample in read_conversations(SHELF / name)]


@pytest.fixture(scope="module")
def stage() -> Stage:
    shelf = read_shelf(None)
    return Stage(systems=shelf.systems, cases=shelf.cases, dialects=shelf.dialects)


@pytest.mark.parametrize(("name", "sample"), SAMPLES, ids=[f"{name}-{one.name}" for name, one in SAMPLES])
def test_a_preset_says_what_its_sample_shows(name: str, sample: Conversation, stage: Stage) -> None:
    assert rehearse(read_preset(SHELF / name, dialect_names()), sample.told, stage) == []


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_shows_what_it_makes_and_how_it_is_refused(name: str) -> None:
    names = {sample.name for sample in read_conversations(SHELF / name)}
    assert "create" in names
    assert any(sample.told.reason for sample in read_conversations(SHELF / name))
