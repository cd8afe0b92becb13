"""The program `hookline`: run the command that is asked for, turn its failure into an exit code."""

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.cli.exits import Exit, Failed, tell
from hookline.client.faults import Problem, Unreachable
from hookline.errors import HooklineError
from hookline.late import Late

if TYPE_CHECKING:
    from hookline.cli import parser, starting
else:
    parser = Late("hookline.cli.parser")
    starting = Late("hookline.cli.starting")


def main() -> None:
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    try:
        command = _plain(arguments) or partial(parser.parsed, arguments)
        code = command()
        sys.stdout.flush()
    except (Failed, Problem, Unreachable, HooklineError) as failure:
        return tell(failure)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read has seen enough. Python would flush into the closed pipe once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    return code


def _plain(arguments: Sequence[str]) -> Callable[[], int] | None:
    """A gateway that is started as most are: that needs no parser, which a process that stays would carry along (2 MB)."""
    match arguments:
        case ["serve" | "api" | "worker" as role]:
            return partial(starting.ROLES[role], None)
        case ["serve" | "api" | "worker" as role, "--config", file] if file and not file.startswith("-"):
            return partial(starting.ROLES[role], Path(file))
    return None
