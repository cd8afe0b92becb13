"""The OpenAPI document, and the pages that show it without the network: our own HTML, one style sheet, no script."""

from importlib import resources

import msgspec
from litestar import Response, get

from hookline.api.docs_page import errors_page, routes_page
from hookline.api.openapi import Json
from hookline.api.rules import Needs, rule

_HTML = "text/html"
_SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_OPEN = rule(None)


@get("/openapi.json", opt=_OPEN)
async def openapi(document: Needs[Json]) -> Response[bytes]:
    """The OpenAPI document."""
    return Response(msgspec.json.encode(document), media_type="application/json")


@get("/docs", opt=_OPEN)
async def docs(document: Needs[Json]) -> Response[str]:
    """The OpenAPI document as a page."""
    return Response(routes_page(document), media_type=_HTML, headers=_SAFE)


@get("/docs/errors", opt=_OPEN)
async def error_docs() -> Response[str]:
    """Every error code, as a page: what the `type` of a problem document points to."""
    return Response(errors_page(), media_type=_HTML, headers=_SAFE)


@get("/docs/style.css", opt=_OPEN)
async def style() -> Response[str]:
    """The style sheet of these pages."""
    sheet = (resources.files("hookline.api") / "static" / "docs.css").read_text("utf-8")
    return Response(sheet, media_type="text/css", headers=_SAFE)


HANDLERS = (openapi, docs, error_docs, style)
