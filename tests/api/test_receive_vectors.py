"""Vectors from providers' documents and SDKs over real HTTP: each gets the verdict that stands beside it."""

import msgspec
import pytest

from hookline.model.attempt import Exchange
from hookline.receive.fetcher import KEPT
from hookline.receive.receiver import Choices, Receiver
from tests.api.conftest import Staged
from tests.api.receiving import receive, sending_of_vector
from tests.receive.vectors import Vector, cases, needs_vectors

pytestmark = needs_vectors


@pytest.mark.parametrize("vector", cases(lambda vector: vector.valid))
async def test_what_is_good_is_accepted_and_becomes_its_events(stage: Staged, vector: Vector) -> None:
    """But for the few that are handshakes, and the one that is empty."""
    result = await receive(stage, sending_of_vector(vector))
    shaker, wanted = vector.receiver.handshake(vector.inbound), vector.receiver.identify(vector.inbound).items
    assert result.told.status // 100 == 2, result.receipt
    assert result.receipt["cause"] is None
    assert result.receipt["outcome"] == ("handshake" if shaker else "accepted")
    assert [event["id"] for event in result.events] == [one["event_id"] for one in result.receipt["events"]]
    assert [event["type"] for event in result.events] == ([] if shaker else [item.type for item in wanted])
    assert shaker or result.body == vector.body.encode()
    assert stage.host.asked == []


@pytest.mark.parametrize("vector", cases(lambda vector: not vector.valid))
async def test_what_is_bad_is_refused_for_its_true_cause_and_becomes_nothing(
    stage: Staged, vector: Vector
) -> None:
    result = await receive(stage, sending_of_vector(vector))
    assert result.told.status == 401, result.receipt
    assert (result.receipt["outcome"], result.receipt["cause"]) == ("refused", vector.cause)
    assert result.events == result.receipt["events"] == []
    assert result.body == vector.body.encode()
    assert stage.host.asked == []


def told_key(vector: Vector) -> Exchange:
    """What the provider's host answers to whoever asks for the key."""
    (path,) = {rule.fetch.key for rule in vector.made.schemes.values() if rule.fetch}
    body = (
        msgspec.json.encode({path: msgspec.Raw(vector.secret.encode())}) if path else vector.secret.encode()
    )
    return Exchange(status=200, body=body)


def wanted(vector: Vector) -> list[str]:
    """The URLs of keys that a source without a secret must fetch."""
    receiver = Receiver(vector.made, Choices(schemes=tuple(vector.made.schemes)))
    return [one.url.text for one in receiver.wanted(vector.inbound).values()]


@pytest.mark.parametrize("vector", cases(lambda vector: bool(wanted(vector))))
async def test_a_key_that_must_be_fetched_gives_the_same_verdict(stage: Staged, vector: Vector) -> None:
    sending = sending_of_vector(vector)
    stage.host.answer = told_key(vector)
    stage.clock.turn(KEPT)  # what was fetched for another vector has become old
    result = await receive(stage, sending._replace(source={**sending.source, "secrets": []}))
    assert (result.told.status // 100 == 2, result.receipt["cause"]) == (vector.valid, vector.cause)
    assert bool(result.events) == vector.valid
    assert [request.url.text for request in stage.host.asked] == wanted(vector)
