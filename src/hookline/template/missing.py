"""Missing: stands for a value that is not there, and tells so when it is used, not when it is only asked for."""

from collections.abc import Iterator, Sequence
from typing import TypeGuard

from liquid.undefined import Undefined

from hookline.template.scope import Scope


class Missing(Undefined):
    """Conditions, `== blank` and the filter `default` look at it without using it."""

    __slots__ = ("path", "rendering")

    def __init__(self, path: str, rendering: Scope) -> None:
        super().__init__(path)
        self.path = path
        self.rendering = rendering

    def used(self) -> None:
        """Raises TemplateFailed in a strict rendering."""
        self.rendering.miss(self.path)

    def __str__(self) -> str:
        self.used()
        return ""

    def __int__(self) -> int:
        self.used()
        return 0

    def __iter__(self) -> Iterator[object]:
        self.used()
        return iter(())


def is_missing(value: object) -> TypeGuard[Missing]:
    """By its type: `isinstance` would cost ten times as much, since the library's class is an abstract one."""
    return type(value) is Missing


def dotted(steps: Sequence[object]) -> str:
    """`data.items[0].name`"""
    return "".join(map(_shown, steps)).removeprefix(".")


def _shown(step: object) -> str:
    if is_missing(step):
        return f"[{step.path}]"
    return f"[{step}]" if isinstance(step, int) else f".{step}"
