"""The language: which tags there are, how they print, and what is refused before it ever runs."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NoReturn, TextIO

from liquid import Environment, RenderContext, Token, TokenStream
from liquid.ast import BlockNode, Node
from liquid.builtin.content import Literal
from liquid.builtin.expressions import Filter, FilteredExpression, KeywordArgument, LoopExpression
from liquid.builtin.illegal import Illegal
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.assign_tag import AssignNode, AssignTag
from liquid.builtin.tags.capture_tag import CaptureTag
from liquid.builtin.tags.case_tag import CaseTag
from liquid.builtin.tags.cycle_tag import CycleNode, CycleTag
from liquid.builtin.tags.decrement_tag import DecrementTag
from liquid.builtin.tags.for_tag import BreakTag, ContinueTag, ForNode, ForTag
from liquid.builtin.tags.if_tag import IfNode, IfTag
from liquid.builtin.tags.increment_tag import IncrementTag
from liquid.builtin.tags.unless_tag import UnlessNode, UnlessTag
from liquid.exceptions import LiquidSyntaxError
from liquid.expression import Expression
from liquid.mode import Mode
from liquid.parser import get_parser
from liquid.token import TOKEN_DOT, TOKEN_OUTPUT, TOKEN_RANGE_LITERAL, TOKEN_WORD

from hookline.model.json import nearest
from hookline.template.blank import ask_for_blank
from hookline.template.context import Context
from hookline.template.filters.filter import arity
from hookline.template.filters.table import FILTERS, TYPED
from hookline.template.lexer import tokens_of
from hookline.template.missing import is_missing
from hookline.template.printing import text_of
from hookline.template.scope import Scope

MAX_BLOCKS = 30
"""How deep blocks stand in blocks."""

_CONDITIONS = frozenset({"if", "elsif", "unless"})
_LOADING = frozenset({"include", "render", "extends", "layout", "block", "macro", "call", "import", "with"})


class Refused(LiquidSyntaxError):
    """With a hint how to mend it."""

    def __init__(self, sentence: str, *, token: Token, hint: str = "") -> None:
        super().__init__(sentence, token=token)
        self.hint = hint


class Language(Environment):
    block_nesting_limit = MAX_BLOCKS

    def __init__(self, *, typed: bool) -> None:
        super().__init__()
        self.typed = typed
        """The template is one single output, which may end in `| typed`."""

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Only these: what is not named here does not exist. Filters stand in a table of their own."""
        del extra
        for tag in _TAGS:
            self.add_tag(tag)

    def _parse(self, source: str) -> list[Node]:
        return get_parser(self).parse(_Stream(tokens_of(source)))


class _Stream(TokenStream):
    """Behind a dot every word is a name: data has members that are called `limit`, `for` or `empty`."""

    def into_inner(self, *, tag: Token | None = None, eat: bool = True) -> TokenStream:
        inner = super().into_inner(tag=tag, eat=eat)
        if tag is not None and tag.value in _CONDITIONS:
            _check_condition(inner.tokens)
        for at, (before, token) in enumerate(pairwise(inner.tokens), 1):
            if before.kind == TOKEN_DOT and token.kind == token.value:
                inner.tokens[at] = token._replace(kind=TOKEN_WORD)
        return inner


def scope_of(context: RenderContext) -> Scope:
    if not isinstance(context, Context):
        raise TypeError(type(context))
    return context.rendering


class _OutputNode(OutputNode):
    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        return buffer.write(text_of(self.expression.evaluate(context)))


class _Output(Output):
    node_class = _OutputNode

    def parse(self, stream: TokenStream) -> OutputNode:
        token = stream.eat(TOKEN_OUTPUT)
        node = _OutputNode(token, FilteredExpression.parse(self.env, stream.into_inner(tag=token, eat=False)))
        _check_filters(node.expression, typed=isinstance(self.env, Language) and self.env.typed)
        return node


class _Assign(AssignTag):
    def parse(self, stream: TokenStream) -> AssignNode:
        node = super().parse(stream)
        _check_filters(node.expression, typed=False)
        return node


class _Loop(LoopExpression):
    """A range is never longer than the loops may turn: the library would write it out to reverse it."""

    def __init__(self, given: LoopExpression) -> None:
        super().__init__(
            given.token,
            given.identifier,
            given.iterable,
            limit=given.limit,
            offset=given.offset,
            reversed_=given.reversed,
            cols=given.cols,
        )

    def _to_iter(self, obj: object, context: RenderContext) -> tuple[Iterator[object], int]:
        scope = scope_of(context)
        if is_missing(obj):
            obj.used()
        scope.check_range(obj)
        return super()._to_iter(obj, context)


class _ForNode(ForNode):
    def __init__(
        self, token: Token, expression: LoopExpression, block: BlockNode, default: BlockNode | None = None
    ) -> None:
        super().__init__(token, _Loop(expression), block, default)


class _For(ForTag):
    node_class = _ForNode


class _CycleNode(CycleNode):
    """Cycles of the same words go on together, whatever the words stand for."""

    def __init__(self, token: Token, group: Expression | None, args: list[Expression]) -> None:
        super().__init__(token, group, args)
        self.words = ", ".join(map(str, args))

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        key = self.words if self.group is None else text_of(self.group.evaluate(context))
        index = context.cycle((self.group is None, key), len(self.args))
        return buffer.write(text_of(self.args[index % len(self.args)].evaluate(context)))


class _Cycle(CycleTag):
    node_class = _CycleNode


class _If(IfTag):
    mode = Mode.STRICT

    def parse(self, stream: TokenStream) -> Node:
        node = super().parse(stream)
        if isinstance(node, IfNode):
            ask_for_blank(node)
        return node


class _Unless(UnlessTag):
    mode = Mode.STRICT

    def parse(self, stream: TokenStream) -> Node:
        node = super().parse(stream)
        if isinstance(node, UnlessNode):
            ask_for_blank(node)
        return node


class _Unknown(Illegal):
    def parse(self, stream: TokenStream) -> NoReturn:
        token = stream.current
        if token.value in _LOADING:
            hint = "A template stands alone: it loads no other."
        else:
            meant = nearest(token.value, _NAMES)
            hint = f"Did you mean {meant}?" if meant else f"There are: {', '.join(_NAMES)}."
        raise Refused(f"There is no tag {token.value!r:.60} here", token=token, hint=hint)


def _check_condition(tokens: list[Token]) -> None:
    """To look for a text in a range, Python counts through all of it. Raises Refused."""
    for token in tokens:
        if token.kind == TOKEN_RANGE_LITERAL:
            hint = "Write n >= 1 and n <= 9 in place of (1..9) contains n."
            raise Refused("A range stands in no condition", token=token, hint=hint)


def _check_filters(expression: Expression, *, typed: bool) -> None:
    """Raises Refused."""
    filters = (isinstance(expression, FilteredExpression) and expression.filters) or []
    for position, each in enumerate(filters, 1):
        if each.name == TYPED:
            if not typed or position < len(filters):
                raise Refused(
                    f"{TYPED} ends a leaf that is one single output, and stands nowhere else",
                    token=each.token,
                    hint='Write "{{ data.count | typed }}" as the whole leaf of a JSON template.',
                )
        else:
            _check_filter(each)


def _check_filter(each: Filter) -> None:
    known = FILTERS.get(each.name)
    if known is None:
        meant = nearest(each.name, [*FILTERS, TYPED])
        hint = f"Did you mean {meant}?" if meant else "See the page of filters."
        raise Refused(f"There is no filter {each.name!r:.60}", token=each.token, hint=hint)
    least, most, named = arity(known)
    names = [arg.name for arg in each.args if isinstance(arg, KeywordArgument)]
    given = len(each.args) - len(names)
    if not least <= given <= most or not named.issuperset(names):
        raise Refused(
            f"The filter {each.name} does not take these arguments", token=each.token, hint=known.usage
        )


_TAGS = (
    Literal,
    _Output,
    _Unknown,
    _Assign,
    CaptureTag,
    _If,
    _Unless,
    CaseTag,
    _For,
    BreakTag,
    ContinueTag,
    _Cycle,
    IncrementTag,
    DecrementTag,
)
_NAMES = (
    "assign",
    "capture",
    "if",
    "unless",
    "case",
    "for",
    "cycle",
    "increment",
    "decrement",
    "raw",
    "comment",
)
