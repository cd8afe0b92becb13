"""Medians, percentiles, ratios, and the middle of several runs."""

import statistics

import msgspec
import pytest
from benchmarks.figures import median, percentile, ratio
from benchmarks.middle import middle
from hypothesis import given
from hypothesis import strategies as st

_VALUES = st.lists(st.floats(min_value=-1e9, max_value=1e9), min_size=1)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    rate: float


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    lost: int
    rate: float
    part: Part


@given(_VALUES)
def test_the_median_is_that_of_the_standard_library(values: list[float]) -> None:
    assert median(values) == pytest.approx(statistics.median(values))


@given(_VALUES, st.floats(min_value=0, max_value=1))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(values: list[float], part: float) -> None:
    found = percentile(values, part)
    assert found in values
    assert sum(value <= found for value in values) >= part * len(values)


def test_p99_of_a_hundred_is_the_ninety_ninth() -> None:
    assert percentile(range(100, 0, -1), 0.99) == 99


def test_nothing_has_no_median_and_no_latency() -> None:
    with pytest.raises(ValueError, match="at least one"):
        median([])
    assert percentile([], 0.99) == 0


def test_a_ratio_to_nothing_is_none() -> None:
    assert ratio(3, 2) == 1.5
    assert ratio(3, 0) == 0


def test_the_middle_of_runs_takes_medians_and_adds_up_what_was_lost() -> None:
    runs = [
        Sample(lost=lost, rate=rate, part=Part(rate=-rate))
        for lost, rate in ((0, 10.0), (1, 30.0), (2, 20.0))
    ]
    assert middle(runs) == Sample(lost=3, rate=20.0, part=Part(rate=-20.0))
