"""Each sample of every preset is what the preset really says, and what it makes of the answers."""

import pytest

from hookline.catalog.preset_samples import read_conversations
from hookline.model.conversation import Conversation
from tests.presets.conversing import PRESETS, converse, expected, shown, with_reference
from tests.presets.playing import PRESETS as FOLDER

SAMPLES = [(preset, sample) for preset in PRESETS for sample in read_conversations(FOLDER / preset)]


@pytest.mark.parametrize(("preset", "sample"), SAMPLES, ids=lambda one: getattr(one, "name", one))
def test_a_sample_is_what_the_preset_says(preset: str, sample: Conversation) -> None:
    told = with_reference(sample)
    said = converse(preset, told)
    pairs = list(zip(said.requests, told.requests, strict=False))
    assert [shown(one, like) for one, like in pairs] == [expected(like) for _, like in pairs]
    assert len(said.requests) == len(told.requests)
    assert (said.ending, said.reason) == (told.outcome, told.reason)
    after = told.remote_after
    if after is None:
        assert said.remote is None
    else:
        assert said.remote is not None
        assert (said.remote.id, said.remote.url, said.remote.fields) == (after.id, after.url, after.fields)
