"""`hookline keys`: list and revoke them. `key_create` makes them."""

from typing import Annotated

from cyclopts import Parameter

from hookline.cli.asking import confirm
from hookline.cli.grid import Column, Row, column, moment
from hookline.cli.output import List, print_done, print_list
from hookline.cli.reach import FIRST, HERE, Listed, Reach, Yes, connect
from hookline.client.requests import fetch, listing, remove

KEYS = "keys"
Admin = Annotated[
    bool, Parameter(name="--admin", negative="", help="Keys that reach every tenant.", show_default=False)
]


def _state(row: Row) -> str:
    return "revoked" if row["revoked_at"] else "active"


_COLUMNS = (
    column("id", "id"),
    column("scope", "scope"),
    column("name", "name"),
    column("key", "hint"),
    Column("state", _state),
    moment("created", "created_at"),
    moment("expires", "expires_at"),
)


def list_(*, admin: Admin = False, listed: Listed = FIRST, reach: Reach = HERE) -> None:
    """List keys, oldest first, revoked ones too. Their tokens are not kept and cannot be shown.

    For example:

        hookline keys list
        hookline keys list --admin --json
    """
    wanted = List(
        request=listing(KEYS, {"limit": listed.limit}),
        columns=_COLUMNS,
        empty="There are no keys yet. Make one: hookline keys create --scope publish",
    )
    with connect(reach, admin=admin) as gateway:
        print_list(gateway, wanted, listed, reach)


def revoke(
    key: Annotated[str, Parameter(help="Its id (key_…), not the token.")],
    /,
    *,
    admin: Admin = False,
    yes: Yes = False,
    reach: Reach = HERE,
) -> None:
    """Revoke a key. Whoever uses it is refused within five seconds; it cannot be brought back.

    For example:

        hookline keys revoke key_01h…
        hookline keys revoke key_01h… --admin --yes
    """
    with connect(reach, admin=admin) as gateway:
        known = gateway.call(fetch(KEYS, key))
        confirm(f"Revoke the {known['scope']} key {known['hint']} {known['name']}?", yes=yes)
        print_done(gateway.send(remove(KEYS, key)), reach, f"Revoked {key}.")
