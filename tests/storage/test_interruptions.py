"""Interruptions: who is given up for crashes, and who is not."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.clock import SECOND, Micros
from hookline.model.attempt import Cause
from hookline.model.delivery import Delivery, State
from hookline.model.ids import BatchId, DeliveryId, EndpointId, EventId, TenantId
from hookline.storage.interruptions import LONGEST_SPREAD, MAX_INTERRUPTIONS, SPREAD, judge

NOW = Micros(1_700_000_000 * SECOND)


def sending(name: str, interruptions: int = 0, batch: str = "") -> Delivery:
    return Delivery(
        id=DeliveryId(name),
        tenant_id=TenantId("alice"),
        event_id=EventId("evt_1"),
        endpoint_id=EndpointId("ep_1"),
        event_type="a.b",
        state=State.SENDING,
        interruptions=interruptions,
        created_at=NOW,
        batch_id=BatchId(batch) if batch else None,
    )


def test_whoever_is_cut_off_once_is_due_at_once() -> None:
    """It happens to anybody: with its next number, and its cause told."""
    for one in judge([sending(f"dlv_{n}") for n in range(3)], NOW):
        assert (one.state, one.due_at, one.attempts, one.interruptions) == (State.PENDING, NOW, 1, 1)
        assert one.last_cause is Cause.INTERRUPTED


def test_nobody_dies_in_company() -> None:
    """However often they were cut off together, it may have been any of them."""
    together = judge([sending(f"dlv_{n}", interruptions=50) for n in range(4)], NOW)
    assert [one.state for one in together] == [State.PENDING] * 4
    assert [one.due_at for one in together] == [NOW + place * LONGEST_SPREAD // 4 for place in range(4)]


def test_a_sole_suspect_dies_at_the_limit_and_those_beside_it_do_not() -> None:
    """Whoever is cut off for the first time is no suspect."""
    first, guilty = judge([sending("dlv_1"), sending("dlv_2", MAX_INTERRUPTIONS - 1)], NOW)
    assert (first.state, first.due_at) == (State.PENDING, NOW)
    assert (guilty.state, guilty.due_at, guilty.finished_at) == (State.DEAD, None, NOW)
    assert guilty.reason == "5 attempts in a row were cut off by a stop of the gateway"
    (before,) = judge([sending("dlv_2", MAX_INTERRUPTIONS - 2)], NOW)
    assert (before.state, before.due_at) == (State.PENDING, NOW)


def test_a_batch_is_under_suspicion_as_one() -> None:
    """Its members go in one request, so that they are no company for one another."""
    members = [sending(f"dlv_{n}", MAX_INTERRUPTIONS - 1, batch="bat_1") for n in range(3)]
    assert [one.state for one in judge(members, NOW)] == [State.DEAD] * 3
    *some, other = judge([*members, sending("dlv_9", 1)], NOW)
    assert {one.state for one in some} == {State.PENDING}
    assert len({one.due_at for one in some} - {other.due_at}) == 1


def test_suspects_are_spread_wider_with_each_crash() -> None:
    pair = [sending("dlv_1"), sending("dlv_2")]
    seen = []
    for _ in range(12):
        pair = judge(pair, NOW)
        seen.append((pair[1].due_at or 0) - NOW)
    assert seen[:4] == [0, SPREAD // 2, SPREAD, 2 * SPREAD]
    assert seen == sorted(seen)
    assert seen[-1] == LONGEST_SPREAD // 2


class Node:
    """A node that takes what is due, up to its room, and ends as soon as it takes something poisonous."""

    def __init__(self, waiting: list[Delivery], room: int, seconds: int) -> None:
        self.waiting = waiting
        self.dead: set[str] = set()
        self.crashes = 0
        self._room = room
        self._exchange = seconds * SECOND
        self._in_hand: list[tuple[int, Delivery]] = []

    def run(self) -> None:
        now = NOW
        while self.waiting or self._in_hand:
            moments = [one.due_at or now for one in self.waiting] if len(self._in_hand) < self._room else []
            now = Micros(max(now, min([*moments, *(done for done, _ in self._in_hand)])))
            self._in_hand = [(done, one) for done, one in self._in_hand if done > now]
            self._claim(now)
            if any(one.id.startswith("poison") for _, one in self._in_hand):
                self._crash(Micros(now + SECOND))

    def _claim(self, now: Micros) -> None:
        due = sorted(one.due_at or now for one in self.waiting)[: self._room - len(self._in_hand)]
        taken = [one for one in self.waiting if due and (one.due_at or now) <= min(now, due[-1])]
        taken = taken[: self._room - len(self._in_hand)]
        self.waiting = [one for one in self.waiting if one not in taken]
        self._in_hand += [(now + self._exchange, one) for one in taken]

    def _crash(self, now: Micros) -> None:
        self.crashes += 1
        for one in judge([delivery for _, delivery in self._in_hand], now):
            if one.state is State.DEAD:
                self.dead.add(one.id)
            else:
                self.waiting.append(msgspec.structs.replace(one, state=State.PENDING))
        self._in_hand = []


@given(
    innocent=st.integers(0, 60), poison=st.integers(1, 3), room=st.integers(1, 80), seconds=st.integers(0, 30)
)
def test_of_many_in_hand_at_each_crash_the_poison_dies_and_nothing_else(
    innocent: int, poison: int, room: int, seconds: int
) -> None:
    """And it ends: neither slow exchanges nor a second poison keep the crashes going."""
    names = [f"dlv_{n:02}" for n in range(innocent)]
    names[innocent // 2 : innocent // 2] = [f"poison_{n}" for n in range(poison)]
    node = Node([sending(name) for name in names], room, seconds)
    node.run()
    assert node.dead == {f"poison_{n}" for n in range(poison)}
    assert node.crashes <= 20 * poison


@pytest.mark.parametrize("crashes", [1, 7, 40])
def test_crashes_of_another_cause_kill_no_crowd(crashes: int) -> None:
    crowd = [sending(f"dlv_{n}") for n in range(100)]
    for _ in range(crashes):
        crowd = judge(crowd, NOW)
    assert {one.state for one in crowd} == {State.PENDING}
    assert {one.interruptions for one in crowd} == {crashes}
