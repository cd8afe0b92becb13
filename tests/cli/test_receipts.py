"""`hookline receipts`: lists, filters, and words for when there is nothing."""

import msgspec

from tests.cli.conftest import Dev


def test_an_empty_list_says_what_would_fill_it(dev: Dev) -> None:
    done = dev("receipts", "list", "--source", "src_none")
    assert (done.code, done.out) == (0, "")
    assert "hookline send" in done.err


def test_lists_answer_with_the_page_of_the_api(dev: Dev) -> None:
    for noun in ("receipts", "sources"):
        page = msgspec.json.decode(dev(noun, "list", "--json").out)
        assert set(page) == {"items", "next_cursor", "next"}


def test_what_is_no_cause_and_no_receipt_is_told(dev: Dev) -> None:
    assert dev("receipts", "list", "--cause", "no_such").code == 2
    assert dev("receipts", "show", "rcp_none").code == 3
    assert dev("receipts", "accept", "rcp_none").code == 3
