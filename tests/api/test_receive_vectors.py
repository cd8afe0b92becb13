"""Vectors from providers' documents and SDKs over real HTTP: each gets the verdict that stands beside it."""

import pytest

from tests.api.receiving import body_kept, receive, sending_of_vector
from tests.api.running import Staged
from tests.receive.vectors import Vector, cases, needs_vectors

pytestmark = needs_vectors


@pytest.mark.parametrize("vector", list(cases(valid=True)))
async def test_what_is_good_is_accepted_and_becomes_its_events(stage: Staged, vector: Vector) -> None:
    """But for the few that are handshakes, and the one that is empty."""
    result = await receive(stage, sending_of_vector(vector))
    shaker, wanted = vector.receiver.handshake(vector.inbound), vector.receiver.identify(vector.inbound).items
    assert result.told.status // 100 == 2, result.receipt
    assert result.receipt["cause"] is None
    assert result.receipt["outcome"] == ("handshake" if shaker else "accepted")
    assert [event["id"] for event in result.events] == [one["event_id"] for one in result.receipt["events"]]
    assert [event["type"] for event in result.events] == ([] if shaker else [item.type for item in wanted])
    assert shaker or await body_kept(stage, result) == vector.body.encode()


@pytest.mark.parametrize("vector", list(cases(valid=False)))
async def test_what_is_bad_is_refused_for_its_true_cause_and_becomes_nothing(
    stage: Staged, vector: Vector
) -> None:
    result = await receive(stage, sending_of_vector(vector))
    assert result.told.status == 401, result.receipt
    assert (result.receipt["outcome"], result.receipt["cause"]) == ("refused", vector.cause)
    assert result.events == result.receipt["events"] == []
    assert await body_kept(stage, result) == vector.body.encode()
    assert stage.host.asked == []
