"""`hookline config`: the effective settings, secrets masked."""

import sys
from typing import Annotated

import msgspec
from cyclopts import Parameter

from hookline.cli.grid import column, print_grid
from hookline.cli.output import print_json
from hookline.cli.reach import Config
from hookline.cli.settings import settings_of
from hookline.config import describe, masked

_COLUMNS = (column("setting", "variable"), column("value", "value"), column("default", "default"))


def show(
    *,
    json: Annotated[bool, Parameter(negative="", help="As one JSON object.", show_default=False)] = False,
    config: Config = None,
) -> None:
    """Show every effective setting. Of secrets, only what may be shown.

    For example:

        hookline config show
        hookline config show --config hookline.toml --json
    """
    values = masked(settings_of(config))
    if json:
        print_json(msgspec.json.encode(values))
        return
    print_grid(
        _COLUMNS,
        [{"variable": one.variable, "value": values[one.name], "default": one.default} for one in describe()],
    )


def check(*, config: Config = None) -> None:
    """Check the settings: exit code 0, or 1 and everything that is wrong.

    For example:

        hookline config check --config hookline.toml
    """
    changed = {
        one.variable: value
        for one in describe()
        if (value := masked(settings_of(config))[one.name]) != one.default
    }
    print(f"The settings are right; {len(changed)} differ from their defaults.")
    for name in changed:
        print(f"  {name}", file=sys.stdout)
