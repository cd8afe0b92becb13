"""Finding: what one check of the doctor found, and how to mend it."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec
from rich.console import Console
from rich.text import Text

from hookline.cli.text import clean


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    check: str
    level: Level = Level.OK
    found: str
    fix: str = ""


_MARKS = {Level.OK: ("✓", "green"), Level.WARN: ("!", "yellow"), Level.FAIL: ("✗", "red")}


def ok(check: str, found: str) -> Finding:
    return Finding(check=check, found=found)


def warn(check: str, found: str, fix: str) -> Finding:
    return Finding(check=check, level=Level.WARN, found=found, fix=fix)


def fail(check: str, found: str, fix: str) -> Finding:
    return Finding(check=check, level=Level.FAIL, found=found, fix=fix)


def print_findings(findings: Sequence[Finding]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    width = max(len(one.check) for one in findings)
    for one in findings:
        mark, style = _MARKS[one.level]
        first, *rest = one.found.splitlines() or [""]
        console.print(Text.assemble((f"{mark} ", style), (f"{one.check:{width}}  ", "bold"), clean(first)))
        for line in [*rest, *([f"fix: {one.fix}"] if one.fix else [])]:
            console.print(Text(f"  {'':{width}}  {clean(line)}", style="" if line in rest else style))


def summary(findings: Sequence[Finding]) -> str:
    failed = sum(one.level is Level.FAIL for one in findings)
    warned = sum(one.level is Level.WARN for one in findings)
    if not failed and not warned:
        return "All is well."
    return f"{failed} to mend, {warned} to look at."
