"""`hookline publish`."""

import sys
from typing import Annotated

from cyclopts import Parameter

from hookline.cli.inputs import data_of
from hookline.cli.output import print_json
from hookline.cli.reach import HERE, Reach, connect
from hookline.cli.text import clean
from hookline.client.answers import accepted, read
from hookline.client.requests import publish


def publish_event(
    event_type: Annotated[str, Parameter(name="TYPE", help="A name as call.started.")],
    /,
    *,
    data: Annotated[
        str,
        Parameter(
            name=["--data", "-d"], help="JSON, @file, or - for standard input.", allow_leading_hyphen=True
        ),
    ] = "{}",
    key: Annotated[
        str, Parameter(help="The idempotency key: a repeat makes no second event.", show_default=False)
    ] = "",
    order_key: Annotated[
        str, Parameter(help="What ordered endpoints keep in order by.", show_default=False)
    ] = "",
    tag: Annotated[
        tuple[str, ...], Parameter(negative="", help="To find it by; again for more.", show_default=False)
    ] = (),
    system: Annotated[
        str,
        Parameter(
            help="The system that it is an event of: endpoints of others do not get it.", show_default=False
        ),
    ] = "",
    reach: Reach = HERE,
) -> None:
    """Publish an event. When this returns, the event and its deliveries are on disk.

    For example:

        hookline publish call.started --data '{"call_id": "c1"}'
        hookline publish call.ended --data @call.json --key c1-ended --tag vip
        jq .call log.json | hookline publish call.ended --data -
        hookline publish contact.created --system urpa --data @contact.json
    """
    request = publish(
        event_type, data_of(data), idempotency_key=key, order_key=order_key, tags=tag, system=system
    )
    with connect(reach) as gateway:
        answer = gateway.send(request)
    event = read(answer)
    for warning in event["warnings"]:
        print(f"warning: {clean(warning['detail'])}", file=sys.stderr)
    if reach.json:
        print_json(accepted(answer))
    else:
        print(_sentence(event["id"], event["matched"], duplicate=event["duplicate"]))


def _sentence(event_id: str, matched: list[str], *, duplicate: bool) -> str:
    if duplicate:
        return f"{event_id}  was published before with this key; nothing new was stored."
    if not matched:
        return f"{event_id}  accepted; no endpoint wants it (hookline events show {event_id} says why)."
    noun = "endpoint" if len(matched) == 1 else "endpoints"
    return f"{event_id}  accepted, on its way to {len(matched)} {noun}."
