"""Matching: which of a tenant's endpoints an event must reach, and in words why each does or does not."""

import time
from collections.abc import Mapping, Sequence

import msgspec

from hookline.errors import InvalidFilter
from hookline.model.endpoint import Endpoint
from hookline.model.ids import EndpointId
from hookline.model.patterns import Patterns
from hookline.route.filter import SLOW_FILTER, Filter, FilterInput, Verdict, compile_filter

MAX_SLOW_RUNS = 2
MAX_TYPES = 4096
"""Types whose endpoints are remembered. The names come from publishers, so there may be any number of them."""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """What matching needs to know of one endpoint."""

    endpoint_id: str
    patterns: tuple[str, ...]
    system: str = ""
    """It gets no events of others. Empty: it may get all."""
    filter: str = ""
    filter_off: str = ""
    """Why the filter was switched off, if it was: it then fails for every event."""
    active: bool = True
    """A paused endpoint matches all the same: its deliveries are held."""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided for one endpoint. `reason` is a sentence for people."""

    endpoint_id: str
    matched: bool
    reason: str
    failed: bool = False


class MatchResult(msgspec.Struct, frozen=True, kw_only=True):
    endpoint_ids: tuple[EndpointId, ...] = ()
    failures: tuple[Match, ...] = ()
    """Endpoints whose pattern matched and whose filter could not answer: no delivery, but visible."""


class Matcher:
    """The endpoints of one tenant under one configuration, compiled. Once it is made, it never raises."""

    def __init__(self, routes: Sequence[Route]) -> None:
        compiled: dict[str, Filter | str] = {"": ""}
        for route in routes:
            if route.filter not in compiled:
                compiled[route.filter] = _compiled(route.filter)
        self._lanes = tuple(_Lane(route, compiled[route.filter]) for route in routes)
        self._by_type: dict[str | tuple[str, str], _Lanes] = {}
        """By type, and by system where the event has one."""

    def match(self, event: FilterInput, system: str = "") -> MatchResult:
        lanes = self._lanes_of(event.type, system)
        if not lanes.filtered:
            return lanes.plain
        return _with_filters(lanes, event)

    def plain(self, event_type: str, system: str = "") -> MatchResult | None:
        """The answer for every event of this type, where no filter has a word."""
        lanes = self._lanes_of(event_type, system)
        return None if lanes.filtered else lanes.plain

    def explain(self, event: FilterInput, system: str = "") -> tuple[Match, ...]:
        """Every endpoint, in the order of the routes."""
        return tuple(lane.explain(event, system) for lane in self._lanes)

    def switched_off(self) -> Mapping[str, str]:
        """Endpoint → why its filter does not run any more. To be stored, and given back as `Route.filter_off`."""
        return {lane.endpoint_id: lane.off for lane in self._lanes if lane.off}

    def _lanes_of(self, event_type: str, system: str) -> "_Lanes":
        key = (event_type, system) if system else event_type
        return self._by_type.get(key) or self._remember(key, event_type, system)

    def _remember(self, key: str | tuple[str, str], event_type: str, system: str) -> "_Lanes":
        wanted = [lane for lane in self._lanes if lane.takes(system) and lane.patterns.matches(event_type)]
        lanes = _Lanes(
            plain=MatchResult(endpoint_ids=tuple(lane.endpoint_id for lane in wanted if not lane.has_filter)),
            filtered=tuple(lane for lane in wanted if lane.has_filter),
        )
        if len(self._by_type) >= MAX_TYPES:
            self._by_type.clear()
        self._by_type[key] = lanes
        return lanes


class _Lane:
    """One endpoint, and how its filter behaves."""

    def __init__(self, route: Route, compiled: Filter | str) -> None:
        self.endpoint_id = EndpointId(route.endpoint_id)
        self.patterns = Patterns(route.patterns)
        self.has_filter = bool(route.filter)
        self.off = route.filter_off
        self._route = route
        self._filter = compiled
        self._slow_runs = 0

    def takes(self, system: str) -> bool:
        """What belongs to no system may go to all, and an endpoint of none may get all."""
        return not system or self._route.system in {"", system}

    def run(self, event: FilterInput) -> Verdict:
        if self.off:
            return Verdict(matched=False, failed=True, reason=self.off)
        if isinstance(self._filter, str):
            return Verdict(matched=False, failed=True, reason=self._filter)
        # Wall time may be another program's time: after a first slow run only our own counts.
        verdict = self._filter.run(event, clock=time.thread_time if self._slow_runs else time.perf_counter)
        if verdict.elapsed > SLOW_FILTER:
            self._count_slow(verdict.elapsed)
        return verdict

    def explain(self, event: FilterInput, system: str = "") -> Match:
        if not self.takes(system):
            return self._match(
                reason=f"The endpoint is one of {self._route.system}; the event is one of {system}."
            )
        pattern = self.patterns.which(event.type)
        if pattern is None:
            wanted = ", ".join(self._route.patterns) or "nothing"
            return self._match(reason=f"The endpoint wants {wanted}; the event is {event.type}.")
        held = "" if self._route.active else " The endpoint is paused: its delivery is held."
        if not self.has_filter:
            return self._match(matched=True, reason=f"The pattern {pattern} matches.{held}")
        verdict = self.run(event)
        if verdict.matched:
            return self._match(matched=True, reason=f"The pattern {pattern} and the filter match.{held}")
        says = "could not answer" if verdict.failed else "does not match"
        sentence = f"The pattern {pattern} matches, but the filter {says}: {verdict.reason.rstrip('.')}."
        return self._match(reason=sentence, failed=verdict.failed)

    def _match(self, *, reason: str, matched: bool = False, failed: bool = False) -> Match:
        return Match(endpoint_id=self.endpoint_id, matched=matched, reason=reason, failed=failed)

    def _count_slow(self, elapsed: float) -> None:
        self._slow_runs += 1
        if self._slow_runs >= MAX_SLOW_RUNS:
            self.off = (
                f"switched off because it took {elapsed * 1000:.0f} ms and was slow {self._slow_runs} times; "
                f"at most {SLOW_FILTER * 1000:.0f} ms are allowed. Make it simpler and save it again"
            )


class _Lanes(msgspec.Struct, frozen=True, kw_only=True):
    """The endpoints whose patterns match one type."""

    plain: MatchResult
    filtered: tuple[_Lane, ...]


def _with_filters(lanes: _Lanes, event: FilterInput) -> MatchResult:
    matched = list(lanes.plain.endpoint_ids)
    failures: list[Match] = []
    for lane in lanes.filtered:
        verdict = lane.run(event)
        if verdict.matched:
            matched.append(lane.endpoint_id)
        elif verdict.failed:
            failures.append(
                Match(endpoint_id=lane.endpoint_id, matched=False, reason=verdict.reason, failed=True)
            )
    return MatchResult(endpoint_ids=tuple(matched), failures=tuple(failures))


def _compiled(source: str) -> Filter | str:
    """The filter, or why a filter that an older version stored does not compile any more."""
    try:
        return compile_filter(source)
    except InvalidFilter as error:
        return f"the filter does not compile: {error.detail}"


def route_of(endpoint: Endpoint) -> Route:
    return Route(
        endpoint_id=endpoint.id,
        patterns=endpoint.events,
        system=endpoint.system,
        filter=endpoint.filter,
        filter_off=endpoint.filter_off,
        active=endpoint.active,
    )
