"""errors.md, from the tree in `errors.py`: a docstring is the meaning, then how to mend it."""

import inspect
from collections.abc import Iterator, Sequence
from itertools import groupby

from hookline.docs.markdown import code, one_line, page, table
from hookline.errors import CatalogError, ConfigurationError, HooklineError, SealBroken

_ABOUT = """An error of the API is a problem document (`application/problem+json`, RFC 9457). Programs decide by `code`,
which is stable; `detail` says what is wrong with this request, `hint` how to mend it, `field` where. `type` leads to the
page `/docs/errors` of the gateway. A secret never stands in one. `Retry-After` comes with `overloaded` and `unavailable`.
"""
_EXAMPLE = """```json
{
  "type": "/docs/errors#unknown_field",
  "title": "A field is not known here",
  "status": 422,
  "code": "unknown_field",
  "detail": "'evnts' is not known here.",
  "hint": "Did you mean events?",
  "field": "evnts"
}
```"""
_HERE = """Three more come from below the routes: `internal` (500: an unexpected error, whose `id` stands in the log too),
`request_timeout` (408: the request did not arrive within `read_timeout`) and `headers_too_large` (431: see `header_limit`)."""
_LOCAL = (ConfigurationError, CatalogError, SealBroken)
"""These end a process or a single send, and are told on the terminal or in the log."""


def errors_page() -> str:
    known = sorted(_tree(HooklineError), key=lambda kind: (kind.status, kind.code, kind.__name__))
    remote = [kind for kind in known if not issubclass(kind, _LOCAL)]
    local = [kind for kind in known if issubclass(kind, _LOCAL)]
    rows = [
        (str(some[0].status), f"[{code(name)}](#{name})", some[0].title) for name, some in _by_code(remote)
    ]
    return page(
        "Errors",
        "src/hookline/errors.py",
        _ABOUT.strip(),
        _EXAMPLE,
        table(("status", "code", "title"), rows),
        _HERE,
        "## Errors of the API",
        *(_section(name, some) for name, some in _by_code(remote)),
        "## Errors of a process",
        "These are not answers: they are told on the terminal, or in the log.",
        *(_section(name, some) for name, some in _by_code(local)),
    )


def _tree(kind: type[HooklineError]) -> Iterator[type[HooklineError]]:
    for below in kind.__subclasses__():
        yield below
        yield from _tree(below)


def _by_code(kinds: Sequence[type[HooklineError]]) -> list[tuple[str, list[type[HooklineError]]]]:
    """Those with the same code belong together, the most general first."""
    return [
        (name, sorted(some, key=lambda kind: len(kind.__mro__)))
        for name, some in groupby(kinds, lambda kind: kind.code)
    ]


def _section(name: str, kinds: Sequence[type[HooklineError]]) -> str:
    status = f"{kinds[0].status} · " if not issubclass(kinds[0], _LOCAL) else ""
    told = [f"### {code(name)}", f"{status}{kinds[0].title}."]
    for kind in kinds:
        meaning, _, mend = inspect.cleandoc(kind.__doc__ or "").partition("\n\n")
        told.append(f"{one_line(meaning)}\n\n*To mend it:* {one_line(mend)}")
    return "\n\n".join(told)
