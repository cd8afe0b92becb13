"""What `hookline dev` needs before it starts: a secret key, a tenant, keys. Made once, kept in the data folder."""

import base64
import secrets
from ipaddress import ip_network

import msgspec

from hookline.cli.home import Home, read_home, write_home
from hookline.cli.local import opened
from hookline.clock import SystemClock
from hookline.config import Settings
from hookline.errors import NotFound
from hookline.model.api_key import ApiKey, Scope, new_token, token_hash, token_hint
from hookline.model.ids import Ids, TenantId
from hookline.model.tenant import Tenant
from hookline.setting_types import LogFormat
from hookline.storage.store import Store
from hookline.vault import create_key_file

TENANT = TenantId("dev")
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_INSTEAD = "It may be another `hookline dev` or `hookline serve`: stop that one, or set HOOKLINE_DATA_DIR to another folder."


def dev_settings(settings: Settings) -> Settings:
    """What only a machine for trying things out may allow."""
    text = LogFormat.TEXT if settings.log_format is LogFormat.AUTO else settings.log_format
    return msgspec.structs.replace(
        settings,
        allow_http=True,
        allow_networks=tuple(dict.fromkeys((*settings.allow_networks, *_LOOPBACK))),
        log_format=text,
    )


async def prepare(settings: Settings) -> Home:
    """The same keys and signing secret as last time, new ones where they do not fit the database (any more)."""
    if not settings.secret_key and not settings.key_file.exists():
        create_key_file(settings.key_file)
    known = read_home(settings.data_dir)
    async with opened(settings, instead=_INSTEAD) as database:
        return known if known and await _fits(database.store, known) else await _made(database.store)


def remember(settings: Settings, home: Home, address: str) -> None:
    """Other commands find it there."""
    write_home(settings.data_dir, msgspec.structs.replace(home, url=address))


async def _fits(store: Store, home: Home) -> bool:
    now = SystemClock().now()
    found = [await store.keys.find(token_hash(token)) for token in (home.api_key, home.admin_key)]
    return all(key is not None and key.lives(now) for key in found)


async def _made(store: Store) -> Home:
    clock = SystemClock()
    now = clock.now()
    try:
        await store.tenants.get(TENANT)
    except NotFound:
        tenant = Tenant(id=TENANT, name="Development", created_at=now, updated_at=now)
        await store.tenants.create(tenant)
    ids = Ids(clock)
    tokens = {}
    for scope, owner in ((Scope.MANAGE, TENANT), (Scope.ADMIN, None)):
        tokens[scope] = token = new_token()
        key = ApiKey(
            id=ids.key(), tenant_id=owner, scope=scope, name="dev", hint=token_hint(token), created_at=now
        )
        await store.keys.create(key, token_hash(token))
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    return Home(
        url="", tenant=TENANT, api_key=tokens[Scope.MANAGE], admin_key=tokens[Scope.ADMIN], secret=secret
    )
