"""Lanes: bounded, fair, and counted: whatever happens, nobody waits for a stranger and nothing leaks."""

from collections import Counter

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hookline.clock import SECOND, Micros
from hookline.deliver.lanes import SLOW, Lanes
from hookline.deliver.pace import Pace
from hookline.deliver.task import Task
from hookline.model.delivery import Delivery, State
from hookline.model.ids import DeliveryId, EndpointId, EventId, TenantId
from hookline.storage.ledger import LaneKey
from tests.deliver.making import event

NOW = Micros(1_000 * SECOND)
HEALTHY = Pace()
PROBING = Pace(blamed=3, allowance=1, probe_interval=SECOND, probe_at=Micros(NOW + SECOND))
CONCURRENCY = 8


def lane_of(endpoint: str, tenant: str = "t") -> LaneKey:
    return TenantId(tenant), EndpointId(endpoint)


def a_task(lane: LaneKey, *, fresh: bool = True) -> Task:
    delivery = Delivery(
        id=DeliveryId("dlv_1"),
        tenant_id=lane[0],
        event_id=EventId("evt_1"),
        endpoint_id=lane[1],
        event_type="t",
        state=State.SENDING,
        created_at=Micros(0),
    )
    return Task(delivery=delivery, event=event(), lane=lane, fresh=fresh, bodies={})


class Node:
    """Lanes with the hands to fill and empty them."""

    def __init__(self, max_in_flight: int = 16, max_in_hand: int = 64) -> None:
        self.lanes = Lanes(max_in_flight=max_in_flight, max_in_hand=max_in_hand)
        self.monotonic = 100.0
        self.now = NOW

    def queue(self, lane: LaneKey, count: int = 1, *, fresh: bool = False) -> list[Task]:
        self.lanes.open(lane, CONCURRENCY)
        tasks = [a_task(lane, fresh=fresh) for _ in range(count)]
        return [task for task in tasks if self.lanes.enqueue(task, self.monotonic, self.now, reserved=False)]

    def take_all(self) -> list[Task]:
        taken = []
        while (task := self.lanes.take(self.monotonic, self.now)) is not None:
            taken.append(task)
        return taken

    def end(self, task: Task, pace: Pace = HEALTHY) -> list[Task]:
        drained = self.lanes.exchanged(task, pace, self.now)
        self.lanes.recorded(task)
        return drained

    def prove(self, *lanes: LaneKey) -> None:
        for lane in lanes:
            self.lanes.open(lane, CONCURRENCY).prove()

    def reserve(self, lane: LaneKey) -> bool:
        return self.lanes.reserve(lane, CONCURRENCY, self.monotonic, self.now)

    def stands(self) -> bool:
        return self.lanes.queued

    def counted(self) -> tuple[int, int, int, int]:
        lanes = self.lanes
        return lanes.in_flight, lanes.in_hand, lanes._claimed, lanes._doubtful


A, B, C = lane_of("a"), lane_of("b"), lane_of("c", "u")


def test_no_more_exchanges_than_the_node_may_hold() -> None:
    node = Node(max_in_flight=8)
    tenants = [lane_of("e", f"t{n}") for n in range(20)]
    node.prove(*tenants)
    for lane in tenants:
        node.queue(lane, 3)
    assert len(node.take_all()) == node.lanes.in_flight == 8


def test_a_slot_is_held_until_the_result_is_on_disk() -> None:
    node = Node(max_in_flight=1, max_in_hand=4)
    node.prove(A)
    node.queue(A, 2)
    (first,) = node.take_all()
    node.lanes.exchanged(first, HEALTHY, NOW)
    assert node.take_all() == []
    node.lanes.recorded(first)
    assert len(node.take_all()) == 1


def test_a_lane_at_its_limit_stands_for_no_turn_until_an_exchange_ends() -> None:
    node = Node(max_in_flight=1000)
    node.prove(A)
    node.queue(A, CONCURRENCY)
    sending = node.take_all()
    (waiting,) = node.queue(A)
    assert not node.stands()
    node.end(sending[0])
    assert node.stands()
    assert node.take_all() == [waiting]
    assert not node.stands()


def test_a_lane_at_its_limit_stands_again_when_its_concurrency_is_raised() -> None:
    node = Node(max_in_flight=1000)
    node.prove(A)
    node.queue(A, CONCURRENCY)
    node.take_all()
    node.lanes.open(A, CONCURRENCY + 2)
    more = [a_task(A), a_task(A)]
    for task in more:
        node.lanes.enqueue(task, node.monotonic, node.now, reserved=False)
    assert node.take_all() == more


def test_a_lane_sends_at_most_its_concurrency() -> None:
    node = Node(max_in_flight=1000)
    node.prove(A)
    node.queue(A, 50)
    assert len(node.take_all()) == CONCURRENCY


def test_a_tenant_holds_at_most_half_of_the_node() -> None:
    node = Node(max_in_flight=16, max_in_hand=500)
    busy = [lane_of(f"e{n}", "busy") for n in range(40)]
    node.prove(*busy, C)
    for lane in busy:
        node.queue(lane, 4)
    assert len(node.take_all()) == 8
    node.queue(C, 4)
    assert Counter(task.lane for task in node.take_all())[C] >= 1


def test_a_lane_that_stands_alone_waits_for_its_tenant_too() -> None:
    node = Node(max_in_flight=16, max_in_hand=500)
    busy = [lane_of(f"e{n}", "busy") for n in range(9)]
    node.prove(*busy)
    for lane in busy[:8]:
        node.queue(lane)
    started = node.take_all()
    node.queue(busy[8])
    assert (len(started), node.take_all()) == (8, [])
    node.end(started[0])
    assert [task.lane for task in node.take_all()] == [busy[8]]


def test_one_that_stood_alone_keeps_its_place_when_others_come() -> None:
    """First come, first served, and each once: no lane is lost or doubled between standing alone and in turn."""
    node = Node(max_in_flight=64)
    lanes = [lane_of(name) for name in "abc"]
    node.prove(*lanes)
    for lane in lanes:
        node.queue(lane, 2)
    assert [task.lane for task in node.take_all()] == [*lanes, *lanes]
    assert not node.lanes.queued


def test_what_stands_is_known_in_either_ring_alone_or_not() -> None:
    node = Node(max_in_flight=64)
    assert not node.stands()
    node.queue(A)  # new: among the suspects, alone
    assert node.stands()
    assert len(node.take_all()) == 1
    assert not node.stands()
    node.prove(B, C)
    for count, lanes in ((1, [B]), (2, [B, C])):
        for lane in lanes:
            node.queue(lane)
        assert node.stands()
        assert len(node.take_all()) == count
        assert not node.stands()


def test_a_lane_that_stands_alone_leaves_its_ring_for_the_other() -> None:
    """And is sent once."""
    node = Node(max_in_flight=64)
    node.queue(A)
    lane = node.lanes.open(A, CONCURRENCY)
    assert lane.ring is node.lanes._suspect_ring
    lane.prove()
    node.queue(A)
    assert lane.ring is node.lanes._trusted_ring
    assert (node.lanes._suspect_ring.only, node.lanes._trusted_ring.only) == (None, lane)
    assert len(node.take_all()) == 2


def test_suspects_together_hold_at_most_a_quarter() -> None:
    node = Node(max_in_flight=16)
    new = [lane_of("e", f"t{n}") for n in range(30)]
    for lane in new:
        node.queue(lane)
    assert len(node.take_all()) == 4
    node.prove(C)
    node.queue(C)
    assert [task.lane for task in node.take_all()] == [C]


def test_what_waits_for_suspects_leaves_room_in_memory_for_the_others() -> None:
    """A thousand endpoints that hang, however much is published to them."""
    node = Node(max_in_flight=16, max_in_hand=32)
    for n in range(1000):
        node.reserve(lane_of("e", f"t{n}"))
    assert node.lanes.in_hand == 4
    node.prove(C)
    assert node.reserve(C)
    assert node.lanes.free_for_claims > 0
    assert node.lanes.room(node.lanes.open(C, CONCURRENCY), node.monotonic, NOW) > 0
    hanging = node.lanes.open(lane_of("e", "t999"), CONCURRENCY)
    assert node.lanes.room(hanging, node.monotonic, NOW) == 0


def test_a_quarter_is_kept_for_what_waits_in_the_database() -> None:
    node = Node(max_in_flight=16, max_in_hand=32)
    lanes = [lane_of("e", f"t{n}") for n in range(40)]
    node.prove(*lanes)
    assert sum(node.reserve(lane) for lane in lanes) == 32
    assert node.lanes.free_for_claims == 4


def test_a_lane_whose_exchange_hangs_becomes_suspect_and_is_trusted_again_when_it_ends() -> None:
    node = Node()
    node.prove(A)
    node.queue(A)
    (hanging,) = node.take_all()
    lane = node.lanes.open(A, CONCURRENCY)
    assert lane.trusted(node.monotonic + SLOW / 2)
    assert not lane.trusted(node.monotonic + SLOW)
    node.end(hanging)
    assert lane.trusted(node.monotonic + SLOW)


def test_a_lane_that_proves_itself_waits_no_longer_among_the_suspects() -> None:
    node = Node(max_in_flight=16)
    hanging = [lane_of("e", f"t{n}") for n in range(10)]
    node.queue(A, 6)
    taken = node.take_all()
    for lane in hanging:
        node.queue(lane)
    node.take_all()
    assert len(node.lanes._suspects) == 4
    node.prove(A)
    node.end(taken[0])
    assert node.lanes.open(A, CONCURRENCY).ring is node.lanes._trusted_ring
    assert node.take_all()[0].lane == A


def test_lanes_take_turns_within_a_tenant_and_tenants_among_themselves() -> None:
    node = Node(max_in_flight=100, max_in_hand=1000)
    many = [lane_of(f"e{n}", "many") for n in range(4)]
    node.prove(*many, C)
    for lane in (*many, C):
        node.queue(lane, 6)
    order = [node.lanes.take(node.monotonic, NOW) for _ in range(8)]
    assert Counter(task.lane[0] for task in order if task) == {"many": 4, "u": 4}
    assert Counter(task.lane for task in order if task and task.lane[0] == "many") == dict.fromkeys(many, 1)


def test_a_slowed_lane_gives_back_what_is_queued() -> None:
    node = Node()
    node.prove(A)
    queued = node.queue(A, 12)
    taken = node.take_all()
    drained = node.end(taken[0], PROBING)
    assert drained == queued[len(taken) :]
    for task in taken[1:]:
        node.end(task, PROBING)
    assert node.counted() == (0, 0, 0, 0)


@pytest.mark.parametrize("reserved", [True, False])
def test_what_arrives_for_a_lane_that_has_slowed_meanwhile_is_refused(*, reserved: bool) -> None:
    """Or it would lie in memory with nobody to wake it."""
    node = Node()
    node.prove(A)
    assert node.reserve(A)
    if not reserved:
        node.lanes.release(A)
    node.lanes.open(A, CONCURRENCY).become(PROBING)
    assert not node.lanes.enqueue(a_task(A), node.monotonic, NOW, reserved=reserved)
    assert node.counted() == (0, 0, 0, 0)
    assert not node.reserve(A)


def test_the_one_probe_that_is_due_may_go() -> None:
    node = Node()
    lane = node.lanes.open(A, CONCURRENCY, PROBING)
    assert node.lanes.room(lane, node.monotonic, NOW) == 0
    node.now = Micros(NOW + SECOND)
    assert node.lanes.room(lane, node.monotonic, node.now) == 1
    assert len(node.queue(A, 3)) == 1
    assert len(node.take_all()) == 1


def test_only_idle_lanes_are_forgotten() -> None:
    node = Node()
    node.queue(A)
    node.lanes.forget(A)
    assert node.lanes.get(A) is not None
    node.end(node.take_all()[0])
    node.lanes.forget(A)
    assert node.lanes.get(A) is None


def test_many_idle_lanes_are_forgotten_and_never_the_newest() -> None:
    node = Node()
    node.lanes._sweep_at = 10
    for n in range(10):
        node.lanes.open(lane_of(f"e{n}"), 1)
    node.lanes.open(lane_of("e3"), 1).become(PROBING)
    assert node.reserve(A)
    assert {lane.key for lane in node.lanes} == {A, lane_of("e3")}


class LanesLaws(RuleBasedStateMachine):
    """Whatever is reserved, queued, sent, ended, dropped, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.node = Node(max_in_flight=16, max_in_hand=40)
        self.promised: list[LaneKey] = []
        self.sending: list[Task] = []
        self.unwritten: list[Task] = []

    lanes = st.builds(lane_of, st.sampled_from("abcd"), st.sampled_from("tuv"))
    paces = st.sampled_from([HEALTHY, HEALTHY, PROBING, Pace(blamed=1), Pace(allowance=3)])

    @rule(lane=lanes)
    def reserve(self, lane: LaneKey) -> None:
        if self.node.reserve(lane):
            self.promised.append(lane)

    @precondition(lambda self: self.promised)
    @rule(kept=st.booleans(), data=st.data())
    def promise(self, *, kept: bool, data: st.DataObject) -> None:
        lane = self.promised.pop(data.draw(st.integers(0, len(self.promised) - 1)))
        if kept:
            self.node.lanes.enqueue(a_task(lane), self.node.monotonic, self.node.now, reserved=True)
        else:
            self.node.lanes.release(lane)

    @rule(lane=lanes, count=st.integers(1, 6))
    def claim(self, lane: LaneKey, count: int) -> None:
        opened = self.node.lanes.open(lane, CONCURRENCY)
        room = self.node.lanes.room(opened, self.node.monotonic, self.node.now)
        self.node.queue(lane, min(count, room))

    @rule(lane=lanes, concurrency=st.integers(1, 20))
    def change(self, lane: LaneKey, concurrency: int) -> None:
        self.node.lanes.open(lane, concurrency)

    @rule()
    def send(self) -> None:
        self.sending += self.node.take_all()

    @precondition(lambda self: self.sending)
    @rule(pace=paces, proven=st.booleans(), data=st.data())
    def answer(self, *, pace: Pace, proven: bool, data: st.DataObject) -> None:
        task = self.sending.pop(data.draw(st.integers(0, len(self.sending) - 1)))
        lane = self.node.lanes.get(task.lane)
        assert lane is not None
        if proven:
            lane.prove()
        self.node.lanes.exchanged(task, pace, self.node.now)
        self.unwritten.append(task)

    @rule()
    def write(self) -> None:
        for task in self.unwritten:
            self.node.lanes.recorded(task)
        self.unwritten = []

    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0]))
    def wait(self, seconds: float) -> None:
        self.node.monotonic += seconds
        self.node.now = Micros(self.node.now + int(seconds * SECOND))

    @rule()
    def drop(self) -> None:
        self.node.lanes.drop_queued()

    @invariant()
    def bounds_hold(self) -> None:
        lanes = self.node.lanes
        assert lanes.in_flight == len(self.sending) + len(self.unwritten) <= 16
        assert len(lanes._suspects) <= 4
        assert lanes._doubtful <= 4 + CONCURRENCY
        assert lanes.in_hand <= 40 + 8
        by_lane = Counter(task.lane for task in self.sending)
        assert all(count <= CONCURRENCY for count in by_lane.values())
        held = Counter(task.lane[0] for task in self.sending + self.unwritten)
        assert all(count <= 8 for count in held.values())

    @invariant()
    def counts_add_up(self) -> None:
        lanes = self.node.lanes
        queued = sum(len(lane.queue) for lane in lanes)
        assert lanes.in_hand == len(self.promised) + queued + lanes.in_flight
        assert sum(lane.reserved for lane in lanes) == len(self.promised)

    def teardown(self) -> None:
        """Every lane with a queue gets its turn, and then nothing is left."""
        for lane in self.promised:
            self.node.lanes.release(lane)
        for _ in range(200):
            self.sending += self.node.take_all()
            for task in self.sending:
                self.node.lanes.exchanged(task, HEALTHY, self.node.now)
                self.unwritten.append(task)
            self.sending = []
            self.write()
            self.wait(60.0)
        assert self.node.counted() == (0, 0, 0, 0)
        assert self.node.lanes._of_tenant == {}


TestLanesLaws = LanesLaws.TestCase
TestLanesLaws.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_the_pace_given_at_the_opening_is_how_a_lane_begins() -> None:
    lanes = Lanes(max_in_flight=4, max_in_hand=4)
    assert lanes.open(A, 1, PROBING).pace is PROBING
    assert lanes.open(A, 1, msgspec.structs.replace(PROBING, blamed=9)).pace is PROBING
