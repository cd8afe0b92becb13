"""Ids lead back to what they were made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.clock import Micros
from hookline.model.ids import DeliveryId, Ids, delivery_id, first_since, place_of
from tests.clock import NOON, ManualClock


@given(st.integers(0, 999_999))
def test_a_delivery_id_tells_its_event_and_position(position: int) -> None:
    event = Ids(ManualClock()).event()
    assert place_of(delivery_id(event, position)) == (event, position)


@given(st.text())
def test_what_is_no_delivery_id_has_no_place_or_one_that_makes_it_again(text: str) -> None:
    place = place_of(DeliveryId(text))
    assert place is None or place_of(delivery_id(*place)) == place


@pytest.mark.parametrize(
    "junk", ["", "dlv_", "dlv__1", "dlv_x", "dlv_x_", "dlv_x_-1", "dlv_x_١", "evt_x_1", "dlv_x_1234567"]
)
def test_a_malformed_id_has_no_place(junk: str) -> None:
    assert place_of(DeliveryId(junk)) is None


@given(st.integers(0, 10**15), st.integers(0, 10**15))
def test_an_id_sorts_with_its_time(before: int, after: int) -> None:
    early, late = Micros(NOON + min(before, after)), Micros(NOON + max(before, after))
    made_early, made_late = (Ids(ManualClock(time)).event() for time in (early, late))
    assert "evt_" + first_since(early) <= made_early
    assert "evt_" + first_since(early) <= made_late
    assert made_early < "evt_" + first_since(Micros(late + 1000))


@given(st.lists(st.none() | st.integers(-(10**9), 10**9), min_size=2, max_size=30))
def test_ids_rise_whatever_the_clock_does(steps: list[int | None]) -> None:
    """Looked at each time, or once for many and late: a watermark lies on it."""
    ids = Ids(ManualClock())
    made = [ids.event(None if step is None else Micros(NOON + step)) for step in steps]
    assert made == sorted(set(made))
