"""The paths that systems have of their own, as a table: from their handlers."""

import inspect
import re
from collections.abc import Iterator

from litestar.handlers import HTTPRouteHandler

from hookline.docs.markdown import code, one_line, table
from hookline.systems.access import ACCESS, Access
from hookline.systems.paths import OWN_PATHS

_TYPED = re.compile(r":str\}")


def own_paths(system: str) -> str:
    """Empty where it has none."""
    rows = [
        row
        for handler in OWN_PATHS.handlers
        if handler.opt[ACCESS].system == system
        for row in _rows(handler)
    ]
    return table(("path", "what it does", "key"), rows) if rows else ""


def _rows(handler: HTTPRouteHandler) -> Iterator[tuple[str, ...]]:
    about = inspect.cleandoc(handler.fn.__doc__ or "").partition("\n\n")[0]
    for path in sorted(handler.paths):
        for method in sorted(handler.http_methods):
            shown = code(f"{method} {_TYPED.sub('}', path)}")
            yield shown, one_line(about), _key(handler.opt[ACCESS])


def _key(access: Access) -> str:
    if access.scope is None:
        return "none: by signature, where there is a secret"
    return code(access.scope.value) + (
        ", or none from this machine if `open_local_api` says so" if access.local else ""
    )
