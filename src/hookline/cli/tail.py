"""`hookline tail`: follow deliveries as they happen, one line each time one changes."""

import sys
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.text import Text

from hookline.cli.deliveries import EVERY, Filters, filtered, last_answer
from hookline.cli.grid import STYLES
from hookline.cli.reach import HERE, Reach, connect
from hookline.cli.text import clean, local
from hookline.client.faults import Problem, Unreachable
from hookline.client.gateway import Gateway
from hookline.errors import Overloaded

LOOK_BACK = 600.0
"""Seconds for which a delivery is watched after it began; retries later than that are new lines of `deliveries list`."""
_PAGE = 250
_PAGES = 4
_KEPT = 20_000


def tail(
    *,
    filters: Filters = EVERY,
    every: Annotated[float, Parameter(help="Seconds between two looks.")] = 1.0,
    reach: Reach = HERE,
) -> None:
    """Follow deliveries as they happen: a line when one begins, is tried, or ends. Ctrl-C ends it.

    With --json each line is one delivery as the API answers it.

    For example:

        hookline tail
        hookline tail --type call.started --state dead
        hookline tail --json | jq .state
    """
    begun = time.time()
    with connect(reach) as gateway:
        seen = Seen()
        _check(gateway, filters)
        if sys.stderr.isatty():
            print(f"Following deliveries at {gateway.url}; Ctrl-C ends it.", file=sys.stderr)
        while True:
            for row in seen.news(_look(gateway, filters, begun)):
                _print(row, reach)
            time.sleep(max(0.1, every))


class Seen:
    """What was shown of each delivery, so that only changes are."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, tuple[str, int]] = OrderedDict()

    def news(self, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Those of `rows` that are new or have changed, oldest first."""
        for row in reversed(rows):
            now = (row["state"], row["attempts"])
            if self._last.get(row["id"]) != now:
                self._last[row["id"]] = now
                yield row
        while len(self._last) > _KEPT:
            self._last.popitem(last=False)


def _check(gateway: Gateway, filters: Filters) -> None:
    """A key or a filter that is wrong shows at once, and not as silence."""
    gateway.page(filtered(filters, limit=1))


def _look(gateway: Gateway, filters: Filters, begun: float) -> list[dict[str, Any]]:
    since = max(begun, time.time() - LOOK_BACK)
    asked = filters if filters.since else replace(filters, since=_iso(since))
    rows: list[dict[str, Any]] = []
    try:
        for count, page in enumerate(gateway.pages(filtered(asked, limit=_PAGE)), 1):
            rows += page.rows()
            if count >= _PAGES:
                break
    except Unreachable as error:
        print(f"… no answer ({clean(error.reason)}); trying on.", file=sys.stderr)
    except Problem as problem:
        if problem.status < HTTPStatus.INTERNAL_SERVER_ERROR and problem.code != Overloaded.code:
            raise
        print(f"… {clean(problem.title)}; trying on.", file=sys.stderr)
    return rows


def _print(row: dict[str, Any], reach: Reach) -> None:
    if reach.json:
        sys.stdout.write(msgspec.json.encode(row).decode() + "\n")
        sys.stdout.flush()
        return
    at = row["finished_at"] or (_iso(time.time()) if row["attempts"] else row["created_at"])
    parts = (
        local(at) if sys.stdout.isatty() else at,
        f"{row['state']:9}",
        clean(row["event_type"]),
        f"-> {row['endpoint_id']}",
        f"({_how(row)})",
        row["id"],
    )
    text = Text("  ".join(parts))
    text.highlight_words([row["state"]], STYLES.get(row["state"], ""))
    Console(highlight=False, soft_wrap=True).print(text)
    sys.stdout.flush()


def _how(row: dict[str, Any]) -> str:
    if row["reason"]:
        return clean(row["reason"])
    tried = f"attempt {row['attempts']}" if row["attempts"] else "not tried yet"
    return f"{tried}: {last_answer(row)}" if row["attempts"] else tried


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
