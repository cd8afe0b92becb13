"""`x == blank` and `x != blank`: the library finds neither null nor what is missing blank, and Liquid does."""

from liquid import RenderContext, Token
from liquid.ast import ConditionalBlockNode
from liquid.builtin.expressions import BooleanExpression
from liquid.builtin.expressions.logical import (
    EqExpression,
    LogicalAndExpression,
    LogicalNotExpression,
    LogicalOrExpression,
    NeExpression,
)
from liquid.builtin.expressions.primitive import Blank
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.expression import Expression

from hookline.template.missing import is_missing


class IsBlank(Expression):
    __slots__ = ("blank", "of")

    def __init__(self, token: Token, of: Expression, blank: Expression) -> None:
        super().__init__(token=token)
        self.of = of
        self.blank = blank

    def evaluate(self, context: RenderContext) -> bool:
        value = self.of.evaluate(context)
        return value is None or is_missing(value) or self.blank == value

    def children(self) -> list[Expression]:
        return [self.of]


def ask_for_blank(node: IfNode | UnlessNode) -> None:
    """In its conditions."""
    conditions = [
        node.condition,
        *(one.expression for one in node.alternatives if isinstance(one, ConditionalBlockNode)),
    ]
    for condition in conditions:
        if isinstance(condition, BooleanExpression):
            condition.expression = _asking(condition.expression)


def _asking(expression: Expression) -> Expression:
    if isinstance(expression, LogicalAndExpression | LogicalOrExpression):
        expression.left = _asking(expression.left)
        expression.right = _asking(expression.right)
    elif isinstance(expression, EqExpression | NeExpression):
        return _compared(expression)
    return expression


def _compared(expression: EqExpression | NeExpression) -> Expression:
    sides = (expression.left, expression.right)
    blanks = [side for side in sides if isinstance(side, Blank)]
    others = [side for side in sides if not isinstance(side, Blank)]
    if len(blanks) != 1:
        return expression
    asked = IsBlank(expression.token, others[0], blanks[0])
    return asked if isinstance(expression, EqExpression) else LogicalNotExpression(expression.token, asked)
