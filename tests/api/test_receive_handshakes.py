"""Handshakes over real HTTP: answered as each provider wants, with what they tell kept and what they ask for visited."""

from collections.abc import Sequence
from typing import Any

import pytest

from hookline.model.sample import Sample
from hookline.receive.handshake import Shaken
from tests.api.conftest import Staged
from tests.api.receiving import Result, receive, sending_of_sample
from tests.catalog.provider_cases import all_samples, inbound_of, receiver_of


def shaken(name: str, sample: Sample) -> Shaken:
    """As it is decided, before anything is done."""
    receiver, inbound = receiver_of(name, sample), inbound_of(sample)
    shaker = receiver.handshake(inbound)
    assert shaker is not None
    return receiver.shake(shaker, inbound)


SHAKEN = [(name, sample, shaken(name, sample)) for name, sample in all_samples() if sample.rule.handshake]


def cases(of: list[tuple[str, Sample, Shaken]]) -> Sequence[object]:
    return [pytest.param(*one, id=f"{one[0]}/{one[1].name}") for one in of]


def assert_shaken(result: Result, sample: Sample) -> None:
    """It made no event, and of its body, which may hold a secret, nothing is kept."""
    receipt = result.receipt
    told = receipt["outcome"], receipt["handshake"], receipt["cause"], receipt["status"]
    assert told == ("handshake", sample.rule.handshake, None, result.told.status)
    assert result.events == receipt["events"] == receipt["types"] == []
    assert receipt["body"] is None


@pytest.mark.parametrize(("name", "sample", "decided"), cases(SHAKEN))
async def test_a_handshake_is_answered_and_makes_no_event(
    stage: Staged, name: str, sample: Sample, decided: Shaken
) -> None:
    result, wanted = await receive(stage, sending_of_sample(name, sample)), sample.rule.answer
    assert wanted is not None
    assert (result.told.status, result.told.body.decode()) == (wanted.status, wanted.body)
    assert wanted.headers.items() <= result.told.headers.items()
    assert ("content-length" in result.told.headers) == (wanted.status != 204)  # RFC 9110, 8.6
    assert_shaken(result, sample)
    assert [one.url for one in stage.host.asked] == ([decided.visit] if decided.visit else [])


@pytest.mark.parametrize(("name", "sample", "decided"), cases([one for one in SHAKEN if one[2].learned]))
async def test_a_secret_that_is_told_is_kept(
    stage: Staged, name: str, sample: Sample, decided: Shaken
) -> None:
    sending = sending_of_sample(name, sample)
    result = await receive(stage, sending._replace(source={**sending.source, "secrets": []}))
    assert_shaken(result, sample)
    path = f"/v1/sources/{result.source['id']}/secrets"
    shown: list[dict[str, Any]] = (await stage.api.call("GET", path, stage.keys["manage"])).json["items"]
    assert [one["value"] for one in shown] == [decided.learned]
    assert decided.learned.encode() in sending.to("/")


def test_some_tell_a_secret_and_some_ask_for_a_visit() -> None:
    """Or nothing above would show that either is done."""
    assert {name for name, _, decided in SHAKEN if decided.learned} >= {"asana", "notion"}
    assert {name for name, _, decided in SHAKEN if decided.visit} >= {"aws-sns"}
