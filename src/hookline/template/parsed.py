"""Parsed: a template with places, as the Liquid library reads it. See `engine`, which loads this only when there is one."""

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
from hookline.template.printing import text_of
from hookline.template.scope import Scope, TemplateFailed
from hookline.template.template import Template, place_in
from hookline.template.values import typed

_MANY = Language(typed=False)
_SINGLE = Language(typed=True)
_TOO_DEEP = "It is nested too deeply"
_FAULTS = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)


class Parsed(Template):
    constant = False

    def __init__(self, source: str, bound: BoundTemplate) -> None:
        super().__init__(source)
        self._bound = bound
        self._only, self.typed = _single(bound)
        """What the one output stands for, where there is nothing else; and whether its value keeps its type (`| typed`)."""

    @property
    def places(self) -> frozenset[tuple[str, ...]]:
        read = self._bound.analyze().globals.values()
        return frozenset(_names(one.segments) for many in read for one in many)

    def text(self, scope: Scope) -> str:
        if self._only is not None:
            return self._printed(self._only, scope)
        buffer = output(scope)
        with _telling():
            self._bound.render_with_context(Context(self._bound, scope), buffer)
        scope.wrote(buffer.size)
        return buffer.getvalue()

    def value(self, scope: Scope) -> object:
        if self._only is None or not self.typed:
            return self.text(scope)
        scope.tick()
        with _telling():
            found = self._only.evaluate(Context(self._bound, scope))
        return typed(_known(found, scope))

    def _printed(self, only: Expression, scope: Scope) -> str:
        """Without a buffer: what most leaves are."""
        scope.tick()
        with _telling():
            text = text_of(only.evaluate(Context(self._bound, scope)))
        scope.wrote(size_of(text))
        return text


def parse(source: str, field: str) -> Parsed:
    """Raises InvalidTemplate, with line and column."""
    try:
        return Parsed(source, (_SINGLE if _is_single(source) else _MANY).from_string(source))
    except LiquidError as error:
        raise _refused(error, source, field) from None


def _is_single(source: str) -> bool:
    """One output, and nothing around it."""
    return source.startswith("{{") and source.find("}}") == len(source) - 2


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
    place = place_in(source, at if at >= 0 else len(source))
    hint = error.hint if isinstance(error, Refused) else ""
    return InvalidTemplate(
        f"{place}: {sentence}.", hint=hint or "Templates are written in Liquid.", field=field
    )


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
