"""What the sentence below a field says: Python forgets it, so it is read from the source, once, for the document."""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping

import msgspec


class FieldDocs:
    """Reads each module once. Where the source is not at hand, there are no sentences."""

    def __init__(self) -> None:
        self._modules: dict[str, Mapping[str, Mapping[str, str]]] = {}

    def of(self, kind: type[msgspec.Struct]) -> Mapping[str, str]:
        """Field → sentence, those of its bases too."""
        found: dict[str, str] = {}
        for one in reversed(kind.__mro__):
            if issubclass(one, msgspec.Struct):
                found.update(self._module(one.__module__).get(one.__name__, {}))
        return found

    def _module(self, name: str) -> Mapping[str, Mapping[str, str]]:
        if name not in self._modules:
            self._modules[name] = dict(_classes(name))
        return self._modules[name]


def _classes(module: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (OSError, TypeError, SyntaxError):
        return
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef):
            yield statement.name, dict(_fields(statement))


def _fields(definition: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in zip(definition.body, definition.body[1:], strict=False):
        text = _text(below)
        if text and isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            yield field.target.id, text


def _text(statement: ast.stmt) -> str:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        value = statement.value.value
        return inspect.cleandoc(value) if isinstance(value, str) else ""
    return ""
