"""`Retry-After`: seconds and dates in all three forms of RFC 9110; nonsense and the past ask for nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.clock import SECOND, Micros
from hookline.deliver.retry_after import LONGEST, retry_after

NOW = Micros(1_701_964_800 * SECOND)
"""Thu, 07 Dec 2023 16:00:00 GMT"""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 120 ", 120),
        ("007", 7),
        ("1.5", 1.5),
        ("86400", 86_400),
        ("86401", LONGEST),
        ("9" * 400, LONGEST),
        ("9" * 6000, LONGEST),
        ("-1", 0),
        ("+5", 0),
        ("1e3", 0),
        ("inf", 0),
        ("nan", 0),
        ("0x10", 0),
        ("1_000", 0),
        ("\u0661\u0662", 0),
        ("5 seconds", 0),
        ("120, 240", 0),
        ("", 0),
        ("soon", 0),
        ("Thu, 07 Dec 2023 16:02:00 GMT", 120),
        ("Thursday, 07-Dec-23 16:02:00 GMT", 120),
        ("Thu Dec  7 16:02:00 2023", 120),
        ("Thu Dec 14 16:02:00 2023", LONGEST),
        ("Thu, 07 Dec 2023 16:00:60 GMT", 59),
        ("Thu, 07 Dec 2023 15:59:59 GMT", 0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 0),
        ("Friday, 01-Jan-73 00:00:00 GMT", LONGEST),
        ("Wednesday, 01-Jan-75 00:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST),
        ("Sat, 01 Jan 0000 00:00:00 GMT", 0),
        ("Fri, 30 Feb 2024 00:00:00 GMT", 0),
        ("Thu, 07 Dec 2023 25:00:00 GMT", 0),
        ("Thu, 07 Dec 2023 16:02:00 CET", 0),
        ("Thu, 07 Dec 2023 16:02:00", 0),
        ("2023-12-07T16:02:00Z", 0),
    ],
)
def test_the_table(value: str, seconds: float) -> None:
    assert retry_after((("Content-Type", "text/plain"), ("RETRY-after", value)), NOW) == seconds


def test_without_the_header_nothing_is_asked_and_of_two_the_first_counts() -> None:
    assert retry_after((), NOW) == 0
    assert retry_after((("Retry-After", "3"), ("Retry-After", "5")), NOW) == 3


@given(
    st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", fullmatch=True)
)
def test_no_text_raises_or_leaves_0_to_24_h(value: str) -> None:
    assert 0 <= retry_after((("Retry-After", value),), NOW) <= LONGEST
