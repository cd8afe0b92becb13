"""`hookline tenants`: the walls between customers. All of it asks for an admin key."""

import dataclasses
from typing import Annotated, Any

from cyclopts import Parameter

from hookline.cli.asking import confirm, counted
from hookline.cli.grid import column, moment
from hookline.cli.inputs import nothing_given, pairs
from hookline.cli.output import List, print_done, print_list, print_one
from hookline.cli.reach import FIRST, HERE, Listed, Reach, Yes, connect
from hookline.client.requests import change, create, fetch, listing, remove

TENANTS = "tenants"
Metadata = Annotated[
    tuple[str, ...],
    Parameter(name="--metadata", negative="", help="NAME=VALUE, of your own.", show_default=False),
]
TenantArgument = Annotated[str, Parameter(help="Its id.")]
_COLUMNS = (column("id", "id"), column("name", "name"), moment("created", "created_at"))


def list_(*, listed: Listed = FIRST, reach: Reach = HERE) -> None:
    """List tenants, oldest first.

    For example:

        hookline tenants list
        hookline tenants list --all --json
    """
    wanted = List(
        request=listing(TENANTS, {"limit": listed.limit}),
        columns=_COLUMNS,
        empty="There are no tenants yet. Create one: hookline tenants create --name NAME",
    )
    with connect(reach, admin=True) as gateway:
        print_list(gateway, wanted, listed, reach)


def create_tenant(
    *,
    own_id: Annotated[
        str, Parameter(name="--id", help="Your own id for it; else one is made.", show_default=False)
    ] = "",
    name: Annotated[str, Parameter(help="For people.", show_default=False)] = "",
    metadata: Metadata = (),
    reach: Reach = HERE,
) -> None:
    """Create a tenant.

    For example:

        hookline tenants create --id acme --name "ACME Ltd"
        hookline tenants create --name Wayne --metadata plan=gold
    """
    fields: dict[str, Any] = {"name": name, "metadata": pairs(metadata, "--metadata")}
    with connect(reach, admin=True) as gateway:
        print_one(gateway.send(create(TENANTS, fields | ({"id": own_id} if own_id else {}))), reach)


def show(tenant: TenantArgument, /, *, reach: Reach = HERE) -> None:
    """Show a tenant.

    For example:

        hookline tenants show acme
    """
    with connect(reach, admin=True) as gateway:
        print_one(gateway.send(fetch(TENANTS, tenant)), reach)


def change_tenant(
    tenant: TenantArgument,
    /,
    *,
    name: Annotated[str | None, Parameter(help="For people.")] = None,
    metadata: Metadata = (),
    reach: Reach = HERE,
) -> None:
    """Change a tenant's name or metadata; what is not given stays.

    For example:

        hookline tenants change acme --name "ACME Corporation"
        hookline tenants change acme --metadata plan=silver
    """
    fields: dict[str, Any] = {} if name is None else {"name": name}
    if metadata:
        fields["metadata"] = pairs(metadata, "--metadata")
    if not fields:
        raise nothing_given("--name, --metadata")
    with connect(reach, admin=True) as gateway:
        print_one(gateway.send(change(TENANTS, tenant, fields)), reach)


def delete(tenant: TenantArgument, /, *, yes: Yes = False, reach: Reach = HERE) -> None:
    """Delete a tenant with everything that is its own.

    Its keys stop at once; its endpoints, events and deliveries cannot be brought back.

    For example:

        hookline tenants delete acme
        hookline tenants delete acme --yes
    """
    inside = dataclasses.replace(reach, tenant=tenant)
    with connect(inside, admin=True) as gateway:
        name = gateway.call(fetch(TENANTS, tenant))["name"] or tenant
        counts = [counted(gateway, collection) for collection in ("endpoints", "keys", "events")]
        confirm(f"Delete the tenant {name} with its {' and '.join(counts)}?", yes=yes)
        print_done(gateway.send(remove(TENANTS, tenant)), reach, f"Deleted {tenant}.")
