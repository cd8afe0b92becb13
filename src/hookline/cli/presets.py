"""`hookline presets list`: ready endpoints for other systems."""

from typing import Annotated

from cyclopts import Parameter

from hookline.cli import names
from hookline.cli.grid import Column, Row, column
from hookline.cli.output import List, print_list
from hookline.cli.reach import FIRST, HERE, Reach, connect
from hookline.client.requests import listing

PRESETS = "presets"
PresetArgument = Annotated[
    str, Parameter(name="PRESET", help="A preset of the catalogue, as jira.", completer=names.presets)
]


def _asked(row: Row) -> str:
    return ", ".join(row["settings"].get("required", ()))


_COLUMNS = (
    column("preset", "name"),
    Column("needs", _asked),
    Column("exactly one", lambda row: "yes" if row["once"] else "no"),
)


def list_(*, reach: Reach = HERE) -> None:
    """List the presets: ready endpoints for other systems, and what each needs.

    Exactly one: of a case one thing is made there, even where an answer was
    lost. What each does: `hookline presets show PRESET`.

    For example:

        hookline presets list
        hookline presets list --json
    """
    wanted = List(
        request=listing(PRESETS, {}),
        columns=_COLUMNS,
        empty="The catalogue is empty: was it installed whole?",
    )
    with connect(reach) as gateway:
        print_list(gateway, wanted, FIRST, reach)
