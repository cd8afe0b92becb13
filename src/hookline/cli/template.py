"""`hookline template`: what an endpoint would send for an event, without sending it."""

from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from hookline.cli.attempts import text_of
from hookline.cli.endpoints import EndpointArgument
from hookline.cli.exits import Exit
from hookline.cli.inputs import data_of
from hookline.cli.output import print_json
from hookline.cli.reach import HERE, Reach, connect
from hookline.cli.text import clean, clean_lines
from hookline.client.answers import accepted, read
from hookline.client.requests import create


def render(
    endpoint: EndpointArgument,
    /,
    *,
    event: Annotated[str, Parameter(help="The id of an event (evt_…).", show_default=False)] = "",
    event_type: Annotated[
        str, Parameter(name="--type", help="Without an event: its type.", show_default=False)
    ] = "",
    data: Annotated[
        str,
        Parameter(
            help="Without an event: JSON, @file, or -; else the example of the type.",
            show_default=False,
            allow_leading_hyphen=True,
        ),
    ] = "",
    template: Annotated[
        str,
        Parameter(
            help="A JSON template in the place of the endpoint's: JSON, @file, or -.",
            show_default=False,
            allow_leading_hyphen=True,
        ),
    ] = "",
    reach: Reach = HERE,
) -> int:
    """Show the request that an endpoint would get for an event, and what differs from the last one. Nothing is sent.

    Exit code 1 where there would be none.

    For example:

        hookline template render ep_01h… --event evt_01h…
        hookline template render ep_01h… --type ticket.created --data @ticket.json
        hookline template render ep_01h… --event evt_01h… --template @template.json
    """
    fields: dict[str, Any] = {"endpoint": endpoint}
    fields |= {name: text for name, text in (("event", event), ("type", event_type)) if text}
    if data:
        fields["data"] = msgspec.Raw(data_of(data))
    if template:
        fields["template"] = {"json": msgspec.Raw(data_of(template))}
    with connect(reach) as gateway:
        answer = gateway.send(create("templates/preview", fields))
    shown = read(answer)
    if reach.json:
        print_json(accepted(answer))
    else:
        _print(shown)
    return Exit.ERROR if shown["problem"] else Exit.OK


def _print(shown: dict[str, Any]) -> None:
    if shown["problem"]:
        print(f"Nothing would be sent: {clean(shown['problem'])}")
        return
    print(f"> {shown['method']} {clean(shown['url'])}")
    for name, value in shown["headers"]:
        print(f"> {clean(name)}: {clean(value)}")
    if shown["body"] is not None:
        print(f"\n{clean_lines(text_of(shown['body']))}")
    if shown["missing"]:
        print(f"\nmissing, and empty: {', '.join(map(clean, shown['missing']))}")
    if shown["difference"]:
        print("\n" + "\n".join(map(clean, shown["difference"])))
