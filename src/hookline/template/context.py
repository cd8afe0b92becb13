"""Context: what the library asks while it renders: every answer is counted, and none reads a clock."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from io import StringIO
from typing import TextIO

from liquid import BoundTemplate, RenderContext, Token
from liquid.builtin.tags.for_tag import ForLoop
from liquid.builtin.tags.tablerow_tag import TableRow
from liquid.utils import ReadOnlyChainMap

from hookline.template.filters.run import run
from hookline.template.filters.table import FILTERS
from hookline.template.missing import Missing, dotted, is_missing
from hookline.template.scope import Scope, TemplateFailed, in_words
from hookline.template.values import weight


class Context(RenderContext):
    """Of one template. It sees the variables and what the template assigns, and nothing of the library's own."""

    __slots__ = ("rendering", "sizes")

    def __init__(self, template: BoundTemplate, rendering: Scope) -> None:
        self.rendering = rendering
        self.sizes: dict[str, int] = {}
        super().__init__(template, globals=rendering.variables)
        self.scope = ReadOnlyChainMap(self.locals, self.globals, self.counters)

    @property
    def disabled_tags(self) -> list[str]:
        """The library asks for them at every node: here every node looks at the time."""
        self.rendering.tick()
        return []

    @disabled_tags.setter
    def disabled_tags(self, names: list[str]) -> None:
        """None is ever disabled."""

    def get(self, path: list[object], *, token: Token | None, default: object = None) -> object:
        self.rendering.tick()
        del token, default
        steps = iter(path)
        try:
            value: object = self.scope[str(next(steps))]
            for step in steps:
                value = _inside(value, step)
        except (LookupError, TypeError):
            return Missing(dotted(path), self.rendering)
        return value

    def assign(self, key: str, val: object) -> None:
        limits = self.rendering.limits
        self.rendering.tick()
        self.sizes[key] = weight(val, limits.value)
        if self.sizes[key] > limits.value:
            raise TemplateFailed(f"{key} is assigned more than {in_words(limits.value)}.")
        if sum(self.sizes.values()) > limits.names:
            raise TemplateFailed(f"It assigns more than {in_words(limits.names)}.")
        self.locals[key] = val

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        del token
        return partial(run, self.rendering, FILTERS[name])

    def get_buffer(self, buf: TextIO | None = None) -> StringIO:
        """What is captured is a value."""
        del buf
        limit = self.rendering.limits.value
        return Buffer(limit, TemplateFailed(f"It captures more than {in_words(limit)}."))

    @contextmanager
    def loop(self, namespace: Mapping[str, object], forloop: ForLoop | TableRow) -> Iterator[RenderContext]:
        forloop.it = self.rendering.turns(forloop.it)
        with super().loop(namespace, forloop) as context:
            yield context


class Buffer(StringIO):
    """Text that is no longer than `limit` bytes in UTF-8."""

    def __init__(self, limit: int, over: TemplateFailed) -> None:
        super().__init__()
        self.size = 0
        self._limit = limit
        self._over = over

    def write(self, text: str, /) -> int:
        self.size += size_of(text)
        if self.size > self._limit:
            raise self._over
        return super().write(text)


def size_of(text: str) -> int:
    """Bytes in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def output(rendering: Scope) -> Buffer:
    limit = in_words(rendering.limits.output)
    return Buffer(rendering.room, TemplateFailed(f"It wrote more than {limit}."))


def _inside(value: object, step: object) -> object:
    """Raises LookupError or TypeError where there is nothing."""
    if isinstance(value, dict) and step in value:
        return value[step]
    if is_missing(step):
        step.used()
    if isinstance(value, Mapping):
        return len(value) if step == "size" and step not in value else value[step]
    if isinstance(value, list | tuple):
        return _of_list(value, step)
    if isinstance(value, str | range) and step == "size":
        return len(value)
    raise TypeError


def _of_list(value: list[object] | tuple[object, ...], step: object) -> object:
    if isinstance(step, int):
        return value[step]
    if step == "size":
        return len(value)
    return value[{"first": 0, "last": -1}[str(step)]]
