"""`hookline catalog check`: whether provider folders say what they should, and their samples prove it."""

import sys
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from hookline.cli.catalog_faults import faults_of
from hookline.cli.exits import Exit, Failed
from hookline.cli.output import print_json
from hookline.cli.reach import Config, settings_of
from hookline.cli.shelf import shelf_at
from hookline.cli.text import clean
from hookline.errors import CatalogError

_FILE = "provider.yaml"


def check(
    *folders: Annotated[
        Path,
        Parameter(
            name="FOLDER",
            help="Of a provider, or one that holds providers/; else the built-in catalogue and HOOKLINE_CATALOG.",
            negative="",
        ),
    ],
    json: Annotated[bool, Parameter(negative="", help="As one JSON object.", show_default=False)] = False,
    config: Config = None,
) -> int:
    """Check provider folders: their files are read, every sample is verified, taken apart and answered.

    Exit code 0 when all is as samples.yaml says, else 1 and every fault with its file and field.

    For example:

        hookline catalog check
        hookline catalog check my-catalog/providers/acme
        HOOKLINE_CATALOG=my-catalog hookline catalog check
    """
    asked = list(folders) or [*_built_in(), *_own(settings_of(config).catalog)]
    found = [folder for one in asked for folder in _providers(one)]
    checked = [_checked(folder) for folder in found]
    faults = [fault for told, _ in checked for fault in told]
    samples = sum(count for _, count in checked)
    if json:
        print_json(msgspec.json.encode({"providers": len(found), "samples": samples, "faults": faults}))
    else:
        for fault in faults:
            print(f"fault: {clean(fault)}", file=sys.stderr)
        print(f"{_many(len(found), 'provider')}, {_many(samples, 'sample')}: {_many(len(faults), 'fault')}.")
    return Exit.ERROR if faults else Exit.OK


def _checked(folder: Path) -> tuple[Sequence[str], int]:
    """The faults, and how many samples there are."""
    try:
        shelf = shelf_at(folder)
    except CatalogError as error:
        return [f"{error.detail} {error.hint}".rstrip()], 0
    if not shelf.samples:
        return [f"{folder}: there are no samples; hookline catalog record makes one"], 0
    return list(faults_of(shelf)), len(shelf.samples)


def _providers(folder: Path) -> Iterator[Path]:
    """Raises Failed for a folder that is no provider's and holds none."""
    if (folder / _FILE).is_file():
        yield folder
        return
    shelf = folder / "providers"
    if not folder.is_dir() or not shelf.is_dir():
        raise Failed(
            f"{folder} is no folder of a provider: it holds neither {_FILE} nor providers/.",
            hint="Name the folder that holds provider.yaml.",
            exit_code=Exit.USAGE,
        )
    for one in sorted(shelf.iterdir()):
        if one.is_dir() and not one.name.startswith((".", "_")):
            yield one


def _built_in() -> Iterator[Path]:
    root = resources.files("hookline.catalog")
    if isinstance(root, Path):  # it cannot be walked so inside an archive
        yield root


def _own(catalog: Path | None) -> Iterator[Path]:
    if catalog is not None and (catalog / "providers").is_dir():
        yield catalog


def _many(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"
