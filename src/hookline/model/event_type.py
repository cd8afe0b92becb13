"""EventType: a name in the catalogue, with description, JSON Schema, example and deprecation."""

from enum import StrEnum

import msgspec

from hookline.clock import Micros
from hookline.model.ids import TenantId


class Enforcement(StrEnum):
    """What happens to data that does not fit the schema: nothing, a warning in the answer, or a refusal."""

    OFF = "off"
    WARN = "warn"
    ENFORCE = "enforce"


class EventType(msgspec.Struct, frozen=True, kw_only=True):
    tenant_id: TenantId
    name: str
    description: str = ""
    schema: msgspec.Raw | None = None
    """A JSON Schema, as it came."""
    enforcement: Enforcement = Enforcement.OFF
    example: msgspec.Raw | None = None
    deprecated: bool = False
    created_at: Micros
    updated_at: Micros
