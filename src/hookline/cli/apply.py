"""`hookline apply`: what there should be, from a file."""

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from hookline.cli.grid import Column, column, print_grid
from hookline.cli.output import print_json
from hookline.cli.reach import HERE, Reach, connect
from hookline.client.answers import accepted, read
from hookline.client.faults import Problem
from hookline.client.requests import create
from hookline.declare.file import DeclaredFile
from hookline.errors import InvalidField
from hookline.model.declaration import Declaration

_STEPS = (
    column("what", "action"),
    column("noun", "noun"),
    column("tenant", "tenant"),
    column("name", "name"),
    Column("fields", lambda row: ", ".join(row["fields"])),
    Column("cancels", lambda row: f"{row['waiting']} waiting" if row["waiting"] else ""),
)


def apply(
    file: Annotated[Path, Parameter(name="FILE", help="YAML: tenants with systems, endpoints, sources.")],
    /,
    *,
    dry_run: Annotated[bool, Parameter(negative="", help="Only show what would be done.")] = False,
    reach: Reach = HERE,
) -> None:
    """Make it so that there is what a file says. It deletes only what the same file has made before and names no more.

    All of it is checked before anything is done, and --dry-run shows it. Secrets stand elsewhere: `{env: NAME}` or `{file: PATH}`.

    For example:

        hookline apply hookline.yml --dry-run
        hookline apply hookline.yml
    """
    given = DeclaredFile(file)
    declared = given.read()
    with connect(reach, admin=True) as gateway:
        request = create("apply?dry_run=true" if dry_run else "apply", msgspec.to_builtins(declared))
        try:
            answer = gateway.send(request)
            told: dict[str, Any] = read(answer)
        except Problem as problem:
            raise _in_file(given, declared, problem) from None
    if reach.json:
        print_json(accepted(answer))
        return
    if not told["steps"]:
        print("All is as the file says.")
        return
    print_grid(_STEPS, told["steps"])
    if dry_run:
        print("Nothing was done. Without --dry-run it will be.", file=sys.stderr)


def _in_file(given: DeclaredFile, declared: Declaration, problem: Problem) -> Exception:
    """With the line to mend, where the problem is about one."""
    if not problem.field or not problem.field.startswith("tenants."):
        return problem
    return given.told(InvalidField(problem.detail, hint=problem.hint, field=problem.field), declared)
