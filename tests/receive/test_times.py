"""Times are read in one way only, and the bound of a replay is exact."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.clock import SECOND, Micros
from hookline.model.provider import TimeForm, Timestamp
from hookline.receive.inbound import Malformed
from hookline.receive.scheme import within
from hookline.receive.times import read_time, write_time

JUNK = ["", " ", "-1", "+1", "1.0", "1e3", "0x1", "1_0", "١", "1 ", "1\n", "\x001", "null", "NaN", "inf"]


@pytest.mark.parametrize("form", [TimeForm.SECONDS, TimeForm.MILLIS])
@pytest.mark.parametrize("text", [*JUNK, "9" * 15, "9" * 5_000])
def test_a_number_is_plain_digits_of_a_sensible_count(form: TimeForm, text: str) -> None:
    with pytest.raises(Malformed):
        read_time(text.encode(), form)


def test_seconds_and_milliseconds_of_the_same_moment_are_the_same() -> None:
    assert read_time(b"1767323045", TimeForm.SECONDS) == 1_767_323_045 * SECOND
    assert read_time(b"1767323045123", TimeForm.MILLIS) == 1_767_323_045_123_000
    with pytest.raises(Malformed):
        read_time(b"1767323045123", TimeForm.SECONDS)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02T03:04:05-00:00", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.100000+00:00"),
        ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456+00:00"),
        ("2026-01-02T03:04:05.000000999Z", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02T03:04:05+05:30", "2026-01-01T21:34:05+00:00"),
        ("2026-01-02T03:04:05-08:00", "2026-01-02T11:04:05+00:00"),
        ("2024-02-29T23:59:59+23:59", "2024-02-29T00:00:59+00:00"),
        ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59+00:00"),
    ],
)
def test_a_time_of_rfc_3339_is_read_to_the_microsecond(text: str, moment: str) -> None:
    wanted = datetime.fromisoformat(moment)
    whole = int(wanted.replace(microsecond=0).timestamp())
    assert read_time(text.encode(), TimeForm.RFC3339) == whole * SECOND + wanted.microsecond


@pytest.mark.parametrize(
    "text",
    [
        *JUNK,
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02 03:04:05Z",
        "2026-01-02t03:04:05z",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05,1Z",
        "2026-01-02T03:04:05.1234567890Z",
        "2026-01-02T03:04:05+0000",
        "2026-01-02T03:04:05+00",
        "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05+00:60",
        "2026-01-02T03:04:05−08:00",
        "2026-01-02T03:04:05Z\n",
        " 2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05ZZ",
        "2026-13-02T03:04:05Z",
        "2026-02-29T03:04:05Z",
        "2026-01-02T25:04:05Z",
        "2026-01-02T03:04:60Z",
        "2026-W01-5T03:04:05Z",
        "20260102T030405Z",
        "0000-01-02T03:04:05Z",
        "12026-01-02T03:04:05Z",
        "Fri, 02 Jan 2026 03:04:05 GMT",
        "1767323045",
    ],
)
def test_what_another_library_might_read_in_another_way_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        read_time(text.encode(), TimeForm.RFC3339)


@given(st.binary() | st.from_regex(rb"[0-9T:Z+.-]{0,30}"), st.sampled_from(list(TimeForm)))
def test_any_bytes_are_a_time_or_malformed(text: bytes, form: TimeForm) -> None:
    try:
        found = read_time(text, form)
    except Malformed:
        return
    assert isinstance(found, int)


@given(st.datetimes(), st.integers(-23 * 60, 23 * 60))
def test_every_time_with_every_offset_is_read_without_a_failure(moment: datetime, offset: int) -> None:
    """The first and last hours of the calendar, too."""
    sign, minutes = "-" if offset < 0 else "+", abs(offset)
    text = f"{moment.replace(microsecond=0).isoformat()}{sign}{minutes // 60:02}:{minutes % 60:02}"
    since = moment.replace(microsecond=0, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    read = read_time(text.encode(), TimeForm.RFC3339)
    assert read == (since.days * 86_400 + since.seconds - offset * 60) * SECOND


@given(st.integers(0, 99_999_999_999), st.sampled_from(list(TimeForm)))
def test_what_is_written_is_read_again(seconds: int, form: TimeForm) -> None:
    at = Micros(min(seconds, 253_402_300_799 if form is TimeForm.RFC3339 else seconds) * SECOND)
    assert read_time(write_time(at, form).encode(), form) == at


@pytest.mark.parametrize(
    ("past", "future", "age", "good"),
    [
        (300, None, 300 * SECOND, True),
        (300, None, 300 * SECOND + 1, False),
        (300, None, -300 * SECOND, True),
        (300, None, -300 * SECOND - 1, False),
        (600, 0, 0, True),
        (600, 0, -1, False),
        (600, 60, -60 * SECOND, True),
        (600, 60, -60 * SECOND - 1, False),
    ],
)
def test_the_bound_itself_is_accepted_and_a_microsecond_more_is_not(
    past: int, future: int | None, age: int, *, good: bool
) -> None:
    assert within(age, Timestamp(at="{signed.t}", past=past, future=future)) is good
