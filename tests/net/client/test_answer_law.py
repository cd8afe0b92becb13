"""Laws of reading an answer: how its bytes are cut does not matter, and no bytes raise."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hookline.model.attempt import Cause
from hookline.net.answer import Answer
from hookline.net.limits import Limits

LIMITS = Limits(head_bytes=400, headers=8, body_bytes=40, framing=4)
PIECES = [
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 503 No\r\n", b"HTTP/1.1 103 Hints\r\n", b"HTTP/1.1 204 Empty\r\n",
    b"Content-Length: 5\r\n", b"Content-Length: 50\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n",
    b"X-Any: value \r\n", b"X: " + b"y" * 200 + b"\r\n", b"\r\n", b"hello", b"5\r\nhello\r\n", b"0\r\n\r\n", b"z\r\n",
    b"\0", b"\n", b"HTTP/1.1 101 Switch\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
]  # fmt: skip
hostile = st.one_of(st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join), st.binary(max_size=300))


def read(parts: list[bytes], *, eof: bool = True) -> Answer:
    answer = Answer(LIMITS)
    for part in parts:
        if answer.feed(part):
            break
    if eof:
        answer.end()
    return answer


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[begin:end] for begin, end in pairwise(ends)]


def told(answer: Answer) -> tuple[object, ...]:
    return (
        answer.head_done,
        answer.head_done and answer.status,
        answer.headers if answer.head_done else (),
        answer.cause,
    )


@given(hostile, st.lists(st.integers(0, 3000), max_size=8))
def test_an_answer_is_the_same_however_it_is_cut(data: bytes, places: list[int]) -> None:
    whole, parts = read([data]), read(cut(data, places))
    if Cause.ANSWER_TOO_LARGE in {whole.cause, parts.cause}:
        return  # counted in raw bytes: sooner in parts
    assert told(whole) == told(parts)
    if not whole.truncated and not parts.truncated:
        assert whole.body == parts.body


@given(hostile)
def test_every_answer_ends_as_a_status_or_a_cause_within_its_bounds(data: bytes) -> None:
    answer = read([data])
    assert answer.over
    assert answer.head_done != (answer.cause is not None)
    assert len(answer.body) <= LIMITS.body_bytes
    assert len(answer.headers) <= LIMITS.headers
    assert not (answer.reusable and (answer.truncated or answer.cause))
    assert bool(answer.detail) == (answer.truncated or answer.cause is not None)


@given(hostile)
def test_what_is_not_over_without_an_end_can_be_stopped(data: bytes) -> None:
    answer = read([data], eof=False)
    answer.stop(Cause.TIMEOUT, "the deadline passed")
    assert answer.over
    assert answer.head_done != (answer.cause is not None)


@pytest.mark.parametrize(("headers", "cause"), [(8, None), (9, Cause.ANSWER_TOO_LARGE)])
def test_headers_are_counted(headers: int, cause: Cause | None) -> None:
    answer = read([b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * headers + b"\r\n"])
    assert (answer.head_done, answer.cause) == (cause is None, cause)


@pytest.mark.parametrize("pieces", [1, 401])
def test_the_header_section_is_counted_in_raw_bytes_before_its_end_is_seen(pieces: int) -> None:
    head = (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 500)[:401]
    step = len(head) // pieces
    parts = [head[at : at + step] for at in range(0, len(head), step)]
    short, long = read(parts[:-1], eof=False), read(parts, eof=False)
    assert not short.over
    assert (long.over, long.cause) == (True, Cause.ANSWER_TOO_LARGE)


def test_a_header_section_over_its_bound_is_refused_though_it_came_in_one_piece() -> None:
    answer = read([b"HTTP/1.1 200 OK\r\nX: " + b"y" * 400 + b"\r\n\r\n" + b"body" * 100])
    assert (answer.head_done, answer.cause) == (False, Cause.ANSWER_TOO_LARGE)


WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Any: value\r\n\r\nhello"
once = st.one_of(
    hostile,
    st.sampled_from(
        [WHOLE, WHOLE + b"H", WHOLE[:-1], b"HTTP/1.1 103 Hints\r\n\r\n" + WHOLE, b"HTTP/1.1 204 No\r\n\r\n"]
    ),
)


@given(once, once)
@example(WHOLE, WHOLE + b"H")
@example(WHOLE, WHOLE)
def test_a_remembered_answer_changes_nothing(before: bytes, data: bytes) -> None:
    """Whatever a connection has answered before, the next answer is what its own bytes say."""
    last = read([before], eof=False).whole
    again, plain = Answer(LIMITS), read([data], eof=False)
    again.feed(data, last)
    assert told(again) == told(plain)
    assert (again.body, again.over, again.reusable) == (plain.body, plain.over, plain.reusable)
    assert (again.whole, again.untouched) == (plain.whole, plain.untouched)


def test_only_what_is_whole_and_leaves_its_connection_good_is_remembered() -> None:
    assert read([WHOLE]).whole == (WHOLE, 200, (("Content-Length", "5"), ("X-Any", "value")), b"hello")
    closing = WHOLE.replace(b"X-Any: value", b"Connection: close")
    for parts in (
        [WHOLE[:-1], WHOLE[-1:]],
        [WHOLE[:-1]],
        [WHOLE + b"H"],
        [closing],
        [b"HTTP/1.1 200 OK\r\n\r\n"],
    ):
        assert read(parts).whole is None, parts
    long = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Long: " + b"x" * 1024 + b"\r\n\r\nok"
    answer = Answer(Limits())
    assert answer.feed(long)
    assert (answer.reusable, answer.whole) == (True, None)


def test_the_answer_to_head_is_neither_remembered_nor_taken_from_memory() -> None:
    """Its length announces no body: the same bytes begin another answer to POST."""
    head = WHOLE.removesuffix(b"hello")
    answer = Answer(LIMITS, head_only=True)
    assert answer.feed(head)
    assert answer.whole is None
    later = Answer(LIMITS, head_only=True)
    later.feed(WHOLE, read([WHOLE]).whole)
    assert later.body == b""
