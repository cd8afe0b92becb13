"""Late: modules that are loaded when something of theirs is first asked for, and libraries that others load unasked.

if TYPE_CHECKING:
import jsonschema_rs
else:
jsonschema_rs = late("jsonschema_rs")
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any, cast


class Late:
    """Stands for a module. What was once asked for is found as fast as in the module itself."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # whoever looks around, as `inspect` does, wants nothing of the module
            raise AttributeError(name)
        found = getattr(import_module(self._module), name)
        setattr(self, name, found)
        return found


def late(module: str) -> Any:
    return Late(module)


async def load(*modules: str) -> None:
    """Load them in a thread, so that the event loop does not stand still for it where they are used next."""
    await asyncio.to_thread(_load, modules)


def _load(modules: tuple[str, ...]) -> None:
    for module in modules:
        import_module(module)


@contextmanager
def absent(module: str) -> Iterator[None]:
    """What is imported in here does without `module`, as if it were not installed; what is imported later may have it.

    For libraries that take along whatever is there.
    """
    modules = cast("dict[str, ModuleType | None]", sys.modules)  # None: an import of it fails
    before = modules.get(module)
    modules[module] = None
    try:
        yield
    finally:
        del modules[module]
        if before is not None:
            modules[module] = before
