"""What paces a lane beyond its concurrency: rate, batches, order."""

from hypothesis import given
from hypothesis import strategies as st

from hookline.clock import SECOND, Micros
from hookline.deliver.lanes import Lane, Lanes
from hookline.deliver.pace import Pace
from hookline.deliver.rate import Window
from hookline.deliver.wants import Wait, Wants
from hookline.model.endpoint import Batch, Order, Rate
from hookline.storage.ledger import Gathering, LaneKey, Want
from tests.deliver.making import endpoint
from tests.deliver.test_lanes import A, a_task

NOW = Micros(1_000 * SECOND)
BATCH = Batch(count=10, seconds=5.0)


def _later(seconds: float) -> Micros:
    return Micros(NOW + int(seconds * SECOND))


class Pacing:
    def __init__(self) -> None:
        self.lanes = Lanes(max_in_flight=400, max_in_hand=400)
        self.wants = Wants(self.lanes)
        self.lane: Lane = self.lanes.open(A, 32)
        self.lane.prove()

    def decide(self, now: Micros = NOW, **fields: object) -> Want | Wait:
        return self.wants.decide(self.lane, endpoint(**fields), 0.0, now)

    def batch(self, due: Gathering | None, now: Micros = NOW) -> Want | Wait | None:
        return self.wants.batch(A, BATCH, due, now)


def test_a_healthy_lane_wants_its_concurrency() -> None:
    assert Pacing().decide() == Want(lane=A, count=32)


def test_an_ordered_endpoint_wants_one_head_and_none_while_one_is_in_hand() -> None:
    pacing = Pacing()
    assert pacing.decide(order=Order.ENDPOINT) == Want(lane=A, count=1, ordered=True)
    pacing.lanes.enqueue(a_task(A), 0.0, NOW, reserved=False)
    assert pacing.decide(order=Order.ENDPOINT) == Wait(None)
    assert pacing.decide(order=Order.KEY) == Want(lane=A, count=31, ordered=True)


def test_a_held_lane_is_asked_again_at_the_end_of_its_hold() -> None:
    pacing = Pacing()
    pacing.lane.become(Pace(hold_until=_later(7)))
    assert pacing.decide() == Wait(_later(7))
    assert isinstance(pacing.decide(_later(7)), Want)


def test_a_new_owner_begins_with_a_full_window() -> None:
    pacing = Pacing()
    rate = Rate(count=5, seconds=2.0)
    assert pacing.decide(rate=rate) == Wait(_later(2))
    assert pacing.decide(_later(2), rate=rate) == Want(lane=A, count=5)


def test_what_was_claimed_is_taken_off_the_window() -> None:
    pacing = Pacing()
    rate = Rate(count=5, seconds=2.0)
    pacing.decide(rate=rate)
    pacing.wants.used(A, 3, _later(2))
    assert pacing.decide(_later(2), rate=rate) == Want(lane=A, count=2)
    pacing.wants.used(A, 2, _later(3))
    assert pacing.decide(_later(3), rate=rate) == Wait(_later(4))
    assert pacing.decide(_later(4), rate=rate) == Want(lane=A, count=3)


def test_another_rate_begins_anew() -> None:
    pacing = Pacing()
    pacing.decide(rate=Rate(count=5, seconds=2.0))
    assert pacing.decide(_later(2), rate=Rate(count=50, seconds=4.0)) == Wait(_later(6))


@given(
    rate=st.builds(Rate, count=st.integers(1, 20), seconds=st.floats(0.1, 5)),
    gaps=st.lists(st.floats(0, 3), max_size=60),
    greed=st.lists(st.integers(1, 30), min_size=60, max_size=60),
)
def test_no_window_ever_holds_more_than_the_rate(rate: Rate, gaps: list[float], greed: list[int]) -> None:
    now = NOW
    window = Window(rate, now)
    sent: list[Micros] = []
    for gap, wish in zip(gaps, greed, strict=False):
        now = Micros(now + int(gap * SECOND))
        count = min(wish, window.left(now))
        window.use(count, now)
        sent += [now] * count
        if window.left(now) == 0:
            assert window.opens_at() > now
    length = int(rate.seconds * SECOND)
    for at in sent:
        assert sum(at <= other < at + length for other in sent) <= rate.count


@given(count=st.integers(1, 50), seconds=st.floats(0.1, 10))
def test_a_window_opens_when_it_says_so(count: int, seconds: float) -> None:
    window = Window(Rate(count=count, seconds=seconds), NOW)
    assert window.left(NOW) == 0
    assert window.left(Micros(window.opens_at() - 1)) == 0
    assert window.left(window.opens_at()) == count


def test_a_batch_waits_until_it_is_full_or_its_first_has_waited_long_enough() -> None:
    pacing = Pacing()
    assert pacing.batch(None) is None
    assert pacing.batch(Gathering(9, NOW, frozen=False)) == Wait(_later(5))
    assert pacing.batch(Gathering(10, NOW, frozen=False)) == Want(lane=A, count=10)
    assert pacing.batch(Gathering(1, NOW, frozen=False), _later(5)) == Want(lane=A, count=10)
    assert pacing.batch(Gathering(1, NOW, frozen=True)) == Want(lane=A, count=10)


def test_while_a_batch_gathers_only_the_last_that_it_wants_is_worth_a_look() -> None:
    pacing = Pacing()
    pacing.batch(Gathering(7, NOW, frozen=False))
    assert pacing.wants.gathering(A)
    assert [pacing.wants.one_more(A) for _ in range(3)] == [False, False, True]
    pacing.wants.gathered(A)
    assert not pacing.wants.gathering(A)
    assert pacing.wants.one_more(A)


def test_after_a_take_over_nothing_that_was_counted_holds() -> None:
    pacing = Pacing()
    other: LaneKey = A
    pacing.decide(rate=Rate(count=5))
    pacing.batch(Gathering(7, NOW, frozen=False))
    pacing.wants.forget()
    assert pacing.wants.one_more(other)
    assert pacing.decide(_later(1), rate=Rate(count=5)) == Wait(_later(2))
