"""Wants: how many due deliveries of a lane may be claimed at this moment, and if none, when to ask again."""

import msgspec

from hookline.clock import SECOND, Micros
from hookline.deliver.lanes import Lane, Lanes
from hookline.deliver.rate import Window
from hookline.model.endpoint import Batch, Endpoint, Order
from hookline.storage.ledger import Gathering, LaneKey, Want


class Wait(msgspec.Struct, frozen=True):
    """Nothing now. `until` None: until an exchange of the lane has ended."""

    until: Micros | None


class Wants:
    """What paces a lane beyond its concurrency: its rate, its batches, its order."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._windows: dict[LaneKey, Window] = {}
        self._missing: dict[LaneKey, int] = {}

    def decide(self, lane: Lane, endpoint: Endpoint, monotonic: float, now: Micros) -> Want | Wait:
        """For a lane that sends in batches the want is one batch, if `batch` agrees."""
        room = self._lanes.room(lane, monotonic, now)
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
            return Want(lane=lane.key, count=endpoint.batch.count)
        return Want(lane=lane.key, count=room, ordered=endpoint.ordered)

    def batch(self, lane: LaneKey, batch: Batch, due: Gathering | None, now: Micros) -> Want | Wait | None:
        """Whether a batch may go of what is `due` now: it is full, or its first has waited long enough."""
        if due is None:
            return None
        full_at = Micros(due.since + int(batch.seconds * SECOND))
        if due.frozen or due.count >= batch.count or now >= full_at:
            return Want(lane=lane, count=batch.count)
        self._missing[lane] = batch.count - due.count
        return Wait(full_at)

    def gathering(self, lane: LaneKey) -> bool:
        """It gathers a batch that was not full when we looked."""
        return lane in self._missing

    def one_more(self, lane: LaneKey) -> bool:
        """One more of this lane is due. False: it is gathering a batch, and that is not full yet."""
        if lane not in self._missing:
            return True
        self._missing[lane] -= 1
        return self._missing[lane] <= 0

    def gathered(self, lane: LaneKey) -> None:
        """It is looked at again."""
        self._missing.pop(lane, None)

    def used(self, lane: LaneKey, requests: int, now: Micros) -> None:
        """So many requests were claimed."""
        if lane in self._windows:
            self._windows[lane].use(requests, now)

    def forget(self) -> None:
        """After a take-over: others count now."""
        self._windows.clear()
        self._missing.clear()

    def _window(self, key: LaneKey, endpoint: Endpoint, now: Micros) -> Window:
        window = self._windows.get(key)
        if window is None or window.rate != endpoint.rate:
            assert endpoint.rate is not None
            window = self._windows[key] = Window(endpoint.rate, now)
        return window
