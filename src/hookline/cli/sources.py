"""`hookline sources`: who sends to us: list, create, show, change, delete; reveal and confirm their secrets."""

import sys
from typing import Annotated, Any

from cyclopts import Parameter

from hookline.cli.asking import confirm
from hookline.cli.exits import Exit, Failed
from hookline.cli.grid import Column, Row, column, moment, print_grid
from hookline.cli.inputs import nothing_given
from hookline.cli.output import List, print_done, print_json, print_list, print_one
from hookline.cli.reach import FIRST, HERE, Listed, Reach, Yes, connect
from hookline.cli.shelf import ProviderArgument
from hookline.cli.source_fields import BLANK, SourceFields, fields_of
from hookline.client.answers import accepted, read
from hookline.client.gateway import Gateway
from hookline.client.requests import act, change, create, fetch, listing, remove

SOURCES = "sources"
_MASK = "***"
SourceArgument = Annotated[str, Parameter(name="SOURCE", help="Its id (src_…).")]

SecretArgument = Annotated[
    str, Parameter(name="SECRET", help="Its id (sec_…), as `sources secrets` shows it.")
]


def _state(row: Row) -> str:
    return "active" if row["active"] else "off"


_COLUMNS = (
    column("id", "id"),
    Column("state", _state),
    column("provider", "provider"),
    column("name", "name"),
    column("verification", "verification"),
    Column("secrets", lambda row: len(row["secrets"]), right=True),
    column("url", "receive_url"),
)
_SECRETS = (
    column("id", "id"),
    column("secret", "value"),
    column("confirmed", "confirmed"),
    moment("created", "created_at"),
)


def list_(*, listed: Listed = FIRST, reach: Reach = HERE) -> None:
    """List sources, oldest first, with the URL that each provider sends to.

    For example:

        hookline sources list
        hookline sources list --all --json
    """
    wanted = List(
        request=listing(SOURCES, {"limit": listed.limit}),
        columns=_COLUMNS,
        empty="There are no sources yet. Create one: hookline sources create stripe --secret @secret.txt "
        "(hookline providers list shows who may send)",
    )
    with connect(reach) as gateway:
        print_list(gateway, wanted, listed, reach)


def create_source(provider: ProviderArgument, /, *, given: SourceFields = BLANK, reach: Reach = HERE) -> None:
    """Create a source, and print the URL to give to the provider.

    For example:

        hookline sources create stripe --name billing --secret @stripe-secret.txt
        hookline sources create calcom --secret - --type BOOKING_CREATED=appointment.created
        hookline sources create generic --parameter header=X-Signature --secret s3cret --path shop
    """
    with connect(reach) as gateway:
        answer = gateway.send(create(SOURCES, fields_of(given) | {"provider": provider}))
        made: dict[str, Any] = read(answer)
        url = receive_url(made, gateway)
    print_one(answer, reach)
    if not reach.json:
        print(f"Give this URL to {provider}: {url}", file=sys.stderr)
        print(f"Try it: hookline send --source {made['id']}", file=sys.stderr)


def show(source: SourceArgument, /, *, reach: Reach = HERE) -> None:
    """Show a source: every field, its secrets' ends.

    For example:

        hookline sources show src_01h…
        hookline sources show src_01h… --json
    """
    with connect(reach) as gateway:
        print_one(gateway.send(fetch(SOURCES, source)), reach)


def update(source: SourceArgument, /, *, given: SourceFields = BLANK, reach: Reach = HERE) -> None:
    """Change a source; what is not given stays. `--set FIELD=null` brings back a default.

    Secrets are replaced whole: to rotate, give the new one and the old one, later the new one alone.

    For example:

        hookline sources update src_01h… --secret @new.txt --secret @old.txt
        hookline sources update src_01h… --required --tolerance 600
        hookline sources update src_01h… --set active=false
    """
    fields = fields_of(given)
    if not fields:
        raise nothing_given("--secret, --name, --type, --set")
    with connect(reach) as gateway:
        print_one(gateway.send(change(SOURCES, source, fields)), reach)


def delete(source: SourceArgument, /, *, yes: Yes = False, reach: Reach = HERE) -> None:
    """Delete a source: its secrets are wiped, what comes to its URL is refused. Its receipts and events stay.

    For example:

        hookline sources delete src_01h…
        hookline sources delete src_01h… --yes
    """
    with connect(reach) as gateway:
        known = gateway.call(fetch(SOURCES, source))
        named = " ".join(part for part in (known["provider"], known["name"]) if part)
        confirm(f"Delete the source {source} ({named})? What it sends from now on is refused.", yes=yes)
        print_done(gateway.send(remove(SOURCES, source)), reach, f"Deleted {source}.")


def secrets(source: SourceArgument, /, *, reach: Reach = HERE) -> None:
    """Reveal the secrets, the newest first, also one that the provider told. The server logs that it was asked.

    For example:

        hookline sources secrets src_01h…
        hookline sources secrets src_01h… --json
    """
    with connect(reach) as gateway:
        answer = gateway.send(fetch(SOURCES, source, "secrets"))
    if reach.json:
        print_json(accepted(answer))
        return
    rows = read(answer)["items"]
    if rows:
        print_grid(_SECRETS, rows)
    else:
        print(f"It has none. Give one: hookline sources update {source} --secret @file", file=sys.stderr)


def confirm_secret(source: SourceArgument, secret: SecretArgument, /, *, reach: Reach = HERE) -> None:
    """Confirm the secret that the provider told in a handshake: from now on it counts.

    Anybody who knows the URL can tell one: compare it with what the provider shows.

    For example:

        hookline sources secrets src_01h…
        hookline sources confirm src_01h… sec_01h…
    """
    with connect(reach) as gateway:
        print_done(
            gateway.send(act(SOURCES, source, "confirm", {"secret_id": secret})),
            reach,
            f"Confirmed: {source} verifies with the secret that its provider told.",
        )


def receive_url(source: dict[str, Any], gateway: Gateway) -> str:
    """Where the provider sends to. Without a public URL the gateway names only the path. Raises Failed."""
    url = str(source["receive_url"])
    if url.endswith(_MASK):
        raise Failed(
            "This key may not see the source's URL.",
            hint="Take a key of the scope manage.",
            exit_code=Exit.AUTH,
        )
    return f"{gateway.url}{url}" if url.startswith("/") else url
