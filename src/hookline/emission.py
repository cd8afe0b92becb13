"""Emission: the base of everything that Hookline tells about itself, in the log and in the metrics."""

from enum import StrEnum
from typing import ClassVar, NewType

import msgspec

from hookline.metrics import Metric

BareUrl = NewType("BareUrl", str)
"""A URL without user, password, query and fragment, which may hold secrets."""


def bare_url(url: str) -> BareUrl:
    bare = url.partition("?")[0].partition("#")[0]
    if "@" not in bare:
        return BareUrl(bare)
    scheme, mark, rest = bare.rpartition("://")
    authority, slash, path = rest.partition("/")
    return BareUrl(f"{scheme}{mark}{authority.rpartition('@')[2]}{slash}{path}")


class Level(StrEnum):
    SILENT = "silent"
    """Drives metrics only; writes no line."""
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class Emission(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", tag=True, omit_defaults=True):
    level: ClassVar[Level] = Level.INFO
    words: ClassVar[str] = ""
    counts: ClassVar[tuple[Metric, ...]] = ()
    """Each is raised by one."""
    observes: ClassVar[tuple[tuple[Metric, str], ...]] = ()
    """Histograms, each with the field that it observes."""
    sets: ClassVar[tuple[tuple[Metric, str], ...]] = ()
    """Gauges, each with the field that it is set to."""

    def sentence(self) -> str:
        return self.words.format_map(msgspec.structs.asdict(self))

    def trace_text(self) -> str:
        """More lines for people, below the first."""
        return ""
