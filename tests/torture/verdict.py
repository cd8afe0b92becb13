"""Verdict: the invariants, judged from what the publisher, the receivers and the database hold at the end."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from hookline.clock import SECOND
from hookline.model.attempt import Cause
from tests.torture.desk import judge_desk
from tests.torture.kept import Kept, kept_at
from tests.torture.processes import Death
from tests.torture.receivers import TYPES, Arrival
from tests.torture.repeats import excused_in, repeated, too_many_excused, untold_in
from tests.torture.run import TENANT, Seen
from tests.torture.saver import key_of

IN_FLIGHT = 256
"""Of one node: so many duplicates one kill may make."""
TAKEOVER_IN = 30.0
_OURS = f"WHERE tenant_id = '{TENANT}'"
_decode_list = msgspec.json.Decoder(list[str]).decode


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The figures. `faults` empty: every invariant holds."""

    database: str
    seed: int
    kills: int
    pauses: int
    at_hooks: int
    hooks: dict[str, int]
    acknowledged: int
    deliveries: int
    attempts: int
    requests: int
    """That receivers saw."""
    lost: int
    duplicates: int
    duplicates_allowed: int
    received: int
    """Of the acknowledged, those that a provider sent to a source."""
    saved: int
    """Of the acknowledged, those that states of records made."""
    excused: int
    """Successes that were repeated because the gateway's deadline passed before it had read of them."""
    untold: int
    """Requests that no attempt tells of."""
    interrupted: int
    """Attempts that a kill cut off."""
    dead_by_interruption: int
    cases: int
    """Of callers, which a preset makes tickets of."""
    case_events: int
    tickets: int
    ticket_repeats: int
    """Changes to tickets that were made once more, as they were."""
    takeovers: int
    takeover_median: float
    takeover_max: float
    """Seconds from a kill until what it cut off was first sent again."""
    drain_seconds: float | None
    seconds: float
    faults: list[str]


async def judge(seen: Seen) -> Verdict:
    rows = await seen.place.rows(f"SELECT id, type, idempotency_key, matched FROM events {_OURS}")
    of_records = await _of_records(seen)
    events = [
        (id_, type_, of_records[id_] if key is None else key.rpartition(" ")[2], matched)
        for id_, type_, key, matched in rows
    ]
    ids = {key: id_ for id_, _, key, _ in events}
    saved = seen.publisher.saver.saved
    seen.publisher.acknowledged |= {
        key: ids.get(key, "nothing") for key in (*seen.publisher.received, *saved)
    }
    seen.publisher.types |= saved
    return _Judge(seen, events, await kept_at(seen.place), await _counters(seen)).verdict(
        [str(row[0]) for row in await seen.place.rows("SELECT id FROM nodes")]
    )


async def _of_records(seen: Seen) -> dict[str, str]:
    """Event → the key that its record bore; these events have no idempotency key."""
    rows = await seen.place.rows(f"SELECT id, data FROM events {_OURS} AND idempotency_key IS NULL")
    return {id_: key_of(msgspec.json.decode(data)) for id_, data in rows}


async def _counters(seen: Seen) -> dict[str, tuple[int, int]]:
    rows = await seen.place.rows(f"SELECT endpoint_id, succeeded, failed FROM counters {_OURS} AND hour = 0")
    return {endpoint: (succeeded, failed) for endpoint, succeeded, failed in rows}


class _Judge:
    def __init__(
        self,
        seen: Seen,
        events: Sequence[Sequence[Any]],
        kept: Sequence[Kept],
        counters: dict[str, tuple[int, int]],
    ) -> None:
        self._seen = seen
        self._events = events
        self._kept = kept
        self._counters = counters
        names = {endpoint: name for name, endpoint in seen.endpoints.items()}
        arrivals = {receiver.manners.name: receiver.arrivals for receiver in seen.receivers}
        self._arrivals: dict[str, list[Arrival]] = {
            one.id: arrivals[names[one.endpoint_id]].get(one.event_id, []) for one in kept
        }
        timeouts = {receiver.manners.name: receiver.manners.timeout for receiver in seen.receivers}
        self._timeouts = {endpoint: timeouts[name] for endpoint, name in names.items()}

    def verdict(self, nodes_left: list[str]) -> Verdict:
        seen, deaths, takeovers = self._seen, self._seen.deaths, list(self._takeovers())
        at_hooks = [death for death in deaths if death.hook]
        lost, duplicates = list(self._lost()), self._duplicates()
        attempts = [attempt for one in self._kept for attempt in one.attempts]
        requests = sum(len(some) for one in seen.receivers for some in one.arrivals.values())
        excused = sum(
            excused_in(one, self._arrivals[one.id], self._timeouts[one.endpoint_id]) for one in self._kept
        )
        allowed = IN_FLIGHT * (len(deaths) + seen.pauses)
        desk = judge_desk(seen.callers)
        faults = [*self._faults(), *desk.faults]
        faults += [f"lost: {one}" for one in lost]
        faults += [f"these nodes never left: {nodes_left}"] if nodes_left else []
        faults += [f"{duplicates} duplicates"] if duplicates > allowed else []
        faults += [too_many] if (too_many := too_many_excused(excused, requests)) else []
        faults += [f"a takeover took {slow:.1f} s" for slow in takeovers if slow > TAKEOVER_IN]
        return Verdict(
            database=seen.place.kind,
            seed=seen.trial.seed,
            kills=len(deaths),
            pauses=seen.pauses,
            at_hooks=len(at_hooks),
            hooks=dict(sorted(Counter(death.hook for death in at_hooks).items())),
            acknowledged=len(seen.publisher.acknowledged),
            deliveries=len(self._kept),
            attempts=len(attempts),
            requests=requests,
            lost=len(lost),
            duplicates=duplicates,
            duplicates_allowed=allowed,
            received=len(seen.publisher.received),
            saved=len(seen.publisher.saver.saved),
            excused=excused,
            untold=self._untold(),
            interrupted=sum(attempt.exchange.cause is Cause.INTERRUPTED for attempt in attempts),
            dead_by_interruption=sum("were cut off" in one.reason for one in self._kept),
            cases=desk.cases,
            case_events=desk.events,
            tickets=desk.tickets,
            ticket_repeats=desk.repeated,
            takeovers=len(takeovers),
            takeover_median=round(statistics.median(takeovers), 2) if takeovers else 0.0,
            takeover_max=round(max(takeovers, default=0.0), 2),
            drain_seconds=None if seen.drain_seconds is None else round(seen.drain_seconds, 1),
            seconds=round(seen.seconds, 1),
            faults=faults,
        )

    def _lost(self) -> Iterator[str]:
        """I1: acknowledged, and not seen by every receiver that it matches."""
        for key, event in self._seen.publisher.acknowledged.items():
            type_ = self._seen.publisher.types[key]
            saw = sum(event in receiver.arrivals for receiver in self._seen.receivers)
            if saw != TYPES[type_]:
                yield f"{event} ({type_}, {key}) reached {saw} of {TYPES[type_]} receivers"

    def _duplicates(self) -> int:
        """I7: good answers beyond the first for one delivery."""
        return sum(
            max(0, sum(arrival.succeeded_at is not None for arrival in some) - 1)
            for some in self._arrivals.values()
        )

    def _untold(self) -> int:
        """Requests that no attempt tells of: sent by a node that was taken over while it lived."""
        return sum(untold_in(one, self._arrivals[one.id]) for one in self._kept)

    def _takeovers(self) -> Iterator[float]:
        """Seconds from each kill until the first of what it cut off was sent again."""
        cut = sorted(
            (attempt.at / SECOND, one.id)
            for one in self._kept
            for attempt in one.attempts
            if attempt.exchange.cause is Cause.INTERRUPTED
        )
        for death, at in self._taken_over():
            these = [id_ for moment, id_ in cut if at - 2 < moment <= at + 0.05]
            again = [arrival.at for id_ in these for arrival in self._arrivals[id_] if arrival.at > at - 2]
            later = [moment for moment in again if moment > death.at]
            if later:
                yield min(later) - death.at

    def _taken_over(self) -> Iterator[tuple[Death, float]]:
        """Deaths with something in hand, and when the takeover was logged."""
        deaths = {death.node_id: death for death in self._seen.deaths if death.node_id}
        for node in self._seen.nodes:
            for line in node.lines():
                if line["what"] == "NodeTakenOver" and int(line["deliveries"]):
                    death = deaths.get(line["silent_node_id"])
                    if death is not None:
                        yield death, datetime.fromisoformat(line["time"]).timestamp()

    def _faults(self) -> Iterator[str]:
        seen = self._seen
        for node in seen.nodes:
            yield from node.faults
            yield from (f"{node.name}: {line}" for line in node.lines() if line["what"] == "Fault")
        refused = (*seen.publisher.refused, *seen.publisher.saver.refused)
        yield from (f"the publisher was told {answer}" for answer in refused)
        if seen.drain_seconds is None:
            yield "it did not drain"
        if seen.place.kind == "sqlite" and self._untold():
            yield f"{self._untold()} requests that no attempt tells of, though nobody can take over from a living node"
        if seen.repeats_wrong:
            yield f"{seen.repeats_wrong} repeated keys were not answered as duplicates"
        yield from self._events_wrong()
        yield from self._records_wrong()
        for one in self._kept:
            yield from (f"{one.id}: {fault}" for fault in self._wrong_with(one))
        yield from self._bodies_wrong()
        yield from self._order_wrong()
        yield from self._counters_wrong()

    def _events_wrong(self) -> Iterator[str]:
        """I1, I2: what was acknowledged is there, and has as many deliveries as endpoints."""
        known = {key: event for event, _, key, _ in self._events}
        for key, event in self._seen.publisher.acknowledged.items():
            if known.get(key) != event:
                yield f"{key} was acknowledged as {event} and is {known.get(key)}"
        rows = Counter(one.event_id for one in self._kept)
        for event, type_, _, matched in self._events:
            wanted = len(_decode_list(matched)) if matched else 0
            if not wanted == rows[event] == TYPES[type_]:
                yield f"{event} ({type_}) matched {wanted} endpoints and has {rows[event]} deliveries"

    def _records_wrong(self) -> Iterator[str]:
        """Every state of a record made one event, and they go in the order of the states: by the database's word, for the ids
        of two nodes are as their clocks are.
        """
        saver = self._seen.publisher.saver
        made: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for event, type_, key, _ in self._events:
            made[key].append((event, type_))
        for key, type_ in saver.saved.items():
            types = [found for _, found in made[key]]
            if types not in ([], [type_]):  # none: told as lost
                yield f"{key} made {types} and not {type_}"
        places = {one.event_id: one.seq for one in self._kept if one.order_key}
        for record, keys in saver.walks.items():
            walked = [places.get(event, 0) for key in keys for event, _ in made[key]]
            if walked != sorted(walked) or 0 in walked:
                yield f"the events of record {record} came in another order than its states"

    def _wrong_with(self, one: Kept) -> Iterator[str]:
        if one.state not in {"delivered", "dead"}:
            yield f"I2: it ended {one.state}"
        if [attempt.number for attempt in one.attempts] != list(range(1, one.counted + 1)):
            yield f"I4: attempts {[attempt.number for attempt in one.attempts]} of {one.counted}"
        good = [n for n, attempt in enumerate(one.attempts) if attempt.exchange.cause is None]
        if one.state == "delivered" and good != [len(one.attempts) - 1]:
            yield f"I6: succeeded at {good} of {len(one.attempts)}"
        arrivals = self._arrivals[one.id]
        first = next((n for n, arrival in enumerate(arrivals) if arrival.succeeded_at is not None), None)
        if one.state == "delivered" and first is None:
            yield "it is delivered and no receiver answered 200"
        if repeated(one, arrivals, self._timeouts[one.endpoint_id]):
            yield "I6: sent again after its success, though nothing was cut off and its time was not over"

    def _bodies_wrong(self) -> Iterator[str]:
        bodies: dict[str, set[bytes]] = defaultdict(set)
        for receiver in self._seen.receivers:
            for event, some in receiver.arrivals.items():
                bodies[event].update(arrival.body for arrival in some)
        yield from (f"I5: {event} had {len(some)} bodies" for event, some in bodies.items() if len(some) > 1)

    def _order_wrong(self) -> Iterator[str]:
        """Of one key, nothing arrives before what was accepted earlier has succeeded or is given up."""
        before: dict[str, tuple[str, float]] = {}
        ordered = sorted((one for one in self._kept if one.order_key), key=lambda one: one.seq)
        if not ordered:
            yield "nothing was ordered"
        for one in ordered:
            arrivals = self._arrivals[one.id]
            former, done = before.get(one.order_key, ("", 0.0))
            if arrivals and arrivals[0].at < done:
                yield f"{one.id} ({one.order_key}) arrived {done - arrivals[0].at:.3f} s before {former} was done"
            good = [arrival.succeeded_at for arrival in arrivals if arrival.succeeded_at is not None]
            if good:
                before[one.order_key] = (one.id, min(good))

    def _counters_wrong(self) -> Iterator[str]:
        """What was told to an endpoint's counters: every attempt but those that a kill cut off."""
        told: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for one in self._kept:
            for attempt in one.attempts:
                if attempt.exchange.cause is not Cause.INTERRUPTED:
                    told[one.endpoint_id][attempt.exchange.cause is not None] += 1
        for endpoint, counted in told.items():
            if (known := self._counters.get(endpoint)) != tuple(counted):
                yield f"{endpoint} counts {known}, its attempts are {tuple(counted)}"
