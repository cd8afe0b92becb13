"""JSON Schemas of event types, compiled once and asked at each publish."""

from collections import OrderedDict
from typing import TYPE_CHECKING

from hookline.errors import InvalidJson, SchemaMismatch
from hookline.model.event_type import EventType
from hookline.model.ids import TenantId
from hookline.model.json import parse_json
from hookline.model.json_schema import compile_schema, path_of

if TYPE_CHECKING:
    import jsonschema_rs

MAX_VALIDATORS = 1000


class Schemas:
    """Compiled schemas; the one unused longest is forgotten first."""

    def __init__(self) -> None:
        self._compiled: OrderedDict[tuple[TenantId, str], tuple[bytes, jsonschema_rs.Validator]] = (
            OrderedDict()
        )

    def mismatch(self, event_type: EventType, data: bytes) -> SchemaMismatch | None:
        """Why `data` does not fit, or None. An event type without a schema takes everything."""
        if event_type.schema is None:
            return None
        try:
            error = next(self._validator(event_type).iter_errors(parse_json(data)), None)
        except InvalidJson as fault:
            return SchemaMismatch(f"The data cannot be read: {fault.detail}", field="data")
        except ValueError as fault:
            return SchemaMismatch(f"The data cannot be checked: {fault}", field="data")
        return None if error is None else _told(event_type.name, error)

    def _validator(self, event_type: EventType) -> "jsonschema_rs.Validator":
        key, source = (event_type.tenant_id, event_type.name), bytes(event_type.schema or b"true")
        known = self._compiled.get(key)
        if known is not None and known[0] == source:
            self._compiled.move_to_end(key)
            return known[1]
        validator = compile_schema(source)
        self._compiled[key] = (source, validator)
        if len(self._compiled) > MAX_VALIDATORS:
            self._compiled.popitem(last=False)
        return validator


def _told(name: str, error: "jsonschema_rs.ValidationError") -> SchemaMismatch:
    where = path_of(error.instance_path, "data")
    return SchemaMismatch(
        f"{where}: {error.message}", hint=f"See the schema of the event type {name}.", field=where
    )
