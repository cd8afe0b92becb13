"""Output: an answer of the API, as it came with `--json`, else shown to people."""

import sys
from collections.abc import Sequence

import msgspec

from hookline.cli.grid import Column, print_fields, print_grid
from hookline.cli.reach import Listed, Reach
from hookline.client.answers import Answer, Page, accepted, read, read_page
from hookline.client.gateway import Gateway
from hookline.client.requests import Request


def print_json(body: bytes) -> None:
    """Set out in lines; no value is read and written again, so that numbers stay as they came."""
    sys.stdout.buffer.write(msgspec.json.format(body, indent=2) + b"\n")
    sys.stdout.flush()


class List(msgspec.Struct, frozen=True, kw_only=True):
    """A list and how it is shown."""

    request: Request
    columns: Sequence[Column]
    empty: str
    """What to say when there is nothing, and what to do then."""


def print_list(gateway: Gateway, wanted: List, listed: Listed, reach: Reach) -> None:
    request = wanted.request
    if listed.everything:
        items = [item for page in gateway.pages(request) for item in page.items]
        answer = Answer(status=200, body=msgspec.json.encode(_whole(items)))
    else:
        answer = gateway.send(request)
    page = read_page(answer)
    if reach.json:
        print_json(answer.body)
        return
    if not page.items:
        print(wanted.empty, file=sys.stderr)
        return
    print_grid(wanted.columns, page.rows())
    if page.next is not None:
        print(
            f"… more: --all shows every one, --limit N a longer page ({len(page.items)} here).",
            file=sys.stderr,
        )


def print_one(answer: Answer, reach: Reach) -> None:
    """One object, all of its fields."""
    body = accepted(answer)
    if reach.json:
        print_json(body)
    else:
        print_fields(read(answer))


def print_done(answer: Answer, reach: Reach, sentence: str) -> None:
    """Something was done: the sentence, or the answer if there is one and it is wanted."""
    body = accepted(answer)
    if not reach.json:
        print(sentence)
    elif body:
        print_json(body)


def _whole(items: list[msgspec.Raw]) -> Page:
    return Page(items=items, next=None)
