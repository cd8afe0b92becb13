"""Asking before something is destroyed."""

import sys

from hookline.cli.exits import Exit, Failed
from hookline.client.gateway import Gateway
from hookline.client.requests import listing

_MANY = 250
"""As long as a page can be; nobody needs to know it closer."""


_SINGULAR = {"endpoints": "endpoint", "keys": "key", "events": "event", "deliveries": "delivery"}


def confirm(question: str, *, yes: bool) -> None:
    """Raises Failed unless a person, or `--yes`, agrees: fails closed where nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Failed(
            f"{question} Nobody is here to answer.", hint="Add --yes if that is meant.", exit_code=Exit.USAGE
        )
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Failed("Nothing was changed.", hint="Answer y to go on.")


def counted(gateway: Gateway, collection: str, **filters: str) -> str:
    """How many there are, as `3 endpoints` or `more than 250 events`."""
    page = gateway.page(listing(collection, {**filters, "limit": _MANY}))
    noun = _SINGULAR.get(collection, collection) if len(page.items) == 1 else collection
    return f"{'more than ' if page.next else ''}{len(page.items)} {noun}"
