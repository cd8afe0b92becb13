"""Many deliveries, one after the other: a bar on a terminal, a result for each, an exit code for all."""

import sys
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.progress import track

from hookline.cli.exits import Exit, tell
from hookline.cli.output import print_json
from hookline.cli.reach import Reach
from hookline.client.faults import Problem
from hookline.client.gateway import Gateway
from hookline.client.requests import act

_DONE = {"retry": "due now", "cancel": "cancelled"}
_FEW = 5


def move_all(gateway: Gateway, ids: Sequence[str], verb: str, reach: Reach) -> int:
    """What one refuses does not stop the others. The exit code of the last refusal, else 0."""
    console = Console(stderr=True)
    bar = track(ids, description=verb, console=console, transient=True, disable=_quiet(ids))
    answers: list[object] = []
    code: int = Exit.OK
    for one in bar:
        try:
            answers.append(gateway.call(act("deliveries", one, verb)))
        except Problem as problem:
            code = tell(problem)
    if reach.json:
        print_json(msgspec.json.encode({"items": answers}))
    elif answers:
        noun = "delivery" if len(answers) == 1 else "deliveries"
        print(f"{len(answers)} {noun} {_DONE[verb]}.")
    return code


def _quiet(ids: Sequence[str]) -> bool:
    return len(ids) <= _FEW or not sys.stderr.isatty()
