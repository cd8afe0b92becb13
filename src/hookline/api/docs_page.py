"""The API's documentation as HTML: every text is escaped, `code` between backticks is the only markup."""

import html
import re
from collections.abc import Iterator

import msgspec

from hookline import __version__
from hookline.api.openapi import REF, SCOPE, Json
from hookline.api.problem import INTERNAL, MEDIA_TYPE
from hookline.errors import HooklineError

_INTERNAL = 500
_CODE = re.compile(r"`([^`]*)`")
_PROBLEM = {"$ref": REF.format(name="Problem")}
_TRANSPORT = (
    (
        INTERNAL,
        _INTERNAL,
        "An unexpected error. The answer has an id; the log of the gateway has the rest under it.",
    ),
    ("request_timeout", 408, "The request did not arrive in time."),
    ("headers_too_large", 431, "The header section of the request is larger than allowed."),
)


def routes_page(document: Json) -> str:
    about = "".join(f"<p>{_text(one)}</p>" for one in document["info"]["description"].split("\n\n"))
    groups: dict[str, list[tuple[str, str, Json]]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            groups.setdefault(operation["tags"][0], []).append((path, method, operation))
    index = "".join(f'<a href="#{_id(tag)}">{html.escape(tag)}</a>' for tag in [*groups, "types"])
    body = "".join(_group(tag, rows, document) for tag, rows in groups.items())
    body += _types(document)
    links = '<p><a href="/openapi.json">openapi.json</a> · <a href="/docs/errors">error codes</a></p>'
    return _page("API", f"{about}{links}<nav>{index}</nav>{body}")


def errors_page() -> str:
    rows = "".join(_error_row(code, status, sentence) for code, status, sentence in _codes())
    intro = "<p>Every error is a problem document (RFC 9457). Programs decide by <code>code</code>.</p>"
    table = f"<table><tr><th>code</th><th>status</th><th>what it says</th></tr>{rows}</table>"
    return _page("Error codes", f'<p><a href="/docs">API</a></p>{intro}{table}')


def _codes() -> Iterator[tuple[str, int, str]]:
    seen: dict[str, tuple[int, str]] = {}
    open_ = [HooklineError]
    while open_:
        kind = open_.pop()
        if kind.status != _INTERNAL:  # those are told as `internal`, or not over HTTP at all
            seen.setdefault(kind.code, (kind.status, kind.title))
        open_ += kind.__subclasses__()
    told = [(code, status, title) for code, (status, title) in seen.items()]
    yield from sorted([*told, *_TRANSPORT], key=lambda one: (one[1], one[0]))


def _error_row(code: str, status: int, sentence: str) -> str:
    return (
        f'<tr id="{_id(code)}"><td><code>{code}</code></td><td>{status}</td><td>{_text(sentence)}</td></tr>'
    )


def _group(tag: str, rows: list[tuple[str, str, Json]], document: Json) -> str:
    shown = "".join(_operation(path, method, operation, document) for path, method, operation in rows)
    return f'<h2 id="{_id(tag)}">{html.escape(tag)}</h2>{shown}'


def _operation(path: str, method: str, operation: Json, document: Json) -> str:
    scope = operation[SCOPE]
    who = f"scope {scope}" if scope else "open to everybody"
    title = f"<b class={method}>{method.upper()}</b> <code>{html.escape(path)}</code> {_text(operation['summary'])}"
    parts = [
        f"<p class=who>{who}</p>",
        f"<p>{_text(operation['description'])}</p>" if operation["description"] else "",
        _parameters(operation["parameters"]),
        _request(operation.get("requestBody"), document),
        _answers(operation["responses"], document),
    ]
    return f"<details id={operation['operationId']}><summary>{title}</summary>{''.join(parts)}</details>"


def _parameters(parameters: list[Json]) -> str:
    if not parameters:
        return ""
    rows = "".join(
        f"<tr><td><code>{html.escape(one['name'])}</code></td><td>{one['in']}</td>"
        f"<td>{_kind(one['schema'])}</td><td>{_text(one.get('description', ''))}</td></tr>"
        for one in parameters
    )
    return f"<h4>Parameters</h4><table>{rows}</table>"


def _request(body: Json | None, document: Json) -> str:
    if body is None:
        return ""
    ((media_type, content),) = body["content"].items()
    if "example" not in content:
        return "<h4>Body <small>whatever is sent</small></h4>"
    example = msgspec.json.format(msgspec.json.encode(content["example"])).decode()
    told = _fields(content["schema"], document)
    return f"<h4>Body <small>{media_type}</small></h4>{told}<pre>{html.escape(example)}</pre>"


def _answers(answers: Json, document: Json) -> str:
    shown, problems = "", []
    for status, answer in answers.items():
        content = answer.get("content", {})
        if MEDIA_TYPE in content:
            problems.append(status)
            continue
        fields = (
            _fields(content["application/json"]["schema"], document) if "application/json" in content else ""
        )
        shown += f"<h5>{status} <small>{html.escape(answer['description'])}</small></h5>{fields}"
    refused = f"<p>Refused with {', '.join(problems)}: {_kind(_PROBLEM)}</p>" if problems else ""
    return f"<h4>Answers</h4>{shown}{refused}"


def _types(document: Json) -> str:
    shown = ""
    for name, schema in sorted(document["components"]["schemas"].items()):
        about = schema.get("description", "")
        values = " | ".join(html.escape(str(one)) for one in schema.get("enum", ()))
        shown += f'<h4 id="type-{name}">{name}</h4><p>{_text(about)} {values}</p>{_fields(schema, document)}'
    return f'<h2 id="types">types</h2>{shown}'


def _fields(schema: Json, document: Json) -> str:
    found = (
        document["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    )
    required = found.get("required", [])
    rows = "".join(
        f"<tr><td><code>{html.escape(name)}</code>{'*' if name in required else ''}</td>"
        f"<td>{_kind(one)}</td><td>{_text(one.get('description', ''))}</td></tr>"
        for name, one in found.get("properties", {}).items()
    )
    return f"<table>{rows}</table>" if rows else ""


def _kind(schema: Json) -> str:
    if "$ref" in schema:
        name = html.escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#type-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(html.escape(str(one)) for one in schema["enum"])
    if schema.get("type") == "array":
        return (
            f"list of {_kind(schema.get('items', {}))}" if isinstance(schema.get("items"), dict) else "list"
        )
    return str(schema.get("type", "any JSON value"))


def _text(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", html.escape(text))


def _id(text: str) -> str:
    return text.replace(" ", "-")


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Hookline · {title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/docs/style.css"></head>'
        f"<body><main><h1>Hookline <small>{title} · {__version__}</small></h1>{body}</main></body></html>"
    )
