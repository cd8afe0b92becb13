"""What the sentence below a field says: Python forgets it, so it is read from the source, once, for the document."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping

import msgspec


def field_docs(kind: type[msgspec.Struct]) -> Mapping[str, str]:
    """Field → sentence, those of its bases too; empty where the source is not at hand."""
    found: dict[str, str] = {}
    for one in reversed(kind.__mro__):
        if one is not msgspec.Struct and issubclass(one, msgspec.Struct):
            found.update(_own(one))
    return found


def _own(kind: type) -> Iterator[tuple[str, str]]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    except (OSError, TypeError, SyntaxError):
        return
    (definition,) = tree.body
    if not isinstance(definition, ast.ClassDef):
        return
    for field, below in zip(definition.body, definition.body[1:], strict=False):
        text = _text(below)
        if text and isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            yield field.target.id, text


def _text(statement: ast.stmt) -> str:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        value = statement.value.value
        return inspect.cleandoc(value) if isinstance(value, str) else ""
    return ""
