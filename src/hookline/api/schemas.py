"""JSON Schemas of event types: checked when saved, compiled once, asked at each publish."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import jsonschema_rs
import msgspec

from hookline.api.schema_cost import check_cost
from hookline.errors import InvalidField, InvalidJson, SchemaMismatch
from hookline.model.event_type import EventType
from hookline.model.ids import TenantId
from hookline.model.json import parse_json

MAX_SCHEMA = 64 * 1024
MAX_VALIDATORS = 1000
_REGEX_BYTES = 1 << 20


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

    def _validator(self, event_type: EventType) -> jsonschema_rs.Validator:
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


def compile_schema(source: bytes) -> jsonschema_rs.Validator:
    """Raises InvalidField. Nothing is fetched; patterns run in linear time, so none can hang."""
    try:
        return jsonschema_rs.validator_for(
            _read(source),
            mask="the value",
            validate_formats=True,
            offline=True,
            pattern_options=jsonschema_rs.RegexOptions(size_limit=_REGEX_BYTES, dfa_size_limit=_REGEX_BYTES),
        )
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise _refused(f"This is not a JSON Schema: {str(error).splitlines()[0][:300]}") from None


def check_event_type(schema: msgspec.Raw | None, example: msgspec.Raw | None) -> None:
    """Raises InvalidField for a schema that does not compile or could take too long, and for an example that does not
    fit it.
    """
    if schema is None:
        if example is not None:
            parse_json(bytes(example))
        return
    check_cost(_read(bytes(schema)))
    validator = compile_schema(bytes(schema))
    if example is None:
        return
    error = next(validator.iter_errors(parse_json(bytes(example))), None)
    if error is not None:
        where = _path(error.instance_path, "example")
        raise InvalidField(f"The example does not fit the schema: {error.message}", field=where)


def _read(source: bytes) -> dict[str, Any] | bool:
    if len(source) > MAX_SCHEMA:
        raise _refused(f"The schema is larger than {MAX_SCHEMA // 1024} KiB.")
    schema = parse_json(source)
    if not isinstance(schema, dict | bool):
        raise _refused("A JSON Schema is an object, true or false.")
    return schema


def _told(name: str, error: jsonschema_rs.ValidationError) -> SchemaMismatch:
    where = _path(error.instance_path, "data")
    return SchemaMismatch(
        f"{where}: {error.message}", hint=f"See the schema of the event type {name}.", field=where
    )


def _path(steps: Sequence[str | int], root: str) -> str:
    return root + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def _refused(detail: str) -> InvalidField:
    return InvalidField(detail, hint="See https://json-schema.org; references stay inside.", field="schema")
