"""A schema that could keep the checker busy for long is refused; what people write is not."""

import json
import time
from typing import Any

import pytest

from hookline.errors import InvalidField
from hookline.model.json_schema import MAX_SCHEMA
from hookline.model.schema_cost import MAX_PARTS, check_cost
from tests.api.conftest import Keys
from tests.api.running import Running

NODE = {"$ref": "#/$defs/node"}
TREE: dict[str, Any] = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "left": NODE,
                "right": {"anyOf": [{"type": "null"}, NODE]},
            },
            "additionalProperties": False,
        }
    },
}
JSON = {"items": {"$ref": "#"}, "additionalProperties": {"$ref": "#"}}


def doubling(levels: int) -> dict[str, Any]:
    """Two references at each level: 2^levels looks."""
    names = [{"$ref": f"#/$defs/a{level}"} for level in range(levels + 1)]
    defs = {f"a{level}": {"allOf": [names[level + 1]] * 2} for level in range(levels)}
    return {**names[0], "$defs": {**defs, f"a{levels}": {"type": "string"}}}


def wrapped(schema: dict[str, Any], levels: int) -> dict[str, Any]:
    for _ in range(levels):
        schema = {"unevaluatedProperties": True, "allOf": [schema]}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        TREE,
        JSON,
        doubling(8),
        {"$id": "https://example.com/s", "items": {"$ref": "https://example.com/s"}},
        {"items": {"$ref": "#here"}, "$defs": {"x": {"$anchor": "here", "type": "integer"}}},
        {"properties": {"id": {"type": "string"}, "$id": {"type": "string"}, "$ref": {"type": "string"}}},
        {"properties": {"a": {"$ref": "#/properties/b~1c%25"}, "b/c%": {"type": "null"}}},
        {"properties": {f"field_{number}": {"type": "string"} for number in range(1000)}},
        {"properties": {"children": {"items": {"$ref": "#"}}}, "unevaluatedProperties": False},
        {"enum": [{"$ref": "http://127.0.0.1/"}]},
    ],
)
def test_what_people_write_is_taken(schema: object) -> None:
    check_cost(schema)


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (doubling(20), "steps"),
        (doubling(100), "steps"),
        ({"allOf": [{"items": {"$ref": "#"}}, {"items": {"$ref": "#"}}]}, "steps"),
        ({"items": {"$ref": "#"}, "contains": {"$ref": "#"}}, "steps"),
        ({"patternProperties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}}, "steps"),
        ({"properties": {"a": {"$ref": "#"}}, "patternProperties": {"a": {"$ref": "#"}}}, "steps"),
        ({"contains": {"$ref": "#"}, "unevaluatedItems": False}, "steps"),
        (wrapped({"type": "object"}, 20), "steps"),
        ({"$ref": "#"}, "refers to itself"),
        ({"anyOf": [{"type": "null"}, {"not": {"$ref": "#"}}]}, "refers to itself"),
        ({"properties": {str(number): {} for number in range(MAX_PARTS)}}, "parts"),
        ({"items": {"$dynamicRef": "#x"}}, "dynamicRef"),
        ({"items": {"$id": "https://example.com/", "$ref": "#/$defs/a"}}, "\\$id"),
        ({"$ref": "#/$defs/x/$defs/y", "$defs": {"x": {"$id": "u:x", "$defs": {"y": {}}}}}, "\\$id"),
        ({"$ref": "#/$defs/x"}, "nowhere"),
        ({"$ref": "#/allOf/x", "allOf": [{}]}, "nowhere"),
        ({"$ref": "https://json-schema.org/draft/2020-12/schema"}, "out of the schema"),
        ({"$defs": {"a": {"$anchor": "x"}, "b": {"$anchor": "x"}}}, "twice"),
    ],
)
def test_what_could_take_too_long_is_refused_with_the_reason(schema: object, why: str) -> None:
    with pytest.raises(InvalidField, match=why) as told:
        check_cost(schema)
    assert told.value.field == "schema"


def test_a_chain_of_references_as_long_as_a_schema_may_be_is_refused_or_taken_at_once() -> None:
    chain = {f"a{n}": {"$ref": f"#/$defs/a{n + 1}"} for n in range(1500)} | {"a1500": {}}
    schema = {"$ref": "#/$defs/a0", "$defs": chain}
    assert len(json.dumps(schema)) < MAX_SCHEMA
    with pytest.raises(InvalidField, match="chain"):
        check_cost(schema)


def test_the_look_itself_is_short() -> None:
    """Also for many parts that all take part in a recursion."""
    parts = {f"p{n}": {"items": {"$ref": f"#/$defs/p{(n + 1) % 900}"}} for n in range(900)}
    began = time.process_time()
    check_cost({"$ref": "#/$defs/p0", "$defs": parts})
    assert time.process_time() - began < 2


async def test_a_slow_schema_is_not_stored(light: Running, light_keys: Keys) -> None:
    """Nothing of it is compiled or kept."""
    path = "/v1/event-types/call.started"
    told = await light.call("PUT", path, light_keys["manage"], json={"schema": doubling(60), "example": "x"})
    assert (told.status, told.code, told.json["field"]) == (422, "invalid_field", "schema")
    assert (await light.call("GET", path, light_keys["read"])).status == 404
    taken = await light.call(
        "PUT", path, light_keys["manage"], json={"schema": TREE, "example": {"left": {}}}
    )
    assert taken.status == 201
