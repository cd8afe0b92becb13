"""Endpoint ↔ row: what anyone with the tenant's key may see as JSON, what only a send may see sealed."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from hookline.model.endpoint import NO_AUTH, Auth, ClientTls, Endpoint, Secret
from hookline.model.template import Template
from hookline.storage.schema import endpoints
from hookline.storage.wall import AnyRow

COLUMNS = (
    endpoints.c.tenant_id,
    endpoints.c.id,
    endpoints.c.document,
    endpoints.c.sealed,
    endpoints.c.version,
)


class Vault(Protocol):
    """Seals bytes for one row of one tenant; elsewhere they do not open."""

    def seal(self, tenant_id: str, row_id: str, plaintext: bytes) -> bytes: ...

    def open(self, tenant_id: str, row_id: str, sealed: bytes) -> bytes: ...

    def needs_rotation(self, sealed: bytes) -> bool: ...


class _Sealed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    secrets: tuple[Secret, ...] = ()
    auth: Auth = NO_AUTH
    tls: ClientTls | None = None
    headers: dict[str, str] = {}
    settings: dict[str, Any] = {}
    template: Template | None = None
    """People write credentials into templates, as into headers."""


_APART = (*_Sealed.__struct_fields__, "version")
"""Fields that lie sealed, or have a column of their own."""
NOTHING = msgspec.json.encode(_Sealed())
_decode_document = msgspec.json.Decoder(Endpoint).decode
_decode_sealed = msgspec.json.Decoder(_Sealed).decode


def endpoint_row(endpoint: Endpoint, vault: Vault) -> Mapping[str, object]:
    """The columns that say what the endpoint is; not its version, nor what to do with what is held."""
    inner = _Sealed(**{name: getattr(endpoint, name) for name in _Sealed.__struct_fields__})
    sealed = vault.seal(endpoint.tenant_id, endpoint.id, msgspec.json.encode(inner))
    return {"sealed": sealed, **open_columns(endpoint)}


def open_columns(endpoint: Endpoint) -> Mapping[str, object]:
    """The same, without what is sealed: for a change that does not touch it."""
    fields = {name: getattr(endpoint, name) for name in endpoint.__struct_fields__ if name not in _APART}
    return {
        "document": msgspec.json.encode(fields),
        "active": endpoint.active,
        "updated_at": endpoint.updated_at,
    }


def read_endpoint(row: AnyRow, vault: Vault) -> Endpoint:
    """From COLUMNS. Raises ConfigurationError or SealBroken when the seal does not open."""
    inner = _decode_sealed(vault.open(row.tenant_id, row.id, row.sealed))
    return msgspec.structs.replace(read_document(row), **msgspec.structs.asdict(inner))


def read_document(row: AnyRow) -> Endpoint:
    """The endpoint as far as it is not sealed."""
    return msgspec.structs.replace(_decode_document(row.document), version=row.version)
