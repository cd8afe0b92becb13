"""Every provider's own samples over real HTTP: the events and the answers that stand beside them."""

import pytest

from hookline.model.sample import Sample
from tests.api.conftest import Staged
from tests.api.receiving import receive, sending_of_sample
from tests.catalog.provider_cases import all_samples

CASES = [
    pytest.param(name, sample, id=f"{name}/{sample.name}")
    for name, sample in all_samples()
    if not sample.rule.handshake
]


@pytest.mark.parametrize(("name", "sample"), CASES)
async def test_a_sample_becomes_the_events_that_stand_beside_it(
    stage: Staged, name: str, sample: Sample
) -> None:
    result = await receive(stage, sending_of_sample(name, sample))
    assert result.told.status // 100 == 2, result.receipt
    assert (result.receipt["outcome"], result.receipt["cause"]) == ("accepted", None)
    assert [event["id"] for event in result.events] == [one["event_id"] for one in result.receipt["events"]]
    wanted = [(one.type, f"{result.source['id']} {one.id}" if one.id else None) for one in sample.rule.events]
    assert [(event["type"], event["idempotency_key"]) for event in result.events] == wanted
