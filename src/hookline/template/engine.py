"""Template: one text of Liquid, compiled once, rendered as often as there are deliveries."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import takewhile

from liquid import BoundTemplate
from liquid.builtin.expressions import FilteredExpression
from liquid.builtin.output import OutputNode
from liquid.exceptions import LiquidError, LiquidValueError
from liquid.expression import Expression

from hookline.errors import InvalidTemplate
from hookline.template.context import Context, output, size_of
from hookline.template.filters.table import TYPED
from hookline.template.language import Language, Refused
from hookline.template.missing import is_missing
from hookline.template.scope import KIB, Limits, Scope, TemplateFailed, in_words
from hookline.template.values import text_of, typed

__all__ = ["Limits", "Scope", "Template", "TemplateFailed", "compile_text"]

MAX_SOURCE = 64 * KIB

_MANY = Language(typed=False)
_SINGLE = Language(typed=True)
_TOO_DEEP = "It is nested too deeply"
_FAULTS = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)


class Template:
    """`compile_text` makes them. Without I/O; every step looks at the scope's limits."""

    def __init__(self, source: str, bound: BoundTemplate | None = None) -> None:
        self.constant = bound is None
        """It holds no places."""
        self._source = source
        self._bound = bound
        self._only, self.typed = _single(bound) if bound is not None else (None, False)
        """What the one output stands for, where there is nothing else; and whether it ends in `| typed`."""

    @property
    def places(self) -> frozenset[tuple[str, ...]]:
        """What it reads: each path up to the first step that is no name. Without what it assigns by itself."""
        if self._bound is None:
            return frozenset()
        read = self._bound.analyze().globals.values()
        return frozenset(_names(one.segments) for many in read for one in many)

    def text(self, scope: Scope) -> str:
        """Raises TemplateFailed."""
        if self._bound is None:
            return self._source
        if self._only is not None:
            return self._printed(self._only, self._bound, scope)
        buffer = output(scope)
        with _telling():
            self._bound.render_with_context(Context(self._bound, scope), buffer)
        scope.wrote(buffer.size)
        return buffer.getvalue()

    def value(self, scope: Scope) -> object:
        """Of one that ends in `| typed`: what it stands for, null for what is missing; the text of any other.

        Raises TemplateFailed. A value that is no text is not yet counted as written.
        """
        if self._bound is None or self._only is None or not self.typed:
            return self.text(scope)
        scope.tick()
        with _telling():
            found = self._only.evaluate(Context(self._bound, scope))
        return typed(_known(found, scope))

    def _printed(self, only: Expression, bound: BoundTemplate, scope: Scope) -> str:
        """Without a buffer: what most leaves are."""
        scope.tick()
        with _telling():
            text = text_of(only.evaluate(Context(bound, scope)))
        scope.wrote(size_of(text))
        return text


def compile_text(source: str, field: str) -> Template:
    """Raises InvalidTemplate, with line and column."""
    _check_source(source, field)
    if "{{" not in source and "{%" not in source:
        return Template(source)
    try:
        bound = (_SINGLE if is_single(source) else _MANY).from_string(source)
    except LiquidError as error:
        raise _refused(error, source, field) from None
    return Template(source, bound)


def is_single(source: str) -> bool:
    """One output, and nothing around it."""
    return source.startswith("{{") and source.find("}}") == len(source) - 2


def _check_source(source: str, field: str) -> None:
    if len(source.encode(errors="replace")) > MAX_SOURCE:
        raise InvalidTemplate(
            f"It is longer than {in_words(MAX_SOURCE)}.", hint="Write a shorter one.", field=field
        )
    try:
        source.encode()
    except UnicodeEncodeError as error:
        at = _place(source, error.start)
        hint = "Write the whole character."
        raise InvalidTemplate(f"{at}: half a character (a lone surrogate).", hint=hint, field=field) from None


def _single(bound: BoundTemplate) -> tuple[Expression | None, bool]:
    node = bound.nodes[0] if len(bound.nodes) == 1 else None
    if not isinstance(node, OutputNode):
        return None, False
    only = node.expression
    filters = (isinstance(only, FilteredExpression) and only.filters) or []
    if not isinstance(only, FilteredExpression) or not filters or filters[-1].name != TYPED:
        return only, False
    return FilteredExpression(only.token, only.left, filters[:-1]), True


def _names(steps: Iterable[object]) -> tuple[str, ...]:
    return tuple(step for step in takewhile(lambda one: isinstance(one, str), steps) if isinstance(step, str))


def _known(found: object, scope: Scope) -> object:
    """As JSON has it: a value that is missing is null, a range a list."""
    if is_missing(found):
        found.used()
        return None
    scope.check_range(found)
    return list(found) if isinstance(found, range) else found


def _refused(error: LiquidError, source: str, field: str) -> InvalidTemplate:
    cause = error.__cause__
    sentence = _TOO_DEEP if isinstance(cause, RecursionError) else _message(error)
    at = error.token.start_index if error.token is not None else 0
    place = _place(source, at if at >= 0 else len(source))
    hint = error.hint if isinstance(error, Refused) else ""
    return InvalidTemplate(
        f"{place}: {sentence}.", hint=hint or "Templates are written in Liquid.", field=field
    )


def _place(source: str, at: int) -> str:
    line, column = source.count("\n", 0, at) + 1, at - source.rfind("\n", 0, at)
    return f"Line {line}, column {column}"


@contextmanager
def _telling() -> Iterator[None]:
    """Whatever the library or a value does wrong is a rendering that failed."""
    try:
        yield
    except _FAULTS as error:
        raise _failed(error) from None
    except LiquidError as error:
        raise TemplateFailed(_sentence(error)) from None


def _failed(error: Exception) -> TemplateFailed:
    if isinstance(error, RecursionError):
        return TemplateFailed(f"{_TOO_DEEP}.")
    return TemplateFailed("It does something that its values do not allow.")


def _sentence(error: LiquidError) -> str:
    if isinstance(error, LiquidValueError):
        return "A number has more digits than there may be."
    return f"It cannot go on: {_message(error)}."


def _message(error: LiquidError) -> str:
    """The library's sentence; it names kinds of values, never a value."""
    return str(error.message or "it is not Liquid").rstrip(".")[:200]
