"""Verify: what receivers call. It agrees with the reference implementation, and fails closed."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from hookline.client.verify import NotVerified, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
NOW = 1_700_000_000


def headers(
    body: bytes, *, secret: str = SECRET, at: float = NOW, message_id: str = "msg_1"
) -> dict[str, str]:
    signature = Webhook(secret).sign(message_id, datetime.fromtimestamp(at, UTC), body.decode())
    return {"webhook-id": message_id, "webhook-timestamp": str(int(at)), "webhook-signature": signature}


@given(st.text(max_size=200))
def test_what_the_reference_signs_is_accepted(text: str) -> None:
    """Any body."""
    body = text.encode()
    assert verify([SECRET], headers(body), body, now=NOW) == "msg_1"


@given(st.binary(min_size=1, max_size=50), st.integers(min_value=0, max_value=7))
def test_one_flipped_bit_is_refused(raw: bytes, bit: int) -> None:
    """Anywhere."""
    body = raw.hex().encode()
    changed = bytes([body[0] ^ (1 << bit)]) + body[1:]
    with pytest.raises(NotVerified, match="no signature fits"):
        verify([SECRET], headers(body), changed, now=NOW)


def test_one_of_several_secrets_and_signatures_is_enough() -> None:
    """Both sides rotate at their own time."""
    signed = headers(b"{}")
    signed["webhook-signature"] = f"v1a,AAAA v1,broken= {signed['webhook-signature']}"
    assert verify([OTHER, SECRET], signed, b"{}", now=NOW) == "msg_1"
    with pytest.raises(NotVerified):
        verify([OTHER], signed, b"{}", now=NOW)


@pytest.mark.parametrize("away", [-301, 301])
def test_an_old_or_future_message_is_refused(away: int) -> None:
    """Whoever recorded one cannot send it again tomorrow."""
    with pytest.raises(NotVerified, match="300 seconds"):
        verify([SECRET], headers(b"{}"), b"{}", now=NOW + away)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(name: str) -> None:
    """And nothing is verified without it."""
    signed = headers(b"{}")
    del signed[name]
    with pytest.raises(NotVerified, match=name):
        verify([SECRET], signed, b"{}", now=NOW)


@pytest.mark.parametrize("timestamp", ["", "x", "1.5", "-1", "١٧٠٠"])
def test_a_timestamp_that_is_no_number_is_refused(timestamp: str) -> None:
    """Also one in digits of another script."""
    with pytest.raises(NotVerified):
        verify([SECRET], headers(b"{}") | {"webhook-timestamp": timestamp}, b"{}", now=NOW)


def test_header_names_may_be_spelt_in_any_case() -> None:
    """Frameworks differ."""
    signed = {name.title(): value for name, value in headers(b"{}", at=time.time()).items()}
    assert verify([SECRET], signed, b"{}", now=time.time()) == "msg_1"
