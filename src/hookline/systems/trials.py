"""Trials: tests that a system sends in its own words, written as PHP writes JSON, as the system's deliveries are."""

from collections.abc import Mapping
from typing import Any

import msgspec

from hookline.api.parts import Parts
from hookline.api.trial import trial_event
from hookline.deliver.json_style import Writer
from hookline.model.attempt import Attempt
from hookline.model.dialect import Style
from hookline.model.endpoint import Endpoint
from hookline.systems.subscriptions import local_time

_WRITER = Writer(Style.PHP)


async def send_trial(
    parts: Parts, endpoint: Endpoint, payload: Mapping[str, Any], zone: str, *, within: float | None = None
) -> Attempt:
    """Now, active or not. Nothing of it is stored or counted. Its `timestamp` is of this zone, and stands where the
    payload has one. `within`: seconds, in place of the endpoint's.
    """
    event = await trial_event(parts, endpoint, None)
    filled = {**payload, "timestamp": local_time(event.time, zone, mark="offset")}
    body = _WRITER.data(msgspec.json.encode(filled))
    trial = await parts.tester.send(endpoint, event, body=body, within=within)
    return trial.attempt
