"""Whatever an answer repeats of a secret, and however it spells it, nothing of it is kept."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.deliver.masking import Mask
from hookline.deliver.replies import LONGEST, read_reply
from hookline.model.attempt import Exchange
from hookline.model.preset import Answers
from hookline.net.header import MASK

WEBHOOK = "https://hooks.example.com/services/T00000000/B00000000/s3cr3tw0rd"
SIGNED = "https://flows.example.com/run?api=1&sig=a%2Fb+c&d=é"
TOKEN = "pa<ss>&'+/w0rd\"é"
TEXTS = st.text(max_size=9)


@pytest.mark.parametrize(
    "answer",
    [
        WEBHOOK,
        WEBHOOK.replace("/", "\\/"),
        quote(WEBHOOK, safe=""),
        quote(WEBHOOK, safe="").lower().replace("t0000", "T0000").replace("b0000", "B0000"),
        "Cannot POST /services/T00000000/B00000000/s3cr3tw0rd",
        '{"path":"\\/services\\/T00000000\\/B00000000\\/s3cr3tw0rd"}',
        'The webhook "POST T00000000/B00000000/s3cr3tw0rd" is not registered.',
        "no_service_for s3cr3tw0rd",
    ],
)
def test_of_an_address_that_is_a_secret_no_part_is_kept_that_says_where_to_post(answer: str) -> None:
    """A server knows it without its host, and often without its first steps: pages of a 404 repeat that."""
    assert "s3cr3tw0rd" not in Mask([WEBHOOK]).text(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "/run?api=1&sig=a%2Fb+c&d=%C3%A9",
        "/run?api=1&sig=a%2Fb+c&d=é",
        "<p>/run?api=1&amp;sig=a%2Fb+c&amp;d=é</p>",
        '"/run?api=1\\u0026sig=a%2Fb\\u002Bc\\u0026d=\\u00E9"',
        "api=1&sig=a/b c&d=é",
    ],
)
def test_a_key_in_its_query_is_none_either(answer: str) -> None:
    assert "sig=a" not in Mask([SIGNED]).text(answer)


@pytest.mark.parametrize("kept", range(4, len(WEBHOOK) + 1))
def test_of_an_answer_that_was_cut_in_the_middle_of_a_secret_no_beginning_is_kept(kept: int) -> None:
    masked = Mask([WEBHOOK]).answer(f"Cannot POST {WEBHOOK[:kept]}".encode(), cut=True)
    assert masked == f"Cannot POST {MASK}".encode()
    assert Mask([WEBHOOK]).answer(b"Cannot POST", cut=True) == b"Cannot POST"


def test_short_steps_of_an_address_are_words_and_stay() -> None:
    mask = Mask(["https://example.com/case", "https://example.com/"])
    assert mask.text("https://crm.example.com/case/1, api") == "https://crm.example.com/case/1, api"


@pytest.mark.parametrize(
    "spelled",
    [
        TOKEN,
        json.dumps(TOKEN),
        json.dumps(TOKEN, ensure_ascii=False),
        json.dumps(TOKEN).replace("/", "\\/"),
        html.escape(TOKEN),
        html.escape(TOKEN, quote=False),
        quote(TOKEN, safe=""),
        quote_plus(TOKEN),
        '"pa\\u003Css\\u003E\\u0026\\u0027\\u002B/w0rd\\u0022\\u00E9"',
        '"pa\\u003css\\u003e\\u0026\'+/w0rd\\"é"',
    ],
)
def test_a_secret_is_found_as_others_write_it(spelled: str) -> None:
    assert "w0rd" not in Mask([TOKEN]).text(f"bad token {spelled}!")


@given(before=TEXTS, secret=st.text(min_size=4, max_size=40), after=TEXTS)
def test_credentials_of_basic_hide_a_secret_wherever_it_stands_in_them(
    before: str, secret: str, after: str
) -> None:
    pair = f"{before}:{secret}:{after}".encode()
    for told in (base64.b64encode(pair), base64.urlsafe_b64encode(pair)):
        left = Mask([secret]).text(f"Basic {told.decode()}")
        assert MASK in left
        assert len(left) <= len("Basic ") + len(told) - len(secret.encode()) * 8 // 6 + 1 + len(MASK)


@pytest.mark.parametrize("before", range(LONGEST - len(WEBHOOK) - 5, LONGEST, 7))
def test_a_reason_is_cut_after_its_secrets_are_masked(before: int) -> None:
    """Cut first, the beginning of a secret would stay, which the mask does not know."""
    exchange = Exchange(status=404, body=f"{'x' * before} {WEBHOOK}".encode())
    told = read_reply(exchange, Answers(), Mask([WEBHOOK]).text).message
    assert len(told) <= LONGEST
    assert "hooks" not in told
