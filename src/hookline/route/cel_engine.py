"""CEL: the compiled part of the library alone.

Its package also loads a command line (prompt_toolkit, pygments, typer) when it is imported: 30 MB of memory and
0.3 s that a gateway never uses. So the extension module is loaded by its path, under its own name.
"""

import sys
from collections.abc import Mapping
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Protocol, cast


class Context(Protocol):
    def add_variable(self, name: str, value: object) -> None: ...

    def update(self, variables: Mapping[str, object]) -> None: ...


class Program(Protocol):
    def execute(self, context: Context | None = None) -> object: ...

    def variables(self) -> list[str]: ...

    def functions(self) -> list[str]: ...


class Engine(Protocol):
    def compile(self, source: str) -> Program: ...

    def Context(self, variables: Mapping[str, object] | None = None) -> Context: ...  # noqa: N802  the library's name


def _load() -> Engine:
    """Raises ImportError when the package `common-expression-language` is not installed."""
    known = sys.modules.get("cel.cel")
    if known is not None:
        return cast("Engine", known)
    path = _extension()
    spec = spec_from_file_location("cel.cel", path, loader=ExtensionFileLoader("cel.cel", str(path)))
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules["cel.cel"] = (
        module  # only when it is whole: what is left of a failure would be taken for the engine
    )
    return cast("Engine", module)


def _extension() -> Path:
    package = find_spec("cel")
    folders = package.submodule_search_locations if package is not None else None
    for folder in folders or ():
        for suffix in EXTENSION_SUFFIXES:
            path = Path(folder) / f"cel{suffix}"
            if path.exists():
                return path
    raise ImportError("The package common-expression-language is not installed")


ENGINE: Engine = _load()
"""Whoever imports this module has it: see `hookline.late`."""
