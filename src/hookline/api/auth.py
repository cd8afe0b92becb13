"""Who calls, and what they may do: bearer keys, their scopes, and the one tenant that a request is about."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from hookline.clock import Clock
from hookline.errors import BadRequest, Forbidden, Unauthorized
from hookline.model.api_key import ApiKey, Scope, token_hash
from hookline.model.ids import TenantId
from hookline.storage.directory import Directory
from hookline.storage.keys import Keys

KEPT = 4.0
"""Seconds for which a look at a key is believed: revoked keys stop on all nodes within five."""
MAX_KEPT = 10_000
TENANT_HEADER = "Hookline-Tenant"
ALLOWED: Mapping[Scope, frozenset[Scope]] = MappingProxyType(
    {
        Scope.ADMIN: frozenset({Scope.ADMIN}),
        Scope.MANAGE: frozenset({Scope.ADMIN, Scope.MANAGE}),
        Scope.PUBLISH: frozenset({Scope.ADMIN, Scope.MANAGE, Scope.PUBLISH}),
        Scope.READ: frozenset({Scope.ADMIN, Scope.MANAGE, Scope.READ}),
    }
)
"""What a route asks for → the keys that may. A `publish` key reads nothing, not even what it published."""

_BEARER = b"bearer "


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    key: ApiKey
    tenant_id: TenantId | None
    """None: an admin key that named no tenant."""

    @property
    def tenant(self) -> TenantId:
        if self.tenant_id is None:
            raise BadRequest(
                "An admin key must name the tenant.",
                hint=f"Send the header `{TENANT_HEADER}: ID`.",
                field=TENANT_HEADER,
            )
        return self.tenant_id


class Auth:
    def __init__(self, keys: Keys, directory: Directory, clock: Clock) -> None:
        self._keys = keys
        self._directory = directory
        self._clock = clock
        self._known: dict[str, tuple[float, ApiKey | None]] = {}
        self._looks: dict[str, asyncio.Task[ApiKey | None]] = {}

    async def caller(self, authorization: bytes, tenant: bytes, scope: Scope) -> Caller:
        """From the values of both headers, empty where absent. Raises Unauthorized, Forbidden, NotFound for the tenant."""
        key = await self._key(authorization)
        if key.scope not in ALLOWED[scope]:
            raise Forbidden(
                f"A key of scope {key.scope} may not do this.", hint=f"Use a key of scope {scope}."
            )
        named = TenantId(tenant.decode("latin-1")) if tenant else None
        if key.tenant_id is None:
            if named is not None:
                await self._directory.at_least(named)
            return Caller(key=key, tenant_id=named)
        if named is not None and named != key.tenant_id:
            raise Forbidden(
                f"This key belongs to one tenant, which is not the one that {TENANT_HEADER} names.",
                hint="Leave the header out.",
            )
        return Caller(key=key, tenant_id=key.tenant_id)

    def forget(self) -> None:
        """Look at every key again: one was revoked here, or a tenant deleted."""
        self._known.clear()

    async def _key(self, authorization: bytes) -> ApiKey:
        if authorization[:7].lower() != _BEARER:
            raise Unauthorized(
                "The request has no API key.",
                hint="Send the header `Authorization: Bearer hk_…`.",
                field="Authorization",
            )
        digest = token_hash(authorization[7:].strip().decode("latin-1"))
        known = self._known.get(digest)
        if known is None or known[0] <= self._clock.monotonic():
            key = await self._look(digest)
        else:
            key = known[1]
        if key is None or not key.lives(self._clock.now()):
            raise Unauthorized(
                "This API key is not known, or not any more.",
                hint="Check that it is whole, and neither revoked nor expired.",
                field="Authorization",
            )
        return key

    async def _look(self, digest: str) -> ApiKey | None:
        """One look for all who ask at once; shielded, so that one who leaves takes nobody along."""
        look = self._looks.get(digest)
        if look is None:
            look = asyncio.get_running_loop().create_task(self._find(digest))
            self._looks[digest] = look
            look.add_done_callback(lambda done: self._looked(digest, done))
        return await asyncio.shield(look)

    async def _find(self, digest: str) -> ApiKey | None:
        begun = self._clock.monotonic()
        key = await self._keys.find(digest)
        if len(self._known) >= MAX_KEPT:
            self._known.clear()
        self._known[digest] = (begun + KEPT, key)
        return key

    def _looked(self, digest: str, look: "asyncio.Task[ApiKey | None]") -> None:
        self._looks.pop(digest, None)
        if not look.cancelled():
            look.exception()  # its waiters may all have left
