"""`hookline events`: what was published, and what it matched."""

from typing import Annotated

from cyclopts import Parameter

from hookline.cli.grid import Column, Row, column, moment, print_fields, print_grid
from hookline.cli.output import List, print_json, print_list
from hookline.cli.reach import FIRST, HERE, Listed, Reach, connect
from hookline.cli.text import clean_lines
from hookline.client.answers import accepted, read
from hookline.client.requests import fetch, listing

EVENTS = "events"
Type = Annotated[str, Parameter(name="--type", help="Only this event type.", show_default=False)]
Tag = Annotated[str, Parameter(help="Only events with this tag.", show_default=False)]
Since = Annotated[str, Parameter(help="From this time on: 2026-11-22T18:00:00Z.", show_default=False)]
Until = Annotated[str, Parameter(help="Before this time.", show_default=False)]


def _matched(row: Row) -> str:
    return f"{len(row['matched'])}" if row["matched"] else "none"


_COLUMNS = (
    moment("accepted", "accepted_at"),
    column("id", "id"),
    column("type", "type"),
    column("bytes", "size", right=True),
    Column("matched", _matched, right=True),
    column("tags", "tags"),
)
_MATCHES = (
    column("endpoint", "endpoint_id"),
    column("matched", "matched"),
    column("state", "state"),
    column("now", "reason"),
    column("failure", "failure"),
    column("delivery", "delivery_id"),
)


def list_(
    *,
    event_type: Type = "",
    tag: Tag = "",
    since: Since = "",
    until: Until = "",
    listed: Listed = FIRST,
    reach: Reach = HERE,
) -> None:
    """List events, newest first.

    For example:

        hookline events list
        hookline events list --type call.started --since 2026-11-22T00:00:00Z
        hookline events list --all --json
    """
    query: dict[str, str | int | None] = {"type": event_type, "tag": tag, "since": since, "until": until}
    wanted = List(
        request=listing(EVENTS, {**query, "limit": listed.limit}),
        columns=_COLUMNS,
        empty='There are no such events. Publish one: hookline publish call.started --data \'{"call_id": "c1"}\'',
    )
    with connect(reach) as gateway:
        print_list(gateway, wanted, listed, reach)


def show(
    event: Annotated[str, Parameter(name="EVENT", help="Its id (evt_…).")],
    /,
    *,
    reach: Reach = HERE,
) -> None:
    """Show an event: its exact data, what it matched and why, and what became of each delivery.

    For example:

        hookline events show evt_01h…
        hookline events show evt_01h… --json
    """
    with connect(reach) as gateway:
        answer = gateway.send(fetch(EVENTS, event))
        fields = read(answer)
        if reach.json:
            print_json(accepted(answer))
            return
        matches = gateway.call(fetch(EVENTS, event, "matches"))["items"]
        data = accepted(gateway.send(fetch(EVENTS, event, "data")))
    hidden = ("data", "matched", "failures")
    print_fields({name: value for name, value in fields.items() if name not in hidden})
    print(f"\n{clean_lines(data.decode(errors='replace'))}\n")
    if matches:
        print_grid(_MATCHES, matches)
    else:
        print("No endpoint: neither when it was published nor now.")
