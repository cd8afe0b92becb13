"""`hookline records`: the objects of a system as they are now; saving one publishes what has changed."""

import sys
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from hookline.cli.asking import confirm
from hookline.cli.exits import Exit, Failed
from hookline.cli.grid import column, moment
from hookline.cli.inputs import data_of
from hookline.cli.output import List, print_done, print_json, print_list, print_one
from hookline.cli.reach import FIRST, HERE, Listed, Reach, Yes, connect
from hookline.cli.text import clean
from hookline.client.answers import Answer, accepted, read
from hookline.client.gateway import Gateway
from hookline.client.requests import change, fetch, in_system, listing, put, remove

RECORDS = "records"
TypeArgument = Annotated[str, Parameter(name="TYPE", help="As ticket: `hookline systems show` lists them.")]
IdArgument = Annotated[str, Parameter(name="ID", help="Its id, in the words of whoever keeps it.")]
Data = Annotated[
    str,
    Parameter(
        name=["--data", "-d"],
        help="A JSON object, @file, or - for standard input.",
        allow_leading_hyphen=True,
    ),
]
OfSystem = Annotated[
    str,
    Parameter(
        name="--system", help="Its system, where several have records of this type.", show_default=False
    ),
]
_COLUMNS = (
    column("id", "id"),
    column("version", "version", right=True),
    moment("due", "due_at"),
    moment("updated", "updated_at"),
)


def list_(
    record_type: TypeArgument, /, *, system: OfSystem = "", listed: Listed = FIRST, reach: Reach = HERE
) -> None:
    """List the records of a type, by id.

    For example:

        hookline records list ticket
        hookline records list contact --system urpa --json
    """
    wanted = List(
        request=listing(f"{RECORDS}/{record_type}", {"limit": listed.limit, "system": system}),
        columns=_COLUMNS,
        empty=f"There are none yet. Save one: hookline records put {record_type} ID --data @state.json",
    )
    with connect(reach) as gateway:
        print_list(gateway, wanted, listed, reach)


def show(
    record_type: TypeArgument,
    record_id: IdArgument,
    /,
    *,
    system: OfSystem = "",
    reach: Reach = HERE,
) -> None:
    """Show a record.

    For example:

        hookline records show ticket t1
    """
    with connect(reach) as gateway:
        print_one(gateway.send(in_system(fetch(f"{RECORDS}/{record_type}", record_id), system)), reach)


def put_record(
    record_type: TypeArgument,
    record_id: IdArgument,
    /,
    *,
    data: Data,
    system: OfSystem = "",
    reach: Reach = HERE,
) -> None:
    """Save a record: its whole state. What has changed is published with it.

    For example:

        hookline records put ticket t1 --data @ticket.json
        hookline records put contact c1 --system urpa --data '{"id": "c1", "name": "Ana Ruiz"}'
    """
    request = put(f"{RECORDS}/{record_type}", record_id, _object(data))
    with connect(reach) as gateway:
        _print(gateway.send(in_system(request, system)), reach)


def patch_record(
    record_type: TypeArgument,
    record_id: IdArgument,
    /,
    *,
    data: Data,
    system: OfSystem = "",
    reach: Reach = HERE,
) -> None:
    """Change fields of a record: a merge patch (RFC 7396). What has changed is published with it.

    For example:

        hookline records patch ticket t1 --data '{"status": "resolved"}'
    """
    request = change(f"{RECORDS}/{record_type}", record_id, _object(data))
    with connect(reach) as gateway:
        _print(gateway.send(in_system(request, system)), reach)


def delete(
    record_type: TypeArgument,
    record_id: IdArgument,
    /,
    *,
    system: OfSystem = "",
    yes: Yes = False,
    reach: Reach = HERE,
) -> None:
    """Delete a record, and its deadlines with it. That makes no event; those that it has made stay.

    For example:

        hookline records delete ticket t1
    """
    with connect(reach) as gateway:
        _delete(gateway, f"{RECORDS}/{record_type}", record_id, system=system, yes=yes, reach=reach)


def _delete(
    gateway: Gateway, collection: str, record_id: str, *, system: str, yes: bool, reach: Reach
) -> None:
    gateway.call(in_system(fetch(collection, record_id), system))
    confirm(f"Delete the {collection.removeprefix(f'{RECORDS}/')} {record_id}?", yes=yes)
    print_done(gateway.send(in_system(remove(collection, record_id), system)), reach, f"Deleted {record_id}.")


def _object(data: str) -> dict[str, Any]:
    """Raises Failed."""
    try:
        return dict(msgspec.json.decode(data_of(data), type=dict[str, msgspec.Raw]))
    except msgspec.ValidationError:
        raise Failed(
            "A state is a JSON object.",
            hint='Write it as {"id": "1", "status": "new"}.',
            exit_code=Exit.USAGE,
        ) from None


def _print(answer: Answer, reach: Reach) -> None:
    if reach.json:
        print_json(accepted(answer))
        return
    saved = read(answer)
    if not saved["changed"]:
        print(f"{clean(saved['id'])} was so before: nothing is published.")
        return
    print(f"Saved {clean(saved['type'])} {clean(saved['id'])}, version {saved['version']}.")
    for event in saved["events"]:
        print(f"  {clean(event['type'])}  {event['id']}")
    for failure in saved["failures"]:
        print(f"warning: {clean(failure['event'])} is not made: {clean(failure['reason'])}", file=sys.stderr)
