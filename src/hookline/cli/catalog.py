"""`hookline catalog check`: whether folders of providers and presets say what they should, and their samples prove it."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from hookline.cli.catalog_faults import faults_of
from hookline.cli.exits import Exit, Failed
from hookline.cli.output import print_json
from hookline.cli.preset_faults import check_folder
from hookline.cli.reach import Config
from hookline.cli.settings import settings_of
from hookline.cli.shelf import shelf_at
from hookline.cli.text import clean
from hookline.errors import CatalogError


def check(
    *folders: Annotated[
        Path,
        Parameter(
            name="FOLDER",
            help="Of a provider or preset, or one that holds providers/ or presets/; else the built-in catalogue and "
            "HOOKLINE_CATALOG.",
            negative="",
        ),
    ],
    json: Annotated[bool, Parameter(negative="", help="As one JSON object.", show_default=False)] = False,
    config: Config = None,
) -> int:
    """Check folders of providers and presets: their files are read, and their samples must be as they say.

    Of a provider every sample is verified, taken apart and answered; of a preset every sample is played. Exit code 0 when
    all is as the samples say, else 1 and every fault with its file and field.

    For example:

        hookline catalog check
        hookline catalog check my-catalog/providers/acme
        hookline catalog check my-catalog/presets/lamps
        HOOKLINE_CATALOG=my-catalog hookline catalog check
    """
    asked = list(folders) or [*_built_in(), *_own(settings_of(config).catalog)]
    found = [one for folder in asked for one in _found(folder)]
    checked = [_CHECKS[noun](folder) for noun, folder in found]
    faults = [fault for told, _ in checked for fault in told]
    samples = sum(count for _, count in checked)
    counted = {noun: sum(one[0] == noun for one in found) for noun in _CHECKS}
    if json:
        nouns = {f"{noun}s": count for noun, count in counted.items()}
        print_json(msgspec.json.encode({**nouns, "samples": samples, "faults": faults}))
        return Exit.ERROR if faults else Exit.OK
    for fault in faults:
        print(f"fault: {clean(fault)}", file=sys.stderr)
    kinds = [_many(count, noun) for noun, count in counted.items() if count]
    print(f"{', '.join([*kinds, _many(samples, 'sample')])}: {_many(len(faults), 'fault')}.")
    return Exit.ERROR if faults else Exit.OK


def _provider(folder: Path) -> tuple[Sequence[str], int]:
    """The faults, and how many samples there are."""
    try:
        shelf = shelf_at(folder)
    except CatalogError as error:
        return [f"{error.detail} {error.hint}".rstrip()], 0
    if not shelf.samples:
        return [f"{folder}: there are no samples; hookline catalog record makes one"], 0
    return list(faults_of(shelf)), len(shelf.samples)


_CHECKS: Mapping[str, Callable[[Path], tuple[Sequence[str], int]]] = {
    "provider": _provider,
    "preset": check_folder,
}
"""Noun, as in `provider.yaml` and `providers/`, to what finds its faults."""


def _found(folder: Path) -> Iterator[tuple[str, Path]]:
    """Noun and folder. Raises Failed for a folder that is none of these and holds none."""
    own = [noun for noun in _CHECKS if (folder / f"{noun}.yaml").is_file()]
    shelves = [noun for noun in _CHECKS if (folder / f"{noun}s").is_dir()]
    if not own and not shelves:
        raise Failed(
            f"{folder} is no folder of a provider or preset: it holds neither provider.yaml nor preset.yaml, "
            "nor providers/ nor presets/.",
            hint="Name the folder that holds provider.yaml or preset.yaml.",
            exit_code=Exit.USAGE,
        )
    for noun in own:
        yield noun, folder
    for noun in [] if own else shelves:
        for one in sorted((folder / f"{noun}s").iterdir()):
            if one.is_dir() and not one.name.startswith((".", "_")):
                yield noun, one


def _built_in() -> Iterator[Path]:
    root = resources.files("hookline.catalog")
    if isinstance(root, Path):  # it cannot be walked so inside an archive
        yield root


def _own(catalog: Path | None) -> Iterator[Path]:
    if catalog is not None and any((catalog / f"{noun}s").is_dir() for noun in _CHECKS):
        yield catalog


def _many(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"
