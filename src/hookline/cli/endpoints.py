"""`hookline endpoints`: list, create, show, change, delete. What is done to one is in `endpoint_acts`."""

import sys
from typing import Annotated

from cyclopts import Parameter

from hookline.cli.asking import confirm, counted
from hookline.cli.endpoint_fields import BLANK, ENDPOINT, EndpointFields, fields_of
from hookline.cli.grid import Column, Row, column, moment
from hookline.cli.inputs import nothing_given
from hookline.cli.output import List, print_done, print_list, print_one
from hookline.cli.reach import FIRST, HERE, Listed, Reach, Yes, connect
from hookline.client.answers import read
from hookline.client.requests import change, create, fetch, listing, remove

ENDPOINTS = "endpoints"
EndpointArgument = Annotated[str, Parameter(name="ENDPOINT", help="Its id (ep_…).")]


def _state(row: Row) -> str:
    return "active" if row["active"] else "off"


def _success(row: Row) -> str:
    rate = row["counters"]["success_rate"]
    return "-" if rate is None else f"{rate:g} %"


_COLUMNS = (
    column("id", "id"),
    Column("state", _state),
    column("sent", "counters.total", right=True),
    Column("success", _success, right=True),
    moment("last attempt", "counters.last_attempt_at"),
    column("events", "events"),
    column("url", "url"),
)


def list_(*, listed: Listed = FIRST, reach: Reach = HERE) -> None:
    """List endpoints, oldest first, with what was sent to them.

    For example:

        hookline endpoints list
        hookline endpoints list --all --json
    """
    wanted = List(
        request=listing(ENDPOINTS, {"limit": listed.limit}),
        columns=_COLUMNS,
        empty="There are no endpoints yet. Create one: hookline endpoints create https://example.com/hooks",
    )
    with connect(reach) as gateway:
        print_list(gateway, wanted, listed, reach)


def create_endpoint(
    url: Annotated[
        str, Parameter(help="Where to send; left out where a preset says it.", show_default=False)
    ] = "",
    /,
    *,
    given: EndpointFields = BLANK,
    reach: Reach = HERE,
) -> None:
    """Create an endpoint. A signing secret is made unless one is given; `endpoints secret` reveals it.

    For example:

        hookline endpoints create https://example.com/hooks
        hookline endpoints create https://example.com/hooks --event 'call.*' --filter 'data.seconds > 60'
        hookline endpoints create https://example.com/hooks --rate 5 --order key --header X-Team=voice
        hookline endpoints create https://example.com/hooks --client-cert us.pem --client-key us.key
        hookline endpoints create https://example.com/hooks --from endpoint.json
        hookline endpoints create --from jira.json
    """
    with connect(reach) as gateway:
        answer = gateway.send(create(ENDPOINTS, fields_of(given) | ({"url": url} if url else {})))
    print_one(answer, reach)
    if not reach.json and read(answer)["secrets"]:
        print(f"Its signing secret: hookline endpoints secret {read(answer)['id']}", file=sys.stderr)


def show(endpoint: EndpointArgument, /, *, reach: Reach = HERE) -> None:
    """Show an endpoint: every field, its counters, its secrets' ends.

    For example:

        hookline endpoints show ep_01h…
        hookline endpoints show ep_01h… --json
    """
    with connect(reach) as gateway:
        print_one(gateway.send(fetch(ENDPOINTS, endpoint)), reach)


def update(
    endpoint: EndpointArgument,
    /,
    *,
    url: Annotated[str | None, Parameter(help="Where to send.", group=ENDPOINT)] = None,
    given: EndpointFields = BLANK,
    reach: Reach = HERE,
) -> None:
    """Change an endpoint; what is not given stays. `--set FIELD=null` brings back a default.

    For example:

        hookline endpoints update ep_01h… --url https://example.com/v2/hooks
        hookline endpoints update ep_01h… --event call.started --event call.ended
        hookline endpoints update ep_01h… --set rate=null --timeout 30
    """
    fields = fields_of(given) | ({"url": url} if url is not None else {})
    if not fields:
        raise nothing_given("--url, --event, --filter, --set")
    with connect(reach) as gateway:
        print_one(gateway.send(change(ENDPOINTS, endpoint, fields)), reach)


def delete(endpoint: EndpointArgument, /, *, yes: Yes = False, reach: Reach = HERE) -> None:
    """Delete an endpoint: its secrets are wiped, what waits for it is cancelled.

    For example:

        hookline endpoints delete ep_01h…
        hookline endpoints delete ep_01h… --yes
    """
    with connect(reach) as gateway:
        url = gateway.call(fetch(ENDPOINTS, endpoint))["url"]
        waiting = [
            f"{counted(gateway, 'deliveries', endpoint=endpoint, state=state)} {state}"
            for state in ("pending", "held")
        ]
        confirm(f"Delete the endpoint {url} and cancel {', '.join(waiting)}?", yes=yes)
        print_done(gateway.send(remove(ENDPOINTS, endpoint)), reach, f"Deleted {endpoint}.")
