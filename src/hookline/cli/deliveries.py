"""`hookline deliveries`: what was sent, what waits, what failed; try again, or cancel."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from hookline.cli.asking import confirm
from hookline.cli.attempts import print_attempt
from hookline.cli.events import Since, Tag, Type, Until
from hookline.cli.exits import Exit, Failed
from hookline.cli.grid import Column, Row, column, moment, print_fields
from hookline.cli.moves import move_all
from hookline.cli.output import List, print_json, print_list
from hookline.cli.reach import FIRST, HERE, Listed, Reach, Yes, connect
from hookline.client.answers import accepted, read
from hookline.client.gateway import Gateway
from hookline.client.requests import Request, fetch, listing

DELIVERIES = "deliveries"
StateName = Literal["pending", "sending", "held", "delivered", "dead", "cancelled", "expired"]
Ids = Annotated[str, Parameter(name="DELIVERY", help="Ids (dlv_…); or use the filters.", negative="")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Filters:
    """Every filter narrows."""

    state: Annotated[StateName | None, Parameter(help="Only in this state.")] = None
    endpoint: Annotated[str, Parameter(help="Only for this endpoint.", show_default=False)] = ""
    event_type: Type = ""
    event: Annotated[str, Parameter(help="Only of this event.", show_default=False)] = ""
    tag: Tag = ""
    status: Annotated[
        Literal["2xx", "3xx", "4xx", "5xx"] | None, Parameter(help="Only with such a last answer.")
    ] = None
    since: Since = ""
    until: Until = ""


EVERY = Filters()


def last_answer(row: Row) -> str:
    return str(row["last_status"] or row["last_cause"] or "-")


_COLUMNS = (
    moment("created", "created_at"),
    column("id", "id"),
    column("state", "state"),
    column("type", "event_type"),
    column("tries", "attempts", right=True),
    Column("answer", last_answer),
    moment("next attempt", "next_attempt_at"),
    column("endpoint", "endpoint_id"),
)


def list_(*, filters: Filters = EVERY, listed: Listed = FIRST, reach: Reach = HERE) -> None:
    """List deliveries, newest first.

    For example:

        hookline deliveries list
        hookline deliveries list --state dead --since 2026-11-22T00:00:00Z
        hookline deliveries list --endpoint ep_01h… --status 5xx --all --json
    """
    wanted = List(
        request=filtered(filters, limit=listed.limit),
        columns=_COLUMNS,
        empty="There are no such deliveries. An event makes one for each endpoint that it matches.",
    )
    with connect(reach) as gateway:
        print_list(gateway, wanted, listed, reach)


def show(
    delivery: Annotated[str, Parameter(name="DELIVERY", help="Its id (dlv_…).")],
    /,
    *,
    reach: Reach = HERE,
) -> None:
    """Show a delivery with every attempt whole: request, answer, timings, and what to do about a failure.

    For example:

        hookline deliveries show dlv_01h…_0
        hookline deliveries show dlv_01h…_0 --json
    """
    with connect(reach) as gateway:
        answer = gateway.send(fetch(DELIVERIES, delivery))
    whole = read(answer)
    if reach.json:
        print_json(accepted(answer))
        return
    print_fields({name: value for name, value in whole.items() if name not in ("history", "request_body")})
    for attempt in whole["history"]:
        print()
        print_attempt(attempt, whole["request_body"])


def retry(*deliveries: Ids, filters: Filters = EVERY, yes: Yes = False, reach: Reach = HERE) -> int:
    """Try deliveries again, now: those that are named, or all that the filters find.

    One that had ended begins its schedule anew; the receiver sees the same id and the same bytes.

    For example:

        hookline deliveries retry dlv_01h…_0
        hookline deliveries retry --state dead --endpoint ep_01h… --since 2026-11-22T00:00:00Z
    """
    with connect(reach) as gateway:
        ids = _chosen(gateway, deliveries, filters, ("dead", "cancelled", "expired", "pending"))
        if not deliveries:
            confirm(f"Try {len(ids)} deliveries again?", yes=yes)
        return move_all(gateway, ids, "retry", reach)


def cancel(*deliveries: Ids, filters: Filters = EVERY, yes: Yes = False, reach: Reach = HERE) -> int:
    """Cancel deliveries that wait: those that are named, or all that the filters find.

    For example:

        hookline deliveries cancel dlv_01h…_0
        hookline deliveries cancel --state held --endpoint ep_01h… --yes
    """
    with connect(reach) as gateway:
        ids = _chosen(gateway, deliveries, filters, ("pending", "held"))
        if ids:
            noun = "delivery" if len(ids) == 1 else "deliveries"
            confirm(f"Cancel {len(ids)} {noun}? Their receivers will not get them.", yes=yes)
        return move_all(gateway, ids, "cancel", reach)


def filtered(filters: Filters, *, limit: int) -> Request:
    given = asdict(filters)
    return listing(DELIVERIES, {**given, "limit": limit})


def _chosen(gateway: Gateway, named: Sequence[str], filters: Filters, states: Sequence[str]) -> list[str]:
    """Never everything by accident: at least one filter must be given."""
    if named:
        return list(named)
    if filters == EVERY:
        raise Failed(
            "Which deliveries?",
            hint="Name their ids, or give a filter as --state dead.",
            exit_code=Exit.USAGE,
        )
    found = [row["id"] for row in _rows(gateway, filters) if filters.state or row["state"] in states]
    if not found:
        raise Failed(
            "There are no such deliveries.", hint="See hookline deliveries list.", exit_code=Exit.NOT_FOUND
        )
    return found


def _rows(gateway: Gateway, filters: Filters) -> Iterator[dict[str, Any]]:
    for page in gateway.pages(filtered(filters, limit=250)):
        yield from page.rows()
