"""Mistakes in a file of the catalogue, told with its name, the line and the field."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources.abc import Traversable

import msgspec

from hookline.catalog.yaml_lines import line_of
from hookline.errors import CatalogError, InvalidField

_WHERE = re.compile(r" - at (?:`key` in )?`\$\.?(.*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`$")


@contextmanager
def mistakes_of(file: Traversable) -> Iterator[None]:
    """What is refused within becomes a CatalogError."""
    try:
        yield
    except msgspec.ValidationError as error:
        raise _mistake(file, str(error)) from error
    except InvalidField as error:
        where = where_of(file, error.field or "")
        raise CatalogError(
            f"{where}: {error.field}: {error.detail}", hint=error.hint, field=error.field
        ) from error


def where_of(file: Traversable, field: str) -> str:
    """The file, and the line to mend."""
    return f"{file}:{line_of(file.read_text('utf-8'), field)}"


def _mistake(file: Traversable, message: str) -> CatalogError:
    """It says `Object contains unknown field `x` - at `$.body``; its path and key become our field."""
    where = _WHERE.search(message)
    path = where[1] if where else ""
    message = _WHERE.sub("", message)
    unknown = _UNKNOWN.search(message)
    if unknown:
        field = f"{path}.{unknown[1]}".strip(".")
        return CatalogError(
            f"{where_of(file, field)}: {field} is not known here.",
            hint="Check its spelling and its place.",
            field=field,
        )
    return CatalogError(f"{where_of(file, path)}: {path or 'the file'}: {message}", field=path or None)
