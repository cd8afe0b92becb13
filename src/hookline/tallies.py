"""Tallies: the values of the metrics, kept as plain numbers and turned into Prometheus families when they are read.

prometheus-client's own `inc` and `observe` take a lock each: three of them cost half of what an attempt's whole
emission may. Acts come under the lock of `Telemetry`.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from hookline.emission import Emission
from hookline.metrics import Metric, MetricKind

Act = Callable[[Sequence[Emission]], None]
"""What some emissions of one kind do to one metric."""


class Tallies(Collector):
    """All metrics of one Telemetry."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._series = {metric.name: _SERIES[metric.kind](metric) for metric in metrics}

    def collect(self) -> Iterator[Family]:
        for series in self._series.values():
            yield series.family()

    def act(self, metric: Metric, field: str = "") -> Act:
        """What emissions do to this metric; `field` is what they observe or set."""
        return self._series[metric.name].act(field)

    def add(self, metric: Metric) -> None:
        """Count one, without an emission."""
        series = self._series[metric.name]
        assert isinstance(series, _Counter)
        series.values[()] = series.values.get((), 0) + 1

    def watch(self, metric: Metric, read: Callable[[], float]) -> None:
        series = self._series[metric.name]
        assert isinstance(series, _Gauge)
        series.read = read


class _Counter:
    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self.values: dict[Any, int] = {} if metric.labels else {(): 0}

    def act(self, _field: str) -> Act:
        values, labels = self.values, _labels(self._metric)

        def count(some: Sequence[Emission]) -> None:
            for key in map(labels, some):
                values[key] = values.get(key, 0) + 1

        return count

    def family(self) -> Family:
        family = CounterMetricFamily(self._metric.name, self._metric.sentence, labels=self._metric.labels)
        for key, value in list(self.values.items()):
            family.add_metric(_texts(key), value)
        return family


class _Gauge:
    """Set by an emission, or read from its owner when asked."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._value = 0.0
        self.read: Callable[[], float] = lambda: self._value

    def act(self, field: str) -> Act:
        def put(some: Sequence[Emission]) -> None:
            self._value = getattr(some[-1], field)

        return put

    def family(self) -> Family:
        return GaugeMetricFamily(self._metric.name, self._metric.sentence, value=self.read())


class _Histogram:
    """By label values: how many fell into each bucket, and last their sum."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._blank = (0.0,) * (len(metric.buckets) + 2)
        self._values: dict[Any, list[float]] = {} if metric.labels else {(): list(self._blank)}

    def act(self, field: str) -> Act:
        values, labels, bounds, blank = self._values, _labels(self._metric), self._metric.buckets, self._blank
        read = attrgetter(field)
        if not self._metric.labels:
            only = values[()]

            def observe_only(some: Sequence[Emission]) -> None:
                for value in map(read, some):
                    only[bisect_left(bounds, value)] += 1
                    only[-1] += value

            return observe_only

        def observe(some: Sequence[Emission]) -> None:
            for key, value in zip(map(labels, some), map(read, some), strict=True):
                row = values.get(key) or values.setdefault(key, list(blank))
                row[bisect_left(bounds, value)] += 1
                row[-1] += value

        return observe

    def family(self) -> Family:
        family = HistogramMetricFamily(self._metric.name, self._metric.sentence, labels=self._metric.labels)
        names = (*map(str, self._metric.buckets), "+Inf")
        for key, row in list(self._values.items()):
            *counts, total = row
            sums = [sum(counts[: position + 1]) for position in range(len(counts))]
            family.add_metric(_texts(key), buckets=list(zip(names, sums, strict=True)), sum_value=total)
        return family


_SERIES: dict[MetricKind, type[_Counter | _Gauge | _Histogram]] = {
    MetricKind.COUNTER: _Counter,
    MetricKind.GAUGE: _Gauge,
    MetricKind.HISTOGRAM: _Histogram,
}


def _labels(metric: Metric) -> Callable[[Emission], Any]:
    """The key of the series: nothing, one label's value alone, or a tuple, as attrgetter gives them."""
    return attrgetter(*metric.labels) if metric.labels else lambda _emission: ()


def _texts(key: Any) -> list[str]:
    return [str(value) for value in (key if isinstance(key, tuple) else (key,))]
