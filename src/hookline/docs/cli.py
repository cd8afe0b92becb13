"""cli.md: the help of every command, as the program prints it."""

import io
from collections.abc import Iterator, Sequence

from rich.console import Console

from hookline.cli.commands import COMMANDS, Noun
from hookline.cli.parser import build
from hookline.docs.markdown import block, page

_ABOUT = """`hookline COMMAND --help` prints these texts. Commands that speak to a running gateway find it by `--gateway` or
`HOOKLINE_URL`, and by `HOOKLINE_API_KEY`; where none of them is given, they find the gateway that `hookline dev` started in this
folder. Reads take `--json`. A failure says what, why and how to mend it, on standard error."""
_WIDTH = 110


def cli_page() -> str:
    sections = [f"## `hookline {' '.join(words)}`\n\n{block(_help(words), 'text')}" for words in _commands()]
    whole = f"## `hookline`\n\n{block(_help(()), 'text')}"
    return page("Command line", "src/hookline/cli", _ABOUT, whole, *sections)


def _commands() -> Iterator[tuple[str, ...]]:
    """In the order of their names."""
    for one in sorted(COMMANDS, key=lambda command: command.name):
        yield (one.name,)
        if isinstance(one, Noun):
            yield from ((one.name, verb.name) for verb in sorted(one.verbs, key=lambda verb: verb.name))


def _help(words: Sequence[str]) -> str:
    app = build(words)
    app.help_formatter = "plain"  # whatever kind of terminal runs this
    out = io.StringIO()
    console = Console(file=out, width=_WIDTH, color_system=None, force_terminal=False, legacy_windows=False)
    app.help_print(list(words), console=console)
    return "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines())
