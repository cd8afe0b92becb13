"""own-paths.md, and the table of one system's paths for systems.md: from the handlers, and the structs that they read and
answer.
"""

import inspect
import re
import typing
from collections.abc import Iterator, Sequence
from types import NoneType
from typing import Any, get_args, get_origin

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler

from hookline.docs.language import parts_of, struct_section, takes
from hookline.docs.markdown import block, code, one_line, page, table
from hookline.docs.sentences import sentences
from hookline.systems.access import ACCESS, Access
from hookline.systems.examples import EXAMPLES
from hookline.systems.paths import OWN_PATHS

_TYPED = re.compile(r":str\}")
_ABOUT = """The paths that [systems](systems.md) have of their own, as their callers know them. They are served for the tenants that enabled
the system, under the host or below the prefix that `hookline systems enable` gave them: with `--prefix acme`, `/api/webhooks` is
`/acme/api/webhooks`. A running gateway's [OpenAPI document](api.md) does not have them: it is the same for every tenant, and these are
[not](../decisions/0015-own-paths-beside-the-document.md).

- **Keys.** `Authorization: Bearer hk_…`; the key says the tenant, an admin key names it in `Hookline-Tenant`. *Key* is the least scope.
- **Bodies** are JSON. Fields that the system never had are passed over, as it passed them over, unless they look like a misspelling. `PUT`
  changes the fields that are given.
- **Texts** may have a least and a greatest length; what is refused says which.
- **Errors** are problem documents: see [errors](errors.md). Beside what the tables say, every path may answer 503, and 405 for another
  method.
- The paths that providers send to (`/webhooks/retell/…`, `/webhooks/calcom`) lead to [sources](../nouns/source.md), which answer as their
  provider wants it."""
_OPEN = (400, 401, 404, 413, 422, 429)
_KEYED = (401, 403, 404)


def own_paths(system: str) -> str:
    """Empty where it has none."""
    rows = [row for handler in handlers_of(system) for row in _rows(handler)]
    return table(("path", "what it does", "key"), rows) if rows else ""


def own_paths_page() -> str:
    names = sorted({handler.opt[ACCESS].system for handler in OWN_PATHS.handlers})
    told = set[type]()
    parts = [part for name in names for part in _system(name, told)]
    shared = _missing(told)
    if shared:
        parts += ["## Elsewhere", *(struct_section(kind) for kind in shared)]
    return page("Own paths of systems", "the handlers of src/hookline/systems", _ABOUT, *parts)


def handlers_of(system: str) -> Sequence[HTTPRouteHandler]:
    return [handler for handler in OWN_PATHS.handlers if handler.opt[ACCESS].system == system]


def statuses_of(handler: HTTPRouteHandler) -> list[int]:
    """What it can answer, 405 and 503 apart."""
    access: Access = handler.opt[ACCESS]
    found = {handler.status_code, *(_OPEN if access.scope is None else _KEYED)}
    if access.body is not None:
        found |= {400, 413, 422}
    if access.query is not None:
        found |= {400, 422}
    if access.conflicts:
        found.add(409)
    return sorted(found)


def answer_of(handler: HTTPRouteHandler) -> Any:
    """A struct, a list of one, or None for an empty answer."""
    access: Access = handler.opt[ACCESS]
    answer = access.answer or typing.get_type_hints(handler.fn)["return"]
    (inner,) = get_args(answer) if get_origin(answer) is Response else (answer,)
    return None if inner is NoneType else inner


def _system(name: str, told: set[type]) -> Iterator[str]:
    handlers = handlers_of(name)
    yield f"## {name}"
    head = ("path", "what it does", "key", "query", "body", "answer", "statuses")
    yield table(head, (row for handler in handlers for row in _whole_rows(handler)))
    for handler in handlers:
        access: Access = handler.opt[ACCESS]
        for kind in (access.query, access.body, access.beside):
            if kind is not None and kind not in told:
                told.add(kind)
                yield struct_section(kind)
                if kind.__name__ in EXAMPLES:
                    shown = msgspec.json.format(msgspec.json.encode(EXAMPLES[kind.__name__]), indent=2)
                    yield block(shown.decode(), "json")
        for kind in parts_of([answer_of(handler)]):
            if kind not in told:
                told.add(kind)
                yield _answer_section(kind)


def _missing(told: set[type]) -> list[type[msgspec.Struct]]:
    """What stands in bodies and has no section yet."""
    bodies = [handler.opt[ACCESS].body for handler in OWN_PATHS.handlers]
    return [kind for kind in parts_of(bodies) if kind not in told]


def _answer_section(kind: type[msgspec.Struct]) -> str:
    texts = sentences(kind)
    rows = [
        (code(field.encode_name), _is(field.type), one_line(texts.get(field.name, "")))
        for field in msgspec.structs.fields(kind)
    ]
    about = one_line(kind.__doc__ or "")
    return "\n\n".join((f"### {kind.__name__}", about, table(("field", "is", "what it says"), rows)))


def _is(kind: Any) -> str:
    return takes(kind) + (" or null" if NoneType in get_args(kind) else "")


def _rows(handler: HTTPRouteHandler) -> Iterator[tuple[str, ...]]:
    about = inspect.cleandoc(handler.fn.__doc__ or "").partition("\n\n")[0]
    for path in sorted(handler.paths):
        for method in sorted(handler.http_methods):
            shown = code(f"{method} {_TYPED.sub('}', path)}")
            yield shown, one_line(about), _key(handler.opt[ACCESS])


def _whole_rows(handler: HTTPRouteHandler) -> Iterator[tuple[str, ...]]:
    access: Access = handler.opt[ACCESS]
    answer = answer_of(handler)
    more = (
        "" if access.query is None else takes(access.query),
        "" if access.body is None else takes(access.body),
        "nothing" if answer is None else takes(answer),
        ", ".join(map(str, statuses_of(handler))),
    )
    for row in _rows(handler):
        yield (*row, *more)


def _key(access: Access) -> str:
    if access.scope is None:
        return "none: by signature, where there is a secret"
    return code(access.scope.value) + (
        ", or none from this machine if `open_local_api` says so" if access.local else ""
    )
