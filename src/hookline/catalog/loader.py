"""Reads the catalogue: what ships with Hookline and what a user adds beside it. A folder is its own registration."""

from collections.abc import Callable, Collection, Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import msgspec

from hookline.catalog.case_rules import CaseFile, check_cases
from hookline.catalog.dialect_rules import check_dialect
from hookline.catalog.mistakes import mistakes_of, where_of
from hookline.catalog.preset_rules import check_preset
from hookline.catalog.provider_file import ProviderFile
from hookline.catalog.strict_yaml import read_yaml
from hookline.catalog.system_rules import check_system
from hookline.errors import CatalogError
from hookline.model.case import CaseRule
from hookline.model.dialect import Dialect
from hookline.model.preset import Preset
from hookline.model.system import System

T = TypeVar("T")
NOTES = "notes.md"


def load_dialects(extra: Path | None = None) -> Mapping[str, Dialect]:
    """Every dialect by name: those of Hookline, and those in `extra`/dialects/NAME/dialect.yaml.

    Raises CatalogError with file and field. A user's dialect may not take a name that Hookline uses: the bytes on
    the wire would change without a word.
    """
    return _load("dialect", extra, Dialect, check_dialect)


def dialect_names(extra: Path | None = None) -> frozenset[str]:
    """Of all that there are, without reading them."""
    return frozenset(folder.name for folder in _folders("dialects", extra))


def load_systems(
    dialects: Collection[str], providers: Mapping[str, ProviderFile], extra: Path | None = None
) -> Mapping[str, System]:
    """Every system by name, as `load_dialects` does it: those of Hookline, and `extra`/systems/NAME/system.yaml.

    `dialects`: the names of all that were loaded; `providers`: all. The schemas of ours are compiled by the tests, and not
    at each start.
    """
    ours = resources.files("hookline.catalog") / "systems"

    def check(system: System) -> None:
        if not (ours / system.name).is_dir():
            check_system(system, dialects, providers)

    return _load("system", extra, System, check)


def load_cases(extra: Path | None = None) -> tuple[CaseRule, ...]:
    """The rules of cases for events that belong to no system: those in `extra`/cases.yaml, then those of Hookline.

    Raises CatalogError, as `load_dialects` does it.
    """
    files = [root / "cases.yaml" for root in reversed(_roots(extra))]
    return tuple(rule for file in files if file.is_file() for rule in _read_cases(file))


def load_providers(extra: Path | None = None) -> Mapping[str, ProviderFile]:
    """Every provider by name, as `load_dialects` does it: what ships, and `extra`/providers/NAME/provider.yaml.

    A user's provider of the same name takes the place of ours: it is how a fact of the catalogue is mended.
    """
    found = {name: read_provider(folder) for name, folder in provider_folders(extra).items()}
    return MappingProxyType(found)


def provider_folders(extra: Path | None = None) -> Mapping[str, Traversable]:
    """By name, for whoever needs one provider and not the time that reading all takes."""
    return {folder.name: folder for folder in _folders("providers", extra)}


def read_provider(folder: Traversable) -> ProviderFile:
    """Raises CatalogError."""
    file = folder / "provider.yaml"
    values = _unnamed("provider", file)
    with mistakes_of(file):
        return ProviderFile(folder.name, values)


def load_presets(extra: Path | None = None) -> Mapping[str, Preset]:
    """Every preset by name, as `load_dialects` does it: what ships, and `extra`/presets/NAME/preset.yaml.

    A user's preset of the same name takes the place of ours: other people's systems change before we do. The templates of
    ours are looked at by the tests, and not at each start, which would take most of its time.
    """
    found = {folder.name: parse_preset(folder) for folder in _folders("presets", None)}
    if extra is not None:
        dialects = dialect_names(extra)
        own = _folders_in(extra, "presets")
        found |= {folder.name: read_preset(folder, dialects) for folder in own}
    return MappingProxyType(found)


def read_preset(folder: Traversable, dialects: Collection[str]) -> Preset:
    """Checked. Raises CatalogError. `dialects`: the names of those that there are."""
    preset = parse_preset(folder)
    with mistakes_of(folder / "preset.yaml"):
        check_preset(preset, dialects)
    return preset


def parse_preset(folder: Traversable) -> Preset:
    """As far as its fields go. Raises CatalogError."""
    file = folder / "preset.yaml"
    values = _unnamed("preset", file)
    if "notes" in values:
        raise CatalogError(
            f"{where_of(file, 'notes')}: notes stand in {NOTES}.", hint="Move them there.", field="notes"
        )
    with mistakes_of(file):
        made = {**values, "name": folder.name, "notes": _notes(folder / NOTES)}
        return msgspec.convert(made, Preset)


def _notes(file: Traversable) -> str:
    hint = "Say in it what to do in the other system, and what happens to an event that comes twice."
    if not file.is_file():
        raise CatalogError(f"{file} is missing.", hint=hint)
    try:
        text = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{file} cannot be read: {error}") from error
    if not text:
        raise CatalogError(f"{file} is empty.", hint=hint)
    return text


def _read_cases(file: Traversable) -> tuple[CaseRule, ...]:
    values = _read(file)
    with mistakes_of(file):
        rules = msgspec.convert(values, CaseFile).cases
        check_cases(rules)
    return rules


def _roots(extra: Path | None) -> list[Traversable]:
    ours: Traversable = resources.files("hookline.catalog")
    if extra is None:
        return [ours]
    if not extra.is_dir():
        raise CatalogError(f"{extra} is no folder.", hint="Name the folder that holds dialects/.")
    return [ours, extra]


def _folders(kind: str, extra: Path | None) -> Iterator[Traversable]:
    for root in _roots(extra):
        yield from _folders_in(root, kind)


def _folders_in(root: Traversable, kind: str) -> Iterator[Traversable]:
    shelf = root / kind
    if shelf.is_dir():
        names = sorted(shelf.iterdir(), key=lambda item: item.name)
        yield from (item for item in names if item.is_dir() and not item.name.startswith((".", "_")))


def _load(noun: str, extra: Path | None, type_: type[T], check: Callable[[T], None]) -> Mapping[str, T]:
    found: dict[str, T] = {}
    for folder in _folders(f"{noun}s", extra):
        file = folder / f"{noun}.yaml"
        if folder.name in found:
            raise CatalogError(
                f"{file}: there is already a {noun} of this name.", hint="Give the folder another name."
            )
        values = _unnamed(noun, file)
        with mistakes_of(file):
            found[folder.name] = msgspec.convert({"name": folder.name, **values}, type_)
            check(found[folder.name])
    return MappingProxyType(found)


def _unnamed(noun: str, file: Traversable) -> dict[str, object]:
    values = _read(file)
    if "name" in values:
        raise CatalogError(
            f"{file}: a {noun} is named by its folder.", hint="Leave `name` out.", field="name"
        )
    return values


def _read(file: Traversable) -> dict[str, object]:
    values = read_yaml(file)
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise CatalogError(f"{file} is no mapping of names to values.")
    return values
