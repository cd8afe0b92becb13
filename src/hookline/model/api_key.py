"""ApiKey: who may do what. The token is shown once; only its SHA-256 is stored."""

import hashlib
import secrets
from enum import StrEnum

import msgspec

from hookline.clock import Micros
from hookline.model.ids import KeyId, TenantId

PREFIX = "hk_"


class Scope(StrEnum):
    """`admin` reaches all tenants; the others one. `manage` ⊃ `publish` ⊃ nothing; `manage` ⊃ `read`."""

    ADMIN = "admin"
    MANAGE = "manage"
    PUBLISH = "publish"
    READ = "read"


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    id: KeyId
    tenant_id: TenantId | None
    """None for an admin key, which names the tenant in the header `Hookline-Tenant`."""
    scope: Scope
    name: str = ""
    hint: str
    """The token's first letters and last four, to recognise it by."""
    created_at: Micros
    expires_at: Micros | None = None
    revoked_at: Micros | None = None

    def lives(self, now: Micros) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def new_token() -> str:
    """256 random bits behind a prefix that secret scanners can find."""
    return PREFIX + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """A plain SHA-256 is enough for 256 random bits: there is nothing to guess."""
    return hashlib.sha256(token.encode()).hexdigest()


def token_hint(token: str) -> str:
    return f"{token[:6]}…{token[-4:]}"
