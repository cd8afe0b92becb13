"""Counting: what results add to the counters of their endpoints."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from hookline.clock import HOUR
from hookline.model.attempt import Attempt
from hookline.storage.ledger import Result

COUNTER = (
    "tenant_id",
    "endpoint_id",
    "hour",
    "succeeded",
    "failed",
    "last_attempt_at",
    "last_success_at",
)
ALL_HOURS = 0
"""The row of this hour holds the sum of all hours."""


def counts(results: Iterable[Result]) -> list[tuple[Any, ...]]:
    """Rows of COUNTER to be added up: for each endpoint, by the hour and in all. What was not tried counts nothing."""
    tried: dict[tuple[str, str, int], list[Attempt]] = defaultdict(list)
    for result in results:
        if result.attempt is not None:
            delivery = result.delivery
            tried[delivery.tenant_id, delivery.endpoint_id, result.attempt.at // HOUR].append(result.attempt)
    for (tenant, endpoint, _), some in list(tried.items()):
        tried[tenant, endpoint, ALL_HOURS] += some
    return [(*key, *_sums(some)) for key, some in tried.items()]


def _sums(tried: Sequence[Attempt]) -> tuple[int, int, int, int | None]:
    good = [attempt.at for attempt in tried if attempt.exchange.cause is None]
    last = max([attempt.at for attempt in tried])
    return len(good), len(tried) - len(good), last, max(good, default=None)
