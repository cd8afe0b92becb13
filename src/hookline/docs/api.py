"""api.md and openapi.json, from the OpenAPI document that the gateway serves."""

from collections.abc import Iterator

import msgspec

from hookline.api.app import NOUNS
from hookline.api.hot import HOT
from hookline.api.openapi import SCOPE, WALL, Json, build_document
from hookline.docs.markdown import code, one_line, page, table

_ABOUT = """The whole document is [openapi.json](openapi.json); a running gateway serves it at `/openapi.json`, and as a page at
`/docs`. This is the table of its routes. *Scope* is the least that a key must have; `admin` and `manage` keys reach what is
below them ([api-key](../nouns/api-key.md)). *Tenant* says whether an admin key must name one in `Hookline-Tenant`.

- **Bodies** are JSON. Unknown fields are refused, with the nearest known name. `PATCH` is a JSON merge patch (RFC 7396).
- **Lists** answer `items`, `next_cursor` and `next`. Follow `next` until it is null; `limit` is the length of a page.
- **Times** are ISO 8601 in UTC with microseconds. A time that you send needs a zone.
- **Errors** are problem documents: see [errors](errors.md).

The paths that systems have of their own are [beside it](own-paths.md)."""
_WALLS = {"required": "must", "optional": "may", "none": "no"}


def api_page() -> str:
    document = build_document(NOUNS, HOT)
    tags = [tag["name"] for tag in document["tags"]]
    head = ("method", "path", "scope", "tenant", "body", "answers", "what it does")
    sections = (f"## {tag}\n\n{table(head, _routes(document, tag))}" for tag in tags)
    return page("API", "the routes of src/hookline/api", _ABOUT, *sections)


def openapi_text() -> str:
    body = msgspec.json.encode(build_document(NOUNS, HOT))
    return msgspec.json.format(body, indent=2).decode() + "\n"


def _routes(document: Json, tag: str) -> Iterator[tuple[str, ...]]:
    for path, methods in sorted(document["paths"].items()):
        for method, operation in sorted(methods.items()):
            if operation["tags"] == [tag]:
                yield (
                    method.upper(),
                    code(path),
                    operation[SCOPE] or "open",
                    _WALLS[operation[WALL]] if operation[SCOPE] else "no",
                    code(_body(operation)),
                    ", ".join(operation["responses"]),
                    one_line(operation["summary"]) + ".",
                )


def _body(operation: Json) -> str:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        return str(content["schema"].get("$ref", "").rpartition("/")[2])
    return ""
