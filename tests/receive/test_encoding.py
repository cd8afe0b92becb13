"""Compressed bodies: read to their end, or refused; never more than a source allows."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.receive.encoding import MAX_RATIO, decoded
from hookline.receive.inbound import Malformed

LIMIT = 1024 * 1024


@given(st.binary(max_size=2_000))
def test_what_was_compressed_is_what_comes_out(plain: bytes) -> None:
    if len(plain) <= MAX_RATIO * len(gzip.compress(plain)):
        assert decoded(gzip.compress(plain), b"gzip", LIMIT) == plain
    if len(plain) <= MAX_RATIO * len(zlib.compress(plain)):
        assert decoded(zlib.compress(plain), b"deflate", LIMIT) == plain


@pytest.mark.parametrize("name", [b"gzip", b"GZIP", b" gzip ", b"x-gzip"])
def test_gzip_has_two_names_in_any_case(name: bytes) -> None:
    assert decoded(gzip.compress(b"hello"), name, LIMIT) == b"hello"


@pytest.mark.parametrize("name", [b"br", b"zstd", b"gzip, gzip", b"identity, gzip", b"several", b"", b"\xff"])
def test_an_encoding_that_is_not_known_and_several_at_once_are_refused(name: bytes) -> None:
    with pytest.raises(Malformed):
        decoded(gzip.compress(b"hello"), name, LIMIT)


@given(st.binary(max_size=200), st.sampled_from([b"gzip", b"x-gzip", b"deflate"]))
def test_a_lie_is_malformed_or_harmless(body: bytes, name: bytes) -> None:
    try:
        assert len(decoded(body, name, LIMIT)) <= MAX_RATIO * len(body)
    except Malformed:
        return


def test_a_bomb_is_refused_by_its_growth_before_it_is_large() -> None:
    bomb = gzip.compress(bytes(50 * 1024 * 1024))
    with pytest.raises(Malformed, match="grows too much"):
        decoded(bomb, b"gzip", 25 * LIMIT)


def test_a_bomb_in_a_bomb_is_one_layer_only() -> None:
    inner = gzip.compress(b'{"id":1}' * 3)
    assert decoded(gzip.compress(inner), b"gzip", LIMIT) == inner


def test_the_limit_of_the_source_holds_to_the_byte() -> None:
    plain = b"hookline" * 8
    body = gzip.compress(plain)
    assert decoded(body, b"gzip", len(plain)) == plain
    with pytest.raises(Malformed, match="grows too much"):
        decoded(body, b"gzip", len(plain) - 1)


def test_what_is_cut_short_or_goes_on_behind_its_end_is_refused() -> None:
    body = gzip.compress(b"hookline")
    for altered in (body[:-1], body[:10], body + b"x", body + body, b"x" + body, b"", b"hookline"):
        with pytest.raises(Malformed):
            decoded(altered, b"gzip", LIMIT)


def test_a_wrong_checksum_is_refused() -> None:
    body = bytearray(gzip.compress(b"hookline"))
    body[-8] ^= 1
    with pytest.raises(Malformed):
        decoded(bytes(body), b"gzip", LIMIT)
