"""What the text below a field or an enum's member says: Python forgets it, so it is read from the source."""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping


def sentences(kind: type) -> Mapping[str, str]:
    """Name → text, those of its bases too."""
    found: dict[str, str] = {}
    for one in reversed(kind.__mro__):
        if one.__module__.startswith("hookline."):
            found.update(_of(one))
    return found


def _of(kind: type) -> Iterator[tuple[str, str]]:
    tree = ast.parse(inspect.getsource(sys.modules[kind.__module__]))
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef) and statement.name == kind.__name__:
            for field, below in zip(statement.body, statement.body[1:], strict=False):
                if (name := _name(field)) and (text := _text(below)):
                    yield name, text


def _name(statement: ast.stmt) -> str:
    target: ast.expr | None = None
    if isinstance(statement, ast.AnnAssign):
        target = statement.target
    elif isinstance(statement, ast.Assign):
        target = statement.targets[0]
    return target.id if isinstance(target, ast.Name) else ""


def _text(statement: ast.stmt) -> str:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        value = statement.value.value
        return inspect.cleandoc(value) if isinstance(value, str) else ""
    return ""
