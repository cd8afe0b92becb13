"""What is wrong with a preset's folder: its file is read, and each sample is played, without a network."""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from hookline.catalog.loader import (
    dialect_names,
    load_cases,
    load_dialects,
    load_providers,
    load_systems,
    read_preset,
)
from hookline.catalog.mistakes import mistakes_of
from hookline.catalog.preset_samples import FOLDER, SUFFIX, check_conversation, read_conversations
from hookline.deliver.dialect import compile_dialect
from hookline.deliver.rehearsal import Stage, rehearse
from hookline.errors import CatalogError
from hookline.model.cases import Cases
from hookline.model.conversation import Conversation
from hookline.model.preset import Preset


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
    stage = _stage(catalog)
    return [fault for one in samples for fault in _faults(folder, preset, one, stage)], len(samples)


def _faults(folder: Path, preset: Preset, sample: Conversation, stage: Stage) -> Sequence[str]:
    """Of one sample."""
    file = folder / FOLDER / f"{sample.name}{SUFFIX}"
    try:
        with mistakes_of(file):
            check_conversation(sample.told, preset, stage.systems)
    except CatalogError as error:
        return [_told(error)]
    return [f"{file}: {fault}" for fault in rehearse(preset, sample.told, stage)]


def _stage(catalog: Path | None) -> Stage:
    plain = load_dialects(catalog)
    systems = load_systems(plain, load_providers(catalog), catalog)
    return Stage(
        systems=systems,
        cases=Cases(systems, load_cases(catalog)),
        dialects={name: compile_dialect(dialect) for name, dialect in plain.items()},
    )


def _catalog(folder: Path) -> Path | None:
    """The user's own that a preset stands in, for the dialects and systems beside it."""
    shelf = folder.resolve().parent
    ours = str(resources.files("hookline.catalog"))
    return shelf.parent if shelf.name == "presets" and shelf.parent != Path(ours) else None


def _told(error: CatalogError) -> str:
    return f"{error.detail} {error.hint}".rstrip()
