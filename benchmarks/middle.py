"""The middle of several runs: field by field, medians; what counts loss is added up."""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from benchmarks.figures import median

ADDED = frozenset({"lost", "duplicated", "refused", "expected"})
_T = TypeVar("_T", bound=msgspec.Struct)


def middle(runs: Sequence[_T]) -> _T:
    """All of one type, whose fields are numbers or such types again."""
    kind = type(runs[0])
    return kind(
        **{name: _field(name, [getattr(run, name) for run in runs]) for name in kind.__struct_fields__}
    )


def _field(name: str, values: Sequence[Any]) -> Any:
    if isinstance(values[0], msgspec.Struct):
        return middle(values)
    return sum(values) if name in ADDED else median(values)
