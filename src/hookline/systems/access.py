"""Access: whose paths a request to a system's own API is for, and whether it may.

A key says the tenant. Where the paths are, under a host or below a prefix, must be where that tenant has them; else the
answer is that there is nothing, as it is for whoever has never heard of the system.
"""

import re
from ipaddress import ip_address
from typing import Any, NamedTuple, TypedDict, Unpack

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Guard

from hookline.api.auth import Auth, Caller
from hookline.api.faults import ABSENT
from hookline.api.parts import Parts
from hookline.api.reading import Scope, header_values
from hookline.api.rules import RULE, AnyRequest, Needs, Rule
from hookline.errors import InvalidUrl, NotFound
from hookline.model.api_key import Scope as KeyScope
from hookline.model.ids import TenantId
from hookline.model.system import EnabledSystem, System
from hookline.net.host import canonical_host

ACCESS = "hookline_access"
_PREFIX = "hookline_prefix"
_MOUNTED = "hookline_mounted"
_STEPS = re.compile(r"/([a-z0-9-]{1,64})(/(?:api|admin|webhooks)/.*)", re.DOTALL)
_BELOW = frozenset({"api", "admin", "webhooks", "v1", "in", "docs"})
_HEADERS = (b"authorization", b"hookline-tenant")
_RELAYED = (b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via", b"origin")
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class Access(NamedTuple):
    """What a handler asks for."""

    system: str
    scope: KeyScope | None
    """None: open, and whoever comes is verified by what the request holds."""
    local: bool = False
    """Open without a key to programs on this machine, if the operator says so."""
    body: type[msgspec.Struct] | None = None
    """What the handler reads from the body, for the reference."""
    beside: type[msgspec.Struct] | None = None
    """What stands in the body as it comes, and is read then."""
    query: type[msgspec.Struct] | None = None
    answer: type[msgspec.Struct] | None = None
    """Where the handler's own type does not say it."""
    conflicts: bool = False
    """It can answer 409."""


class _More(TypedDict, total=False):
    local: bool
    body: type[msgspec.Struct]
    beside: type[msgspec.Struct]
    query: type[msgspec.Struct]
    answer: type[msgspec.Struct]
    conflicts: bool


class Mounted(NamedTuple):
    """A tenant's own use of a system."""

    tenant: TenantId
    system: System
    enabled: EnabledSystem

    @property
    def zone(self) -> str:
        """Of times in answers."""
        return self.enabled.zone or "UTC"


NeedsMounted = Needs[Mounted]


class Place(NamedTuple):
    """Where a request to a system goes."""

    system: str
    host: str
    prefix: str
    known_as: str

    def is_of(self, enabled: EnabledSystem | None) -> bool:
        if enabled is None:
            return False
        named = not self.known_as or self.known_as == enabled.known_as
        return named and enabled.host in {"", self.host} and enabled.prefix == self.prefix


def place_of(scope: Scope, system: str, known_as: str = "") -> Place:
    """`scope`: as `plain` leaves it."""
    (host,) = header_values(scope, (b"host",))
    return Place(system, _name_of(host), scope.get(_PREFIX, ""), known_as)


def access(system: str, scope: KeyScope | None, **more: Unpack[_More]) -> dict[str, Any]:
    """For a handler's `opt`: the guard below decides, not that of `/v1`."""
    return {RULE: Rule(scope=None), ACCESS: Access(system, scope, **more)}


def plain(scope: Scope) -> Scope:
    """Without the step that tenants may have before a system's paths."""
    found = _STEPS.fullmatch(scope["path"])
    if found is None or found[1] in _BELOW:
        return scope
    return {**scope, "path": found[2], "raw_path": found[2].encode(), _PREFIX: found[1]}


def mounted_of(request: AnyRequest) -> Mounted:
    """What the guard found."""
    scope: dict[str, Any] = dict(request.scope)
    found: Mounted = scope[_MOUNTED]
    return found


def caller_name(request: AnyRequest) -> str:
    """Of the key that asks; empty where none does."""
    caller = request.scope.get("auth")
    return caller.key.name or caller.key.id if isinstance(caller, Caller) else ""


def make_access_guard(parts: Parts, auth: Auth) -> Guard:
    """Runs before anything of the body is read."""
    find = _Finder(parts, auth)

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        wanted = handler.opt.get(ACCESS)
        if wanted is not None and connection.scope.get("method") != "OPTIONS":
            known_as = connection.path_params.get("organization", "")
            scope: dict[str, Any] = connection.scope  # type: ignore[assignment]
            scope[_MOUNTED] = await find(scope, wanted, known_as)

    return guard


class _Finder:
    def __init__(self, parts: Parts, auth: Auth) -> None:
        self._parts = parts
        self._auth = auth
        self._local = parts.settings.open_local_api

    async def __call__(self, scope: Scope, wanted: Access, known_as: str) -> Mounted:
        """Raises Unauthorized, Forbidden, NotFound."""
        authorization, tenant = header_values(scope, _HEADERS)
        place = place_of(scope, wanted.system, known_as)
        if wanted.scope is None:
            return await self._owner(place)
        if wanted.local and self._local and not authorization and _is_local(scope, place.host):
            return await self._owner(place)
        caller = await self._auth.caller(authorization, tenant, wanted.scope)
        scope["auth"] = caller
        return await self._of_caller(caller, place)

    async def _of_caller(self, caller: Caller, place: "Place") -> Mounted:
        system = self._parts.systems[place.system]
        if caller.tenant_id is None and (place.known_as or not system.tenant):
            return await self._owner(place)
        enabled = (await self._parts.config(caller.tenant)).systems.get(place.system)
        if enabled is None or not place.is_of(enabled):
            raise _nothing(place.system)
        return Mounted(caller.tenant, system, enabled)

    async def _owner(self, place: "Place") -> Mounted:
        enabled = await self._parts.store.enabled_systems.at(*place)
        if enabled is None:
            raise _nothing(place.system)
        return Mounted(enabled.tenant_id, self._parts.systems[place.system], enabled)


def _name_of(host: bytes) -> str:
    """Without the port; empty for what is no name."""
    text = host.decode("latin-1")
    name = text.rpartition(":")[0] if re.search(r":[0-9]*$", text) else text
    try:
        return canonical_host(name)
    except InvalidUrl:
        return ""


def _is_local(scope: Scope, host: str) -> bool:
    """Fails closed. A proxy on this machine is local too, and so is a browser that a stranger's page runs in: what was
    relayed, comes from a page, or was sent to another name, needs a key.
    """
    remote = (scope.get("client") or ("",))[0]
    relayed = any(name in _RELAYED for name, _ in scope["headers"])
    try:
        return ip_address(remote).is_loopback and host in _LOCAL_NAMES and not relayed
    except ValueError:
        return False


def _nothing(system: str) -> NotFound:
    return NotFound(ABSENT, hint=f"If it should be there: hookline systems enable {system}.")
