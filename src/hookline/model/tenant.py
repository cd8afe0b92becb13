"""Tenant: the wall. A company, organisation or application; everything below belongs to one."""

import msgspec

from hookline.clock import Micros
from hookline.model.ids import TenantId

Metadata = dict[str, str]
"""Up to 50 keys of the user's own; kept and shown, never read."""


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    id: TenantId
    name: str
    metadata: Metadata = {}
    created_at: Micros
    updated_at: Micros
