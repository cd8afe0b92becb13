"""HMAC under one key, again and again: the same bytes as Python's own."""

import hmac

from hypothesis import given
from hypothesis import strategies as st

from hookline.digest import hmac_under


@given(
    st.binary(max_size=200),
    st.lists(st.binary(max_size=300), min_size=1, max_size=3),
    st.sampled_from(["sha1", "sha256", "sha512"]),
)
def test_it_is_the_hmac_of_the_standard_library(key: bytes, contents: list[bytes], name: str) -> None:
    digest = hmac_under(key, name)
    assert [digest(content) for content in contents] == [hmac.digest(key, one, name) for one in contents]
