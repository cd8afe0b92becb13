"""`hookline providers`: who sends webhooks, how they sign, what a source must say."""

from typing import Any

from hookline.cli.grid import Column, Row, column, print_fields, print_grid
from hookline.cli.output import List, print_json, print_list
from hookline.cli.reach import FIRST, HERE, Reach, connect
from hookline.cli.shelf import ProviderArgument
from hookline.cli.text import clean
from hookline.client.answers import accepted, read
from hookline.client.requests import fetch, listing

PROVIDERS = "providers"


def _schemes(row: Row) -> str:
    return ", ".join(one["name"] for one in row["schemes"])


def _needed(row: Row) -> str:
    return ", ".join(one["name"] for one in row["parameters"] if one["required"])


_COLUMNS = (
    column("provider", "name"),
    column("title", "title"),
    Column("schemes", _schemes),
    Column("needs", _needed),
    column("event types", "prefix"),
)
_SCHEMES = (
    column("scheme", "name"),
    column("algorithm", "algorithm"),
    column("key", "key"),
    column("tolerance", "tolerance", right=True),
    column("usual", "default"),
    column("description", "description"),
)
_PARAMETERS = (
    column("parameter", "name"),
    column("required", "required"),
    column("default", "default"),
    column("choices", "choices"),
    column("description", "description"),
)


def list_(*, reach: Reach = HERE) -> None:
    """List the providers whose webhooks can be verified.

    For example:

        hookline providers list
        hookline providers list --json
    """
    wanted = List(
        request=listing(PROVIDERS, {}),
        columns=_COLUMNS,
        empty="The catalogue is empty: was it installed whole?",
    )
    with connect(reach) as gateway:
        print_list(gateway, wanted, FIRST, reach)


def show(provider: ProviderArgument, /, *, reach: Reach = HERE) -> None:
    """Show a provider: how it signs, what a source must say, what to know.

    For example:

        hookline providers show stripe
        hookline providers show twilio --json
    """
    with connect(reach) as gateway:
        answer = gateway.send(fetch(PROVIDERS, provider))
    if reach.json:
        print_json(accepted(answer))
        return
    _print(read(answer))


def _print(whole: dict[str, Any]) -> None:
    apart = ("schemes", "parameters", "notes", "unconfirmed")
    print_fields({name: value for name, value in whole.items() if name not in apart})
    print()
    print_grid(_SCHEMES, whole["schemes"])
    if whole["parameters"]:
        print()
        print_grid(_PARAMETERS, whole["parameters"])
    for title, texts in (("notes", whole["notes"]), ("not confirmed yet", whole["unconfirmed"])):
        if texts:
            print(f"\n{title}:")
            for text in texts:
                print(f"  - {clean(text)}")
