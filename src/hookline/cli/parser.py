"""The parser: builds the commands from their table, and runs the one that is asked for."""

import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Group, UnknownCommandError

from hookline import __version__
from hookline.cli.commands import COMMANDS, LOOK, RUN, SETUP, TOOLS, Command, Noun
from hookline.cli.exits import Exit
from hookline.model.json import nearest

_ABOUT = "Hookline sends and receives webhooks: signed, verified, retried, and none lost."
_EPILOGUE = (
    "Settings come from HOOKLINE_* variables and a TOML file (--config); `hookline config show` lists them. "
    "Exit codes: 0 done, 1 error, 2 wrong use, 3 not found, 4 key refused, 130 interrupted."
)


def parsed(arguments: Sequence[str]) -> int:
    """Run the command that `arguments` name; its exit code. Raises what it raises."""
    try:
        result = build(arguments)(
            list(arguments), result_action="return_value", exit_on_error=False, print_error=False
        )
    except CycloptsError as error:
        print(_usage(error), file=sys.stderr)
        return Exit.USAGE
    return result if isinstance(result, int) else Exit.OK


def build(arguments: Sequence[str]) -> App:
    """All commands. Only the one that `arguments` may name is loaded; of the others the table's line is enough."""
    app = App(
        name="hookline",
        help=_ABOUT,
        help_epilogue=_EPILOGUE,
        version=__version__,
        help_format="plaintext",
        help_formatter="default" if sys.stdout.isatty() else "plain",
        suppress_keyboard_interrupt=False,
    )
    groups = {name: Group(name, sort_key=place) for place, name in enumerate((RUN, LOOK, SETUP, TOOLS))}
    app["--help"].group = app["--version"].group = groups[TOOLS]
    for one in COMMANDS:
        if isinstance(one, Noun):
            noun = App(name=one.name, help=one.help, group=groups[one.group], help_epilogue="")
            for verb in one.verbs:
                _add(noun, verb, None, arguments)
            app.command(noun)
        else:
            _add(app, one, groups[one.group], arguments)
    return app


def _add(app: App, command: Command, group: Group | None, arguments: Sequence[str]) -> None:
    named = command.name in arguments  # then its docstring is the help
    app.command(
        f"hookline.cli.{command.target}", name=command.name, help=None if named else command.help, group=group
    )


def _usage(error: CycloptsError) -> str:
    chain = list(error.command_chain or ())
    told = _unknown(chain, error) if isinstance(error, UnknownCommandError) else str(error)
    return f"error: {told}\n  fix:   `{' '.join(['hookline', *chain])} --help` shows how it is used."


def _unknown(chain: Sequence[str], error: CycloptsError) -> str:
    """Said from the table: to find the nearest name, the library would load every command."""
    name = (error.unused_tokens or [""])[0]
    below = next((one.verbs for one in COMMANDS if isinstance(one, Noun) and [one.name] == chain[:1]), None)
    known = [one.name for one in (COMMANDS if below is None else below)]
    meant = nearest(name, known)
    rest = f"Did you mean {meant}?" if meant else f"There are: {', '.join(known)}."
    return f"There is no command {name!r}. {rest}"
