"""Source ↔ row: what anyone with the tenant's key may see as JSON, what only verifying may see sealed."""

import hashlib
from collections.abc import Mapping

import msgspec

from hookline.model.endpoint import Secret
from hookline.model.source import Source
from hookline.storage.endpoint_rows import Vault
from hookline.storage.schema import sources
from hookline.storage.wall import AnyRow

COLUMNS = (
    sources.c.tenant_id,
    sources.c.id,
    sources.c.document,
    sources.c.sealed,
    sources.c.path,
    sources.c.version,
)
_APART = ("token", "secrets", "pending", "parameters", "path", "version")
"""Fields that have a column of their own, or lie sealed."""


class _Sealed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    token: str = ""
    secrets: tuple[Secret, ...] = ()
    pending: Secret | None = None
    parameters: dict[str, str] = {}


NOTHING = msgspec.json.encode(_Sealed())
_decode_sealed = msgspec.json.Decoder(_Sealed).decode


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def source_row(source: Source, vault: Vault) -> Mapping[str, object]:
    """The columns that say what the source is; not its version."""
    inner = _Sealed(
        token=source.token, secrets=source.secrets, pending=source.pending, parameters=source.parameters
    )
    fields = {name: getattr(source, name) for name in source.__struct_fields__ if name not in _APART}
    return {
        "sealed": vault.seal(source.tenant_id, source.id, msgspec.json.encode(inner)),
        "document": msgspec.json.encode(fields),
        "token_hash": token_hash(source.token),
        "path": source.path or None,
        "updated_at": source.updated_at,
    }


def read_source(row: AnyRow, vault: Vault) -> Source:
    """From COLUMNS. Raises ConfigurationError or SealBroken when the seal does not open."""
    inner = _decode_sealed(vault.open(row.tenant_id, row.id, row.sealed))
    values = {
        **msgspec.json.decode(row.document),
        **msgspec.structs.asdict(inner),
        "path": row.path or "",
        "version": row.version,
    }
    return msgspec.convert(values, Source)
