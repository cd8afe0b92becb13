"""Wants: how many due deliveries of a lane may be claimed at this moment, and if none, when to ask again."""

import msgspec

from hookline.clock import SECOND, Micros
from hookline.deliver.lanes import Lane, Lanes
from hookline.deliver.rate import Window
from hookline.model.endpoint import Batch, Endpoint, Order
from hookline.storage.ledger import LaneKey, Want


class Wait(msgspec.Struct, frozen=True):
    """Nothing now. `until` None: until an exchange of the lane has ended."""

    until: Micros | None


class _Gathered(msgspec.Struct):
    wanted: int
    count: int
    since: Micros


class Wants:
    """What paces a lane beyond its concurrency: its rate, its batches, its order."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._windows: dict[LaneKey, Window] = {}
        self._gathered: dict[LaneKey, _Gathered] = {}

    def decide(self, lane: Lane, endpoint: Endpoint, now: Micros) -> Want | Wait:
        room = self._lanes.room(lane, now)
        if endpoint.order is Order.ENDPOINT:
            room = min(room, 1 - lane.in_hand)
        if room <= 0:
            return Wait(lane.pace.wakes_at(now))
        if endpoint.rate is not None:
            window = self._window(lane.key, endpoint, now)
            room = min(room, window.left(now))
            if room <= 0:
                return Wait(window.opens_at())
        if endpoint.batch is not None:
            return self._batch(lane.key, endpoint.batch, now)
        return Want(lane=lane.key, count=room, ordered=endpoint.order is not Order.NONE)

    def gathered(self, lane: LaneKey) -> bool:
        """One more of this lane is due. False: it is gathering a batch, and that is not full yet."""
        gathered = self._gathered.get(lane)
        if gathered is None:
            return True
        gathered.count += 1
        return gathered.count >= gathered.wanted

    def used(self, lane: LaneKey, requests: int, now: Micros) -> None:
        """So many requests were claimed."""
        self._gathered.pop(lane, None)
        if lane in self._windows:
            self._windows[lane].use(requests, now)

    def forget(self) -> None:
        """After a take-over: others count now."""
        self._windows.clear()
        self._gathered.clear()

    def _window(self, key: LaneKey, endpoint: Endpoint, now: Micros) -> Window:
        window = self._windows.get(key)
        if window is None or window.rate != endpoint.rate:
            assert endpoint.rate is not None
            window = self._windows[key] = Window(endpoint.rate, now)
        return window

    def _batch(self, key: LaneKey, batch: Batch, now: Micros) -> Want | Wait:
        gathered = self._gathered.setdefault(key, _Gathered(batch.count, 1, now))
        full_at = Micros(gathered.since + int(batch.seconds * SECOND))
        if gathered.count < batch.count and now < full_at:
            return Wait(full_at)
        return Want(lane=key, count=batch.count)
