"""What a filter will touch when it runs: names that exist, macros that end soon, values that are not too large.

CEL has no loops but its macros, yet a few characters can keep a process busy for minutes: macros inside macros,
a large value compared or copied once per item. `plan_filter` refuses the first when the filter is written;
`Plan.refusal` refuses the second for the event at hand, before the filter runs.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NoReturn

import msgspec

from hookline.errors import InvalidFilter
from hookline.model.json import nearest
from hookline.route.functions import ZONED
from hookline.route.tokens import Tokens

VARIABLES = ("type", "data", "tags", "time")
MACROS = ("all", "exists", "exists_one", "existsOne", "map", "filter")
_MAKERS = ("map", "filter")
MAX_ITEMS = 1000
MAX_WORK = 4 * 1024 * 1024
"""Bytes of the event that one run may read, each counted as often as it is read."""

_CONVERSIONS = ("int", "uint", "double", "string", "bytes")
TYPE_NAMES = (*_CONVERSIONS, "list", "map", "bool", "null_type")
_FUNCTIONS = (*_CONVERSIONS, "timestamp", "duration", "type", "dyn", "has", "size", *ZONED)
_FUNCTIONS += ("contains", "startsWith", "endsWith", "matches")
_KEYWORDS = ("true", "false", "null", "in")
_SIZED = ("data", "tags")
_CONSTANTS = ("true", "false", "null", ",", "-")
_ENDS_OPERAND = (")", "]", "}")


class Macro(msgspec.Struct, frozen=True, kw_only=True):
    name: str = ""
    variable: str = ""
    first: int = 0
    last: int = 0
    """The words of its body."""
    path: tuple[str, ...] = ()
    """The field it runs over; empty for a list that is written out."""
    count: int = 0
    """Items of the list that is written out."""
    computed: bool = False
    """It runs over what `map` made, which may be larger than the event."""


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    path: tuple[str, ...]
    indexed: bool
    """Goes on with `[…]`, which copies the list before it takes one item."""
    macro: Macro | None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    mentions: tuple[Mention, ...]
    macros: tuple[Macro, ...]
    loops: tuple[Macro, ...]
    """The macro of each mention of a loop variable."""
    copies: int
    """1 and the number of `+`: a sum of lists or texts copies them again at each step."""

    @property
    def reads_data(self) -> bool:
        return any(mention.path[0] == "data" for mention in self.mentions)

    def refusal(self, roots: Mapping[str, object], size: int) -> str:
        """Why the filter must not run on this event of `size` bytes, or nothing."""
        if not self.macros and size * len(self.mentions) * self.copies <= MAX_WORK:
            return ""
        items = {macro.first: macro.count or _length(_resolve(roots, macro.path)) for macro in self.macros}
        if max(items.values(), default=0) > MAX_ITEMS:
            return f"a macro runs over {max(items.values())} items; at most {MAX_ITEMS} are allowed"
        if self._work(roots, size, items) > MAX_WORK:
            return "the event is too large for this filter (exists and all cost less than map and filter)"
        return ""

    def _work(self, roots: Mapping[str, object], size: int, items: Mapping[int, int]) -> int:
        """An upper bound. The library copies what `map` and `filter` have made so far once more for each item."""
        work = sum(size * _growth(macro, items) for macro in self.loops if not macro.computed)
        for mention in self.mentions:
            weight = size if mention.indexed else _weight(_resolve(roots, mention.path), size)
            within = mention.macro
            work += weight * (items[within.first] * _growth(within, items) if within else 1)
        for macro in self.macros:
            count = items[macro.first]
            work += size * count if macro.name == "filter" else 0
            work += (macro.last - macro.first) * count * count if macro.name == "map" else 0
        return work * self.copies * (1 + sum(macro.computed for macro in self.loops))


def plan_filter(tokens: Tokens) -> Plan:
    """Raises `InvalidFilter` for a name that does not exist and for a macro that may run too long."""
    return _Planner(tokens).plan()


class _Planner:
    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._mentions: list[Mention] = []
        self._macros: list[Macro] = []
        self._loops: list[Macro] = []
        self._ranges: dict[int, Macro] = {}
        """Word after a field, a list or a macro → what a macro that follows there runs over."""

    def plan(self) -> Plan:
        for index, word in enumerate(self._tokens.words):
            if word.kind == "name":
                self._name(index)
            elif word.text == "[" and not self._follows_operand(index):
                self._list(index)
            elif word.text == "." and not self._follows_operand(index):
                self._refuse(index, "A name cannot begin with a full stop")
        plus = sum(word.text == "+" for word in self._tokens.words)
        return Plan(
            mentions=tuple(self._mentions),
            macros=tuple(self._macros),
            loops=tuple(self._loops),
            copies=1 + plus,
        )

    def _name(self, index: int) -> None:
        name = self._tokens.text(index)
        field = self._tokens.text(index - 1) == "."
        if name in _KEYWORDS and not field:
            return
        if self._tokens.text(index + 1) == "(":
            self._call(index, name)
        elif not field:
            self._variable(index, name)

    def _call(self, index: int, name: str) -> None:
        if name in MACROS:
            self._macro(index, name)
        elif name not in _FUNCTIONS:
            self._unknown(index, "function", name, (*_FUNCTIONS, *MACROS))

    def _variable(self, index: int, name: str) -> None:
        macro = self._around(index)
        if macro and name == macro.variable:
            if index > macro.first:
                self._loops.append(macro)
        elif name in _SIZED:
            self._mention(index, macro)
        elif name not in VARIABLES and name not in TYPE_NAMES:
            self._unknown(index, "variable", name, VARIABLES)

    def _mention(self, index: int, macro: Macro | None) -> None:
        path, end = self._path(index)
        indexed = self._tokens.text(end) == "["
        self._mentions.append(Mention(path=path, indexed=indexed, macro=macro))
        self._ranges[end] = Macro(path=path)

    def _path(self, index: int) -> tuple[tuple[str, ...], int]:
        """`data.a.b` as names, and the index of the word after it. A method (`.size(`) is no part of it."""
        text, path, end = self._tokens.text, [self._tokens.text(index)], index + 1
        while text(end) == "." and text(end + 2) != "(":
            path.append(text(end + 1))
            end += 2
        return tuple(path), end

    def _list(self, index: int) -> None:
        """Only constants: a list of lists, or of what macros made, could grow with each macro that follows."""
        close = self._tokens.closing.get(index, index)
        inside = self._tokens.words[index + 1 : close]
        if all(word.kind in ("string", "number") or word.text in _CONSTANTS for word in inside):
            count = sum(word.text == "," for word in inside) + 1
            self._ranges[close + 1] = Macro(count=count)

    def _macro(self, index: int, name: str) -> None:
        over = self._ranges.get(index - 1)
        if self._around(index):
            self._refuse(index, f"The macro {name} stands inside another macro, which is not allowed")
        if over is None:
            self._refuse(index, f"The macro {name} must follow a field, like data.items.{name}(…)")
        if over.computed and name in _MAKERS:
            self._refuse(index, f"The macro {name} follows map, which is not allowed")
        variable, last = self._tokens.text(index + 2), self._tokens.closing.get(index + 1, index)
        if self._tokens.text(index + 3) != "," or variable in (*VARIABLES, *TYPE_NAMES):
            self._refuse(index, f"The macro {name} needs a name of its own for the item: {name}(item, …)")
        made = msgspec.structs.replace(over, name=name, variable=variable, first=index + 2, last=last)
        self._macros.append(made)
        if name in _MAKERS:
            self._ranges[last + 1] = msgspec.structs.replace(over, computed=over.computed or name == "map")

    def _around(self, index: int) -> Macro | None:
        return next((macro for macro in self._macros if macro.first <= index < macro.last), None)

    def _follows_operand(self, index: int) -> bool:
        if index == 0:
            return False
        before = self._tokens.words[index - 1]
        if before.kind == "mark":
            return before.text in _ENDS_OPERAND
        return before.text != "in"

    def _unknown(self, index: int, kind: str, name: str, known: Iterable[str]) -> NoReturn:
        close = nearest(name, known)
        hint = f"Did you mean {close}?" if close else f"There are the variables {', '.join(VARIABLES)}."
        self._refuse(index, f"There is no {kind} {name[:100]}", hint)

    def _refuse(self, index: int, sentence: str, hint: str = "") -> NoReturn:
        raise InvalidFilter(f"{sentence} ({self._tokens.where(index)}).", hint=hint)


def _growth(macro: Macro, items: Mapping[int, int]) -> int:
    return items[macro.first] if macro.name == "map" else 1


def _resolve(roots: Mapping[str, object], path: Sequence[str]) -> object:
    value: object = roots
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _length(value: object) -> int:
    return len(value) if isinstance(value, Mapping | list | tuple) else 0


def _weight(value: object, size: int) -> int:
    """What one use of `value` costs at most, in bytes of the event."""
    if isinstance(value, str):
        return len(value)
    return size if isinstance(value, Mapping | list | tuple) else 1
