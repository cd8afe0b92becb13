"""Reads the catalogue: what ships with Hookline and what a user adds beside it. A folder is its own registration."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

import msgspec

from hookline.catalog.dialect_rules import check_dialect
from hookline.catalog.provider_file import ProviderFile
from hookline.catalog.strict_yaml import read_yaml
from hookline.errors import CatalogError, InvalidField
from hookline.model.dialect import Dialect

_WHERE = re.compile(r" - at `\$\.?(.*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`$")


def load_dialects(extra: Path | None = None) -> Mapping[str, Dialect]:
    """Every dialect by name: those of Hookline, and those in `extra`/dialects/NAME/dialect.yaml.

    Raises CatalogError with file and field. A user's dialect may not take a name that Hookline uses: the bytes on
    the wire would change without a word.
    """
    found: dict[str, Dialect] = {}
    for folder in _folders("dialects", extra):
        file = folder / "dialect.yaml"
        if folder.name in found:
            raise CatalogError(
                f"{file}: there is already a dialect of this name.", hint="Give the folder another name."
            )
        found[folder.name] = _dialect(folder.name, file)
    return MappingProxyType(found)


def load_providers(extra: Path | None = None) -> Mapping[str, ProviderFile]:
    """Every provider by name, as `load_dialects` does it: what ships, and `extra`/providers/NAME/provider.yaml.

    A user's provider of the same name takes the place of ours: it is how a fact of the catalogue is mended.
    """
    found = {folder.name: read_provider(folder) for folder in _folders("providers", extra)}
    return MappingProxyType(found)


def read_provider(folder: Traversable) -> ProviderFile:
    """Raises CatalogError."""
    file = folder / "provider.yaml"
    values = _read(file)
    if "name" in values:
        raise CatalogError(
            f"{file}: a provider is named by its folder.", hint="Leave `name` out.", field="name"
        )
    with _mistakes(file):
        return ProviderFile(folder.name, values)


def _folders(kind: str, extra: Path | None) -> Iterator[Traversable]:
    roots: list[Traversable] = [resources.files("hookline.catalog")]
    if extra is not None:
        if not extra.is_dir():
            raise CatalogError(f"{extra} is no folder.", hint="Name the folder that holds dialects/.")
        roots.append(extra)
    for root in roots:
        shelf = root / kind
        if shelf.is_dir():
            names = sorted(shelf.iterdir(), key=lambda item: item.name)
            yield from (item for item in names if item.is_dir() and not item.name.startswith((".", "_")))


def _dialect(name: str, file: Traversable) -> Dialect:
    values = _read(file)
    if "name" in values:
        raise CatalogError(
            f"{file}: a dialect is named by its folder.", hint="Leave `name` out.", field="name"
        )
    with _mistakes(file):
        dialect = msgspec.convert({"name": name, **values}, Dialect)
        check_dialect(dialect)
    return dialect


@contextmanager
def _mistakes(file: Traversable) -> Iterator[None]:
    try:
        yield
    except msgspec.ValidationError as error:
        raise _mistake(file, str(error)) from error
    except InvalidField as error:
        raise CatalogError(
            f"{file}: {error.field}: {error.detail}", hint=error.hint, field=error.field
        ) from error


def _read(file: Traversable) -> dict[str, object]:
    values = read_yaml(file)
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise CatalogError(f"{file} is no mapping of names to values.")
    return values


def _mistake(file: Traversable, message: str) -> CatalogError:
    """It says `Object contains unknown field `x` - at `$.body``; its path and key become our field."""
    where = _WHERE.search(message)
    path = where[1] if where else ""
    message = _WHERE.sub("", message)
    unknown = _UNKNOWN.search(message)
    if unknown:
        field = f"{path}.{unknown[1]}".strip(".")
        return CatalogError(
            f"{file}: {field} is not known here.", hint="Check its spelling and its place.", field=field
        )
    return CatalogError(f"{file}: {path or 'the file'}: {message}", field=path or None)
