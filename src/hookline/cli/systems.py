"""`hookline systems`: the webhook systems that Hookline stands in for, and which of them a tenant uses."""

from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from hookline.cli import names
from hookline.cli.exits import Exit, Failed
from hookline.cli.grid import Column, Row, column, print_fields, print_grid
from hookline.cli.output import List, print_done, print_json, print_list
from hookline.cli.reach import FIRST, HERE, Reach, connect
from hookline.client.answers import accepted, read
from hookline.client.requests import fetch, listing, put, remove
from hookline.model.json import nearest

SYSTEMS = "systems"
SystemArgument = Annotated[
    str, Parameter(name="SYSTEM", help="A system of the catalogue, as pbx.", completer=names.systems)
]

_COLUMNS = (
    column("system", "name"),
    column("title", "title"),
    Column("event types", lambda row: len(row["events"]), right=True),
    column("dialect", "dialect"),
    Column("used", lambda row: "yes" if row["enabled"] else "no"),
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


def enable(
    system: SystemArgument,
    /,
    *,
    zone: Annotated[
        str,
        Parameter(help="Where its times are not UTC, as Europe/Berlin.", show_default=False),
    ] = "",
    host: Annotated[
        str, Parameter(help="Serve its paths under this host name alone.", show_default=False)
    ] = "",
    prefix: Annotated[
        str, Parameter(help="Serve its paths below this step: acme for /acme/….", show_default=False)
    ] = "",
    known_as: Annotated[
        str, Parameter(help="What the system calls the tenant, as 4Calls's orgId.", show_default=False)
    ] = "",
    reach: Reach = HERE,
) -> None:
    """Use a system for a tenant: its own paths are served, and its times are written in a zone.

    For example:

        hookline systems enable pbx
        hookline systems enable askpro-callbacks --zone Europe/Berlin --tenant ten_01h…
        hookline systems enable urpa --prefix acme --tenant ten_01h…
    """
    fields = {"zone": zone, "host": host, "prefix": prefix, "known_as": known_as}
    with connect(reach) as gateway:
        answer = gateway.send(put(SYSTEMS, system, fields, "enabled"))
    whole: dict[str, Any] = read(answer)
    if reach.json:
        print_json(accepted(answer))
    else:
        print_fields({"system": whole["name"], **whole["enabled"]})


def disable(system: SystemArgument, /, *, reach: Reach = HERE) -> None:
    """Use a system no more: its own paths are not served any more; endpoints and events stay.

    For example:

        hookline systems disable pbx
    """
    with connect(reach) as gateway:
        print_done(gateway.send(remove(SYSTEMS, system, "enabled")), reach, f"{system} is not used any more.")


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
