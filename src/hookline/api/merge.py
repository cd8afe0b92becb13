"""JSON merge patch (RFC 7396): what is left out stays, null resets to the default, objects merge."""

from collections.abc import Mapping
from typing import Any

import msgspec

from hookline.api.body import unknown_field
from hookline.errors import InvalidJson
from hookline.model.json import parse_json

KIND = "kind"


def decode_patch(body: bytes, kind: type[msgspec.Struct]) -> Mapping[str, Any]:
    """The members of a patch for a `kind`. Raises UnknownField; the values are checked once merged."""
    patch = parse_json(body or b" ")
    if not isinstance(patch, dict):
        raise InvalidJson("A merge patch is a JSON object.", hint='Send one like {"active": false}.')
    known = kind.__struct_encode_fields__
    for name in patch:
        if name not in known:
            raise unknown_field(name, list(known))
    return patch


def merged(target: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Where an object changes its `kind`, its other members belong to the old one and go: one step beyond the RFC."""
    result = dict(target)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            result[name] = merged(_before(result.get(name), value), value)
        else:
            result[name] = value
    return result


def _before(value: object, patch: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(value, dict) or patch.get(KIND, value.get(KIND)) != value.get(KIND):
        return {}
    return value
