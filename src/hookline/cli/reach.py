"""Reach: the options that every command of the API shares, and the gateway that they lead to."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Group, Parameter

from hookline.address import address_of
from hookline.cli.exits import Exit, Failed
from hookline.cli.home import read_home
from hookline.cli.settings import settings_of
from hookline.client.gateway import Gateway
from hookline.config import Settings

GATEWAY = Group("Gateway", sort_key=2)
Config = Annotated[
    Path | None,
    Parameter(name="--config", group=GATEWAY, help="A TOML file of settings.", show_default=False),
]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Reach:
    """Where the gateway is, and who asks."""

    json: Annotated[
        bool, Parameter(group=GATEWAY, negative="", help="Print what the API answered.", show_default=False)
    ] = False
    tenant: Annotated[
        str, Parameter(group=GATEWAY, help="The tenant to act for, with an admin key.", show_default=False)
    ] = ""
    gateway: Annotated[
        str,
        Parameter(group=GATEWAY, help="The URL where Hookline runs; else HOOKLINE_URL.", show_default=False),
    ] = ""
    config: Config = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Listed:
    """How much of a list."""

    limit: Annotated[int, Parameter(help="How many at most.")] = 50
    everything: Annotated[
        bool, Parameter(name="--all", negative="", help="Every page of the list.", show_default=False)
    ] = False


HERE, FIRST = Reach(), Listed()
Yes = Annotated[
    bool, Parameter(name="--yes", alias="-y", negative="", help="Do not ask.", show_default=False)
]


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    api_key: str


def connect(reach: Reach, *, admin: bool = False, timeout: float = 30.0) -> Gateway:
    """`admin`: for what only an admin key may do. Raises Failed when no key is known."""
    profile = profile_of(settings_of(reach.config), url=reach.gateway, admin=admin)
    return _gateway(profile, reach.tenant, timeout)


def _gateway(profile: Profile, tenant: str, timeout: float) -> Gateway:
    try:
        return Gateway(profile.url, profile.api_key, tenant=tenant, timeout=timeout)
    except ValueError as error:
        raise Failed(
            f"The URL of the gateway {error}.", hint="See HOOKLINE_URL and --gateway.", exit_code=Exit.USAGE
        ) from None


def profile_of(settings: Settings, *, url: str = "", admin: bool = False) -> Profile:
    """Settings decide. Where they name no gateway and no key, `hookline dev` of the same data folder is meant."""
    key, where = settings.api_key.reveal(), url or settings.url
    home = None if key or where else read_home(settings.data_dir)
    if home is not None:
        return Profile(url=home.url, api_key=home.admin_key if admin else home.api_key)
    if not key:
        raise Failed(
            "There is no API key.",
            hint="Set HOOKLINE_API_KEY. The first one comes from `hookline keys create --admin` while no server runs.",
            exit_code=Exit.AUTH,
        )
    return Profile(url=where or address_of(settings.host, settings.port), api_key=key)


def has_profile(settings: Settings, reach: Reach) -> bool:
    """Whether a key is known that could be shown to a gateway."""
    if settings.api_key:
        return True
    return not (reach.gateway or settings.url) and read_home(settings.data_dir) is not None
