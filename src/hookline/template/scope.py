"""What one rendering may see and may cost, and what it found missing."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import msgspec

KIB = 1024


class TemplateFailed(Exception):
    """A rendering that ended without a result. `reason` is a sentence for people, and holds none of the values."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one scope may cost, over all the templates that are rendered with it."""

    seconds: float = 0.1
    """CPU time of the rendering thread; a single pause of it is forgiven."""
    output: int = 1024 * KIB
    """Bytes that are written, in UTF-8."""
    loops: int = 10_000
    """Turns of all loops together; a single range is no longer either."""
    value: int = 256 * KIB
    """Size of what goes into a filter, or comes out of one, or is assigned or captured, as `weight` counts it."""
    names: int = 1024 * KIB
    """Size of everything that one template has assigned and captured."""


DEFAULT = Limits()


class Scope:
    """One rendering. The first template that is rendered with it starts its time: use it in one thread only."""

    def __init__(
        self,
        variables: Mapping[str, object],
        *,
        limits: Limits = DEFAULT,
        strict: bool = False,
        maps: Mapping[str, Mapping[str, object]] | None = None,
        now: datetime | None = None,
        cpu: Callable[[], float] = time.thread_time,
    ) -> None:
        self.variables = variables
        self.limits = limits
        self.strict = strict
        self.maps = maps or {}
        self.now = now
        """What `now` means in the filter `date`: the same for every attempt. None: a template that asks fails."""
        self.missing: list[str] = []
        """Dotted paths of what was used and is not there, each once, in order."""
        self._cpu = cpu
        self._end: float | None = None
        self._ticked = 0.0
        self._paused = False
        self._turned = 0
        self._written = 0
        self._held: list[str] | None = None

    def tick(self) -> None:
        """Raises TemplateFailed when the time is over. Called at every step that could be one of many."""
        now = self._cpu()
        if self._end is None:
            self._end = now + self.limits.seconds
        if now > self._end:
            if not self._is_pause(now):
                raise TemplateFailed(f"It ran longer than {self.limits.seconds * 1000:.0f} ms.")
            self._paused, self._end = True, now + self.limits.seconds
        self._ticked = now

    def _is_pause(self, now: float) -> bool:
        """One step that took most of the time is, once, not the template's fault: the garbage collector may have gone
        through the heap in this thread, or the machine stood still. A template that is to blame fails at its next.
        """
        return not self._paused and now - self._ticked > self.limits.seconds / 2

    def turns(self, items: Iterable[object]) -> Iterator[object]:
        """The items of a loop, counted with those of all other loops."""
        for item in items:
            self._turned += 1
            if self._turned > self.limits.loops:
                raise self.too_many_turns()
            self.tick()
            yield item

    def check_range(self, value: object) -> None:
        """Written out, a range would fill the memory. Raises TemplateFailed for one that is too long."""
        if isinstance(value, range) and value.stop - value.start > self.limits.loops:
            raise self.too_many_turns()

    def too_many_turns(self) -> TemplateFailed:
        return TemplateFailed(f"Its loops turned more than {self.limits.loops:,} times.")

    def wrote(self, size: int) -> None:
        """Bytes more. Raises TemplateFailed."""
        self._written += size
        if self._written > self.limits.output:
            raise TemplateFailed(f"It wrote more than {in_words(self.limits.output)}.")

    @property
    def room(self) -> int:
        """Bytes that may still be written."""
        return self.limits.output - self._written

    def miss(self, path: str) -> None:
        """Something is used that is not there. Raises TemplateFailed in a strict rendering."""
        if self._held is not None:
            self._held.append(path)
            return
        if path not in self.missing:
            self.missing.append(path)
        if self.strict:
            raise TemplateFailed(f"{path} is missing.")

    @contextmanager
    def asking(self) -> Iterator[list[str]]:
        """What is missing meanwhile is collected and not told: the template asks whether something is there."""
        before, self._held = self._held, []
        try:
            yield self._held
        finally:
            self._held = before


def in_words(size: int) -> str:
    return f"{size // KIB // KIB} MiB" if size % (KIB * KIB) == 0 else f"{size / KIB:g} KiB"
