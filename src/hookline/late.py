"""Late: modules that are loaded when something of theirs is first asked for, and libraries that others load unasked.

The type checker sees the module itself::

    if TYPE_CHECKING:
        import jsonschema_rs
    else:
        jsonschema_rs = Late("jsonschema_rs")
"""

import asyncio
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType, ModuleType
from typing import Any, cast

LIBRARIES: Mapping[str, str] = MappingProxyType(
    {"cel": "common-expression-language", "jsonschema_rs": "jsonschema-rs", "liquid": "python-liquid"}
)
"""What a gateway that runs may load → its package. The other late ones are needed at the start, or never."""

_LOADED: set[str] = set()
"""By `load`, and whole: in `sys.modules` may be what another thread has only begun."""


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


async def load(module: str) -> None:
    """Load it in a thread, so that the event loop does not stand still for it where it is used next. Once it is loaded, this
    costs nothing.
    """
    if module not in _LOADED:
        await asyncio.to_thread(import_module, module)
        _LOADED.add(module)


def missing() -> list[str]:
    """The packages of `LIBRARIES` that are not installed. It looks, and loads nothing."""
    return [package for module, package in LIBRARIES.items() if find_spec(module) is None]


@contextmanager
def absent(module: str) -> Iterator[None]:
    """What is imported in here does without `module`, as if it were not installed; what is imported later may have it.

    For libraries that take along whatever is there; and for the start only, since no thread finds `module` meanwhile.
    """
    modules = cast("dict[str, ModuleType | None]", sys.modules)  # None: an import of it fails
    before = modules.get(module)
    modules[module] = None
    try:
        yield
    finally:
        modules.pop(module, None)
        if before is not None:
            modules[module] = before
