"""Who calls, and what they may do: bearer keys, their scopes, and the one tenant that a request is about."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from hookline.api.kept import Kept
from hookline.clock import Clock
from hookline.errors import BadRequest, Forbidden, Unauthorized
from hookline.model.api_key import ApiKey, Scope, token_hash
from hookline.model.ids import TenantId
from hookline.storage.keys import Keys
from hookline.storage.tenants import Tenants

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
    def __init__(self, keys: Keys, tenants: Tenants, clock: Clock) -> None:
        self._keys = Kept(keys.find, clock)
        self._tenants = Kept(lambda named: tenants.version(TenantId(named)), clock)
        self._clock = clock

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
                await self._tenants.get(named)
            return Caller(key=key, tenant_id=named)
        if named is not None and named != key.tenant_id:
            raise Forbidden(
                f"This key belongs to one tenant, which is not the one that {TENANT_HEADER} names.",
                hint="Leave the header out.",
            )
        return Caller(key=key, tenant_id=key.tenant_id)

    def known(self, authorization: bytes, tenant: bytes, scope: Scope) -> ApiKey | None:
        """The key of a caller who may do this to its own tenant, where nothing has to be looked up for that. None says
        nothing: `caller` decides, and says why.
        """
        key = self._keys.peek(token_hash(_token(authorization)))
        if key is None or key.tenant_id is None or authorization[:7].lower() != _BEARER:
            return None
        fits = key.scope in ALLOWED[scope] and key.lives(self._clock.now())
        return key if fits and (not tenant or tenant == key.tenant_id.encode()) else None

    def forget(self) -> None:
        """Look at every key and tenant again: one was revoked or deleted here."""
        self._keys.forget()
        self._tenants.forget()

    async def _key(self, authorization: bytes) -> ApiKey:
        if authorization[:7].lower() != _BEARER:
            raise Unauthorized(
                "The request has no API key.",
                hint="Send the header `Authorization: Bearer hk_…`.",
                field="Authorization",
            )
        key = await self._keys.get(token_hash(_token(authorization)))
        if key is None or not key.lives(self._clock.now()):
            raise Unauthorized(
                "This API key is not known, or not any more.",
                hint="Check that it is whole, and neither revoked nor expired.",
                field="Authorization",
            )
        return key


def _token(authorization: bytes) -> str:
    return authorization[7:].strip().decode("latin-1")
