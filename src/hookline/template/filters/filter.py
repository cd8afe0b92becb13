"""Filter: one, with what its page says of it."""

import inspect
from collections.abc import Callable

import msgspec


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    run: Callable[..., object]
    """Of the value and the arguments. Raises TemplateFailed, or ValueError, TypeError, ArithmeticError, LookupError."""
    sentence: str
    example: str
    """A template over the variables and maps of `examples.py`."""
    result: str
    arguments: str = ""
    """As they are written behind the colon."""
    asks: bool = False
    """It asks whether there is a value: a missing one is no miss."""
    wide: bool = False
    """It takes and gives values of any size, since it costs next to nothing."""
    scoped: bool = False
    """It gets the scope first: it looks at the time, or at the maps."""

    @property
    def usage(self) -> str:
        return f"Write {self.name}: {self.arguments}." if self.arguments else f"{self.name} takes none."


def arity(filter_: Filter) -> tuple[int, int, frozenset[str]]:
    """The least and the most arguments, and those that are given by name."""
    given = list(inspect.signature(filter_.run).parameters.values())[2 if filter_.scoped else 1 :]
    plain = [one for one in given if one.kind is not inspect.Parameter.KEYWORD_ONLY]
    least = sum(one.default is inspect.Parameter.empty for one in plain)
    return least, len(plain), frozenset(one.name for one in given if one not in plain)
