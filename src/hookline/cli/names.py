"""Names of the catalogue for a shell's completion: those of the folders, without reading them or asking a gateway."""

from collections.abc import Sequence
from importlib import resources

from hookline.cli.settings import settings_of


def presets(_context: object) -> Sequence[str]:
    return _names("presets")


def providers(_context: object) -> Sequence[str]:
    return _names("providers")


def systems(_context: object) -> Sequence[str]:
    return _names("systems")


def _names(kind: str) -> Sequence[str]:
    extra = settings_of(None).catalog
    shelves = [resources.files("hookline.catalog") / kind, *([extra / kind] if extra is not None else [])]
    found = {one.name for shelf in shelves if shelf.is_dir() for one in shelf.iterdir() if one.is_dir()}
    return sorted(name for name in found if not name.startswith((".", "_")))
