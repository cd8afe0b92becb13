"""JSON Schemas: checked before they are kept, compiled so that none can hang the one who asks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from hookline.errors import InvalidField
from hookline.late import Late
from hookline.model.json import parse_json
from hookline.model.schema_cost import check_cost

if TYPE_CHECKING:
    import jsonschema_rs
else:
    jsonschema_rs = Late("jsonschema_rs")

MAX_SCHEMA = 64 * 1024
_REGEX_BYTES = 1 << 20


def compile_schema(source: bytes) -> "jsonschema_rs.Validator":
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
        where = path_of(error.instance_path, "example")
        raise InvalidField(f"The example does not fit the schema: {error.message}", field=where)


def _read(source: bytes) -> dict[str, Any] | bool:
    if len(source) > MAX_SCHEMA:
        raise _refused(f"The schema is larger than {MAX_SCHEMA // 1024} KiB.")
    schema = parse_json(source)
    if not isinstance(schema, dict | bool):
        raise _refused("A JSON Schema is an object, true or false.")
    return schema


def path_of(steps: Sequence[str | int], root: str) -> str:
    return root + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def _refused(detail: str) -> InvalidField:
    return InvalidField(detail, hint="See https://json-schema.org; references stay inside.", field="schema")
