"""`hookline keys create`: through the API; the first admin key on the database itself, while no server runs."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Parameter

from hookline.cli.exits import Exit, Failed
from hookline.cli.inputs import seconds
from hookline.cli.keys import KEYS, Admin
from hookline.cli.local import ensure_key, opened
from hookline.cli.output import print_json
from hookline.cli.reach import HERE, Reach, connect, has_profile
from hookline.cli.settings import settings_of
from hookline.client.answers import Answer, accepted, read
from hookline.client.requests import create
from hookline.clock import SECOND, Micros, SystemClock
from hookline.config import Settings
from hookline.model.api_key import ApiKey, Scope, new_token, token_hash, token_hint
from hookline.model.ids import Ids

_INSTEAD = (
    "While a server runs, keys are made through it: set HOOKLINE_API_KEY to an admin key. "
    "Is none left? Stop the server and run this again."
)


def create_key(
    *,
    scope: Annotated[
        Literal["manage", "publish", "read"] | None, Parameter(help="What it may do in its tenant.")
    ] = None,
    admin: Admin = False,
    name: Annotated[str, Parameter(help="For people.", show_default=False)] = "",
    expires: Annotated[str, Parameter(help="After this time: 24h, 90d.", show_default=False)] = "",
    reach: Reach = HERE,
) -> None:
    """Make a key; it is shown this once, alone on standard output.

    With --admin and no key at hand it is written into the database itself: that is how the first one is made.
    On SQLite no server may run meanwhile.

    For example:

        export HOOKLINE_API_KEY=$(hookline keys create --admin --name me)
        hookline keys create --scope publish --tenant acme --name shop
        hookline keys create --scope read --expires 90d
    """
    if admin == (scope is not None):
        raise Failed(
            "Give either --admin or --scope.",
            hint="--admin reaches every tenant; --scope manage, publish or read one.",
            exit_code=Exit.USAGE,
        )
    fields: dict[str, Any] = {"scope": scope or "admin", "name": name}
    if expires:
        until = datetime.now(UTC) + timedelta(seconds=seconds(expires, "--expires"))
        fields["expires_at"] = until.isoformat()
    settings = settings_of(reach.config)
    if admin and not has_profile(settings, reach):
        answer = asyncio.run(_first(settings, name, expires))
    else:
        with connect(reach, admin=admin or bool(reach.tenant)) as gateway:
            answer = gateway.send(create(KEYS, fields))
    _print(answer, reach)


def _print(answer: Answer, reach: Reach) -> None:
    body = accepted(answer)
    if reach.json:
        print_json(body)
        return
    key = read(answer)
    print(f"Made the {key['scope']} key {key['id']}. It is shown this once:", file=sys.stderr)
    print(key["token"])


async def _first(settings: Settings, name: str, expires: str) -> Answer:
    """As the API would make and answer it."""
    if ensure_key(settings):
        print(f"Made {settings.key_file}: it seals secrets at rest. Keep a copy.", file=sys.stderr)
    clock, token = SystemClock(), new_token()
    now = clock.now()
    key = ApiKey(
        id=Ids(clock).key(),
        tenant_id=None,
        scope=Scope.ADMIN,
        name=name,
        hint=token_hint(token),
        created_at=now,
        expires_at=Micros(now + int(seconds(expires, "--expires") * SECOND)) if expires else None,
    )
    async with opened(settings, instead=_INSTEAD) as database:
        await database.store.keys.create(key, token_hash(token))
    told = {"token": token, **msgspec.to_builtins(key)}
    for name_ in ("created_at", "expires_at", "revoked_at"):
        told[name_] = None if told[name_] is None else _iso(told[name_])
    return Answer(status=201, body=msgspec.json.encode(told))


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at / SECOND, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
