"""What is wrong with a preset's folder: its file is read, and each sample must be one that it can play."""

from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path

from hookline.catalog.loader import dialect_names, load_dialects, load_providers, load_systems, read_preset
from hookline.catalog.mistakes import mistakes_of
from hookline.catalog.preset_samples import FOLDER, SUFFIX, check_conversation, read_conversations
from hookline.errors import CatalogError
from hookline.model.conversation import Conversation
from hookline.model.preset import Preset
from hookline.model.system import System


def check_folder(folder: Path) -> tuple[Sequence[str], int]:
    """The faults, a sentence each with the file that it speaks of, and how many samples there are."""
    catalog = _catalog(folder)
    try:
        preset = read_preset(folder, dialect_names(catalog))
        samples = read_conversations(folder)
    except CatalogError as error:
        return [_told(error)], 0
    if not samples:
        return [f"{folder}: there are no samples; write {FOLDER}/create{SUFFIX}"], 0
    systems = load_systems(load_dialects(catalog), load_providers(catalog), catalog)
    return [fault for one in samples for fault in faults_of(folder, preset, one, systems)], len(samples)


def faults_of(
    folder: Path, preset: Preset, sample: Conversation, systems: Mapping[str, System]
) -> Iterator[str]:
    """Of one sample."""
    try:
        with mistakes_of(folder / FOLDER / f"{sample.name}{SUFFIX}"):
            check_conversation(sample.told, preset, systems)
    except CatalogError as error:
        yield _told(error)


def _catalog(folder: Path) -> Path | None:
    """The user's own that a preset stands in, for the dialects and systems beside it."""
    shelf = folder.resolve().parent
    ours = str(resources.files("hookline.catalog"))
    return shelf.parent if shelf.name == "presets" and shelf.parent != Path(ours) else None


def _told(error: CatalogError) -> str:
    return f"{error.detail} {error.hint}".rstrip()
