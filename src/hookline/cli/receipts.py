"""`hookline receipts`: every request to a source, accepted or refused, with the cause; accept one later."""

import sys
from typing import Annotated, Literal

from cyclopts import Parameter

from hookline.cli.attempts import text_of
from hookline.cli.events import Since, Until
from hookline.cli.grid import Column, Row, column, moment, print_fields, print_grid
from hookline.cli.output import List, print_json, print_list
from hookline.cli.reach import FIRST, HERE, Listed, Reach, connect
from hookline.cli.text import EMPTY, clean, clean_lines
from hookline.client.answers import accepted, read
from hookline.client.requests import act, fetch, listing
from hookline.model.receipt import Refusal

RECEIPTS = "receipts"
ReceiptArgument = Annotated[str, Parameter(name="RECEIPT", help="Its id (rcp_…).")]


def _told(row: Row) -> str:
    return str(row["cause"] or row["handshake"] or EMPTY)


_COLUMNS = (
    moment("received", "received_at"),
    column("id", "id"),
    column("outcome", "outcome"),
    Column("cause", _told),
    column("answer", "status", right=True),
    column("types", "types"),
    column("bytes", "size", right=True),
    column("remote", "remote"),
    column("source", "source_id"),
)
_EVENTS = (
    column("event", "event_id"),
    column("type", "type"),
    column("original type", "original_type"),
    column("duplicate", "duplicate"),
)


def list_(
    *,
    source: Annotated[str, Parameter(help="Only to this source.", show_default=False)] = "",
    outcome: Annotated[
        Literal["accepted", "duplicate", "refused", "handshake"] | None,
        Parameter(help="Only what ended so."),
    ] = None,
    cause: Annotated[Refusal | None, Parameter(help="Only what was refused for this.")] = None,
    since: Since = "",
    until: Until = "",
    listed: Listed = FIRST,
    reach: Reach = HERE,
) -> None:
    """List what came to sources, newest first.

    For example:

        hookline receipts list
        hookline receipts list --source src_01h… --outcome refused
        hookline receipts list --cause bad_signature --since 2026-11-22T00:00:00Z --all --json
    """
    query: dict[str, str | int | None] = {
        "source": source,
        "outcome": outcome,
        "cause": cause.value if cause else None,
        "since": since,
        "until": until,
        "limit": listed.limit,
    }
    wanted = List(
        request=listing(RECEIPTS, query),
        columns=_COLUMNS,
        empty="There are no such receipts. Every request to a source makes one: try hookline send --source SOURCE",
    )
    with connect(reach) as gateway:
        print_list(gateway, wanted, listed, reach)


def show(receipt: ReceiptArgument, /, *, reach: Reach = HERE) -> None:
    """Show a request whole: what became of it and why, its headers, its body, its events.

    For example:

        hookline receipts show rcp_01h…
        hookline receipts show rcp_01h… --json
    """
    with connect(reach) as gateway:
        answer = gateway.send(fetch(RECEIPTS, receipt))
    if reach.json:
        print_json(accepted(answer))
        return
    _print(read(answer))


def accept(
    receipt: ReceiptArgument,
    /,
    *,
    verify: Annotated[
        bool,
        Parameter(negative="--no-verify", help="Verify it again, with the source as it is now."),
    ] = True,
    reach: Reach = HERE,
) -> None:
    """Accept a request that was refused, after the source was mended. It makes its events now.

    For example:

        hookline receipts accept rcp_01h…
        hookline receipts accept rcp_01h… --no-verify
    """
    with connect(reach) as gateway:
        answer = gateway.send(act(RECEIPTS, receipt, "accept", {"verify": verify}))
    made = read(answer)
    if reach.json:
        print_json(accepted(answer))
        return
    print(f"Accepted as {made['id']}: {_counted(len(made['events']))}.")
    if made["events"]:
        print_grid(_EVENTS, made["events"])


def _print(whole: Row) -> None:
    hidden = ("headers", "body", "events")
    print_fields({name: value for name, value in whole.items() if name not in hidden})
    print()
    query = f"?{whole['query']}" if whole["query"] else ""
    print(f"> {whole['method']} {clean(query)}".rstrip())
    for name, value in whole["headers"]:
        print(f"> {clean(name)}: {clean(value)}")
    body = whole["body"]
    if body is None:
        print("\n(The body is not kept: it was too large, or is pruned.)")
    else:
        print(f"\n{clean_lines(text_of(body))}")
        if body["truncated"]:
            print("… (cut: only its beginning was kept)", file=sys.stderr)
    print()
    if whole["events"]:
        print_grid(_EVENTS, whole["events"])
    else:
        print("It made no event.")


def _counted(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events"
