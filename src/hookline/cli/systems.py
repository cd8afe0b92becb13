"""`hookline systems`: the webhook systems that Hookline stands in for."""

from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from hookline.cli.exits import Exit, Failed
from hookline.cli.grid import Column, Row, column, print_fields, print_grid
from hookline.cli.output import List, print_json, print_list
from hookline.cli.reach import FIRST, HERE, Reach, connect
from hookline.client.answers import accepted, read
from hookline.client.requests import fetch, listing
from hookline.model.json import nearest

SYSTEMS = "systems"
SystemArgument = Annotated[str, Parameter(name="SYSTEM", help="A system of the catalogue, as pbx.")]

_COLUMNS = (
    column("system", "name"),
    column("title", "title"),
    Column("event types", lambda row: len(row["events"]), right=True),
    column("dialect", "dialect"),
)
_EVENTS = (column("event type", "type"), column("description", "description"))


def list_(*, reach: Reach = HERE) -> None:
    """List the systems that Hookline stands in for.

    For example:

        hookline systems list
        hookline systems list --json
    """
    wanted = List(
        request=listing(SYSTEMS, {}),
        columns=_COLUMNS,
        empty="The catalogue is empty: was it installed whole?",
    )
    with connect(reach) as gateway:
        print_list(gateway, wanted, FIRST, reach)


def show(
    system: SystemArgument,
    /,
    *,
    event_type: Annotated[
        str,
        Parameter(name="--type", help="Only this event type, with schema and example.", show_default=False),
    ] = "",
    reach: Reach = HERE,
) -> None:
    """Show a system: its wire format, its retries, its event types.

    For example:

        hookline systems show pbx
        hookline systems show pbx --type call.started
        hookline systems show urpa --json
    """
    with connect(reach) as gateway:
        answer = gateway.send(fetch(SYSTEMS, system))
    whole: dict[str, Any] = read(answer)
    if event_type:
        print_json(msgspec.json.encode(_event(whole, event_type)))
    elif reach.json:
        print_json(accepted(answer))
    else:
        _print(whole)


def _event(whole: dict[str, Any], wanted: str) -> Row:
    """Raises Failed."""
    found: dict[str, Row] = {event["type"]: event for event in whole["events"]}
    if wanted not in found:
        raise Failed(
            f"{whole['title']} has no event type {wanted!r:.100}.",
            hint=f"Did you mean {nearest(wanted, found) or ', '.join(found)}?",
            exit_code=Exit.NOT_FOUND,
        )
    return found[wanted]


def _print(whole: dict[str, Any]) -> None:
    print_fields({name: value for name, value in whole.items() if name != "events"})
    print()
    print_grid(_EVENTS, whole["events"])
