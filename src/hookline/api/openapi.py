"""The OpenAPI 3.1 document, read from the routes themselves: their rules, their nouns, their sentences."""

import http
import re
import typing
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler

from hookline import __version__
from hookline.api.examples import EXAMPLES
from hookline.api.field_docs import FieldDocs
from hookline.api.problem import MEDIA_TYPE, Problem
from hookline.api.rules import Rule, Wall, rule_of

Json: TypeAlias = dict[str, Any]
REF = "#/components/schemas/{name}"
SCOPE, WALL = "x-hookline-scope", "x-hookline-tenant"
_PLACE = re.compile(r"\{(\w+):str\}")
_ABOUT = """Hookline sends webhooks: publish an event, and every endpoint that wants it gets it, signed, at least once.

Every request but the health checks shows an API key: `Authorization: Bearer hk_…`. A key has a scope: `read` reads,
`publish` publishes and reads nothing, `manage` does everything within its tenant, `admin` reaches all tenants and names
one in the header `Hookline-Tenant`. What belongs to another tenant answers exactly as what does not exist.

Errors are problem documents (RFC 9457) with a stable `code`. Lists page by cursor: follow `next`."""


class HotRoute(msgspec.Struct, frozen=True, kw_only=True):
    """A route that is served without Litestar."""

    path: str
    name: str
    doc: str
    rule: Rule
    answer: Any
    """As that of an Operation."""
    parameters: tuple[Json, ...] = ()
    body_schema: Json = {}
    """What the types cannot say of the body."""
    tag: str = "events"
    method: str = "post"
    status: int = 202
    refused: tuple[int, ...] = ()
    """What a route that is open to everybody can refuse with."""
    content: Json = {}
    """Of a body that has no form of ours."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One route, from wherever it is served."""

    tag: str
    method: str
    path: str
    name: str
    doc: str
    rule: Rule
    status: int
    answer: Any
    """A Struct, None for an empty answer, or bytes."""
    parameters: tuple[Json, ...] = ()
    refused: tuple[int, ...] = ()
    content: Json = {}


def build_document(nouns: Sequence[Any], hot: Sequence[HotRoute]) -> Json:
    """`nouns`: modules that have HANDLERS."""
    operations = [*map(_of_hot, hot), *_operations(nouns)]
    docs = FieldDocs()
    paths: dict[str, Json] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method] = _described(one, docs)
    schemas = _schemas(operations, docs)
    for route in hot:
        if route.body_schema:
            schemas[_name(route.rule.body)].update(route.body_schema)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hookline",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": tag} for tag in dict.fromkeys(one.tag for one in operations)],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "hk_…"}},
        },
    }


def _of_hot(hot: HotRoute) -> Operation:
    return Operation(
        tag=hot.tag,
        method=hot.method,
        path=hot.path,
        name=hot.name,
        doc=hot.doc,
        rule=hot.rule,
        status=hot.status,
        answer=hot.answer,
        parameters=hot.parameters,
        refused=hot.refused,
        content=hot.content,
    )


def _operations(nouns: Sequence[Any]) -> Iterator[Operation]:
    for noun in nouns:
        for handler in noun.HANDLERS:
            yield _of_handler(noun.__name__.rpartition(".")[2].replace("_", " "), handler)


def _of_handler(tag: str, handler: HTTPRouteHandler) -> Operation:
    (path,), (method,) = handler.paths, handler.http_methods
    answer = typing.get_type_hints(handler.fn)["return"]
    if typing.get_origin(answer) is Response:
        (answer,) = typing.get_args(answer)
    return Operation(
        tag=tag,
        method=str(method).lower(),
        path=_PLACE.sub(r"{\1}", path),
        name=handler.fn.__name__,
        doc=handler.fn.__doc__ or "",
        rule=rule_of(handler),
        status=handler.status_code,
        answer=None if answer is type(None) else answer,
        parameters=tuple(_path_parameter(name) for name in _PLACE.findall(path)),
    )


def _described(one: Operation, docs: FieldDocs) -> Json:
    summary, _, rest = one.doc.partition("\n\n")
    told: Json = {
        "tags": [one.tag],
        "operationId": one.name,
        "summary": " ".join(summary.split()).rstrip("."),
        "description": " ".join(one.doc.split()) if rest else "",
        "parameters": [*one.parameters, *_tenant_header(one.rule), *_query(one.rule, docs)],
        "responses": {str(status): answer for status, answer in sorted(_answers(one))},
        SCOPE: one.rule.scope.value if one.rule.scope else None,
        WALL: one.rule.wall.value,
    }
    if one.rule.scope is not None:
        told["security"] = [{"key": []}]
    if one.rule.body is not None:
        told["requestBody"] = _body(one.rule, one.rule.body)
    if one.content:
        told["requestBody"] = {"required": False, "content": one.content}
    return told


def _body(rule: Rule, body: type[msgspec.Struct]) -> Json:
    name = f"{body.__name__}Patch" if rule.patch else body.__name__
    content = {"schema": _ref(name), "example": EXAMPLES[name]}
    media_type = "application/merge-patch+json" if rule.patch else "application/json"
    return {"required": not rule.optional, "content": {media_type: content}}


def _answers(one: Operation) -> Iterator[tuple[int, Json]]:
    problem = {MEDIA_TYPE: {"schema": _ref(Problem.__name__)}}
    for status in _problems(one):
        yield status, {"description": http.HTTPStatus(status).phrase, "content": problem}
    for fine in filter(None, (one.status, one.rule.also)):
        yield fine, {"description": http.HTTPStatus(fine).phrase, **_content(one)}


def _content(one: Operation) -> Json:
    if one.answer is None:
        return {}
    if one.answer is bytes or one.answer is str:
        return {"content": {"*/*": {"schema": {}}}}
    return {"content": {"application/json": {"schema": _ref(one.answer.__name__)}}}


def _problems(one: Operation) -> Iterator[int]:
    """What a route of this kind can refuse with."""
    rule = one.rule
    if rule.scope is None:
        yield from one.refused
        return
    yield from (400, 401, 403, 404, 422, 503)
    if rule.body is not None:
        yield 413
    if rule.conflicts:
        yield 409
    if one.status == http.HTTPStatus.ACCEPTED:
        yield 429


def _path_parameter(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _tenant_header(rule: Rule) -> Iterator[Json]:
    if rule.scope is not None and rule.wall is not Wall.NONE:
        sentence = "The tenant that the request is about; for admin keys."
        schema = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}
        yield {"name": "Hookline-Tenant", "in": "header", "description": sentence, "schema": schema}


def _query(rule: Rule, docs: FieldDocs) -> Iterator[Json]:
    if rule.query is None:
        return
    _, components = msgspec.json.schema_components([rule.query], ref_template="{name}")
    sentences = docs.of(rule.query)
    for name, one in components[rule.query.__name__]["properties"].items():
        plain = _without_null(one, components)
        yield {"name": name, "in": "query", "description": sentences.get(name, ""), "schema": plain}


def _without_null(schema: Json, components: Json) -> Json:
    """A parameter is left out, never null; and its enums stand in place."""
    found = schema
    if "anyOf" in schema:
        found = next(one for one in schema["anyOf"] if one != {"type": "null"})
    if "$ref" in found:
        found = {key: value for key, value in components[found["$ref"]].items() if key != "title"}
    return {key: value for key, value in found.items() if not (key == "default" and value is None)}


def _schemas(operations: Sequence[Operation], docs: FieldDocs) -> Json:
    kinds: list[type[msgspec.Struct]] = [Problem]
    for one in operations:
        kinds += [kind for kind in (one.rule.body, one.answer) if kind not in {None, bytes, str}]
    _, found = msgspec.json.schema_components(dict.fromkeys(kinds), ref_template=REF)
    documented = {kind.__name__: kind for kind in _with_parts(kinds)}
    for name, schema in found.items():
        if name in documented:
            _document(schema, documented[name], docs)
    for one in operations:
        if one.rule.patch and one.rule.body is not None:
            name = one.rule.body.__name__
            found[f"{name}Patch"] = _patch_of(found[name])
    return found


def _with_parts(kinds: Sequence[Any]) -> Iterator[type[msgspec.Struct]]:
    """Every Struct that is one of `kinds` or stands in one of them."""
    seen: set[Any] = set()
    open_ = [msgspec.inspect.type_info(kind) for kind in kinds]
    while open_:
        info = open_.pop()
        if isinstance(info, msgspec.inspect.StructType) and info.cls not in seen:
            seen.add(info.cls)
            yield info.cls
            open_ += [field.type for field in info.fields]
        open_ += [one for one in (getattr(info, "item_type", None), getattr(info, "type", None)) if one]
        open_ += getattr(info, "types", ())


def _document(schema: Json, kind: type[msgspec.Struct], docs: FieldDocs) -> None:
    for name, text in docs.of(kind).items():
        if name in schema["properties"]:
            schema["properties"][name].setdefault("description", text)
    if kind.__name__ in EXAMPLES:
        schema["examples"] = [EXAMPLES[kind.__name__]]


def _patch_of(schema: Json) -> Json:
    """Every member may be left out, or be null, or, where it is an object, be given in part."""
    properties = {
        name: {"anyOf": [one, {"type": "null"}, *([{"type": "object"}] if _is_object(one) else [])]}
        for name, one in schema["properties"].items()
    }
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": schema.get("additionalProperties", True),
        "description": "A JSON merge patch (RFC 7396): what is left out stays, null resets to the default.",
    }


def _is_object(schema: Json) -> bool:
    return schema.get("type") == "object" or "$ref" in schema or "anyOf" in schema


def _name(kind: type[msgspec.Struct] | None) -> str:
    return kind.__name__ if kind is not None else ""


def _ref(name: str) -> Json:
    return {"$ref": REF.format(name=name)}
