"""`hookline event-types`: the catalogue of events."""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Parameter

from hookline.cli.asking import confirm
from hookline.cli.grid import Column, Row, column, moment
from hookline.cli.inputs import data_of
from hookline.cli.output import List, print_done, print_list, print_one
from hookline.cli.reach import FIRST, HERE, Listed, Reach, Yes, connect
from hookline.client.requests import fetch, listing, put, remove

TYPES = "event-types"
Name = Annotated[str, Parameter(help="A name as call.started.")]


def _state(row: Row) -> str:
    return "deprecated" if row["deprecated"] else "active"


def _schema(row: Row) -> str:
    return row["enforcement"] if row["schema"] is not None else "none"


_COLUMNS = (
    column("name", "name"),
    Column("state", _state),
    Column("schema", _schema),
    moment("updated", "updated_at"),
    column("description", "description"),
)


def list_(*, listed: Listed = FIRST, reach: Reach = HERE) -> None:
    """List event types, by name.

    For example:

        hookline event-types list
        hookline event-types list --json
    """
    wanted = List(
        request=listing(TYPES, {"limit": listed.limit}),
        columns=_COLUMNS,
        empty="There are no event types yet; events need none. "
        "Make one: hookline event-types put call.started --description 'A call began'",
    )
    with connect(reach) as gateway:
        print_list(gateway, wanted, listed, reach)


def put_type(
    name: Name,
    /,
    *,
    description: Annotated[str, Parameter(help="What it means.", show_default=False)] = "",
    schema: Annotated[Path | None, Parameter(help="A file with the JSON Schema of its data.")] = None,
    enforcement: Annotated[
        Literal["off", "warn", "enforce"], Parameter(help="What happens to data that does not fit.")
    ] = "off",
    example: Annotated[Path | None, Parameter(help="A file with data as an example.")] = None,
    deprecated: Annotated[
        bool, Parameter(negative="", help="Publishers are told to leave it.", show_default=False)
    ] = False,
    reach: Reach = HERE,
) -> None:
    """Make an event type, or replace it whole.

    For example:

        hookline event-types put call.started --description "A call began"
        hookline event-types put call.started --schema call.json --enforcement enforce --example call-example.json
    """
    fields: dict[str, Any] = {
        "description": description,
        "enforcement": enforcement,
        "deprecated": deprecated,
    }
    for field, file in (("schema", schema), ("example", example)):
        if file is not None:
            fields[field] = msgspec.Raw(data_of(f"@{file}"))
    with connect(reach) as gateway:
        print_one(gateway.send(put(TYPES, name, fields)), reach)


def show(name: Name, /, *, reach: Reach = HERE) -> None:
    """Show an event type.

    For example:

        hookline event-types show call.started
        hookline event-types show call.started --json
    """
    with connect(reach) as gateway:
        print_one(gateway.send(fetch(TYPES, name)), reach)


def delete(name: Name, /, *, yes: Yes = False, reach: Reach = HERE) -> None:
    """Delete an event type. Events of this name stay, and can be published on.

    For example:

        hookline event-types delete call.started
    """
    with connect(reach) as gateway:
        gateway.call(fetch(TYPES, name))
        confirm(f"Delete the event type {name}, with its schema and example?", yes=yes)
        print_done(gateway.send(remove(TYPES, name)), reach, f"Deleted {name}.")
