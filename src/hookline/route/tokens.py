"""The words of a CEL filter, and the limits that it must keep before any compiler sees it."""

import re
from collections.abc import Mapping

import msgspec

from hookline.errors import InvalidFilter

MAX_SOURCE = 2048
MAX_DEPTH = 32
MAX_OPERATORS = 200

# CEL's own lexical rules. At each place the longest text wins there, so triple quotes stand before single ones.
_BODY = r"""(?:\\[\s\S]|(?!{quote})[^{stop}])*{quote}"""
_RAW = r"""(?:(?!{quote})[^{stop}])*{quote}"""
_QUOTES = (('"""', r"\\"), ("'''", r"\\"), ('"', r"\\\r\n"), ("'", r"\\\r\n"))
_STRINGS = "|".join(
    rf"[bB]?[rR]{quote}{_RAW.format(quote=quote, stop=stop[2:] or chr(0))}"
    rf"|[bB]?{quote}{_BODY.format(quote=quote, stop=stop)}"
    for quote, stop in _QUOTES
)
_TOKEN = re.compile(
    rf"(?P<space>\s+|//[^\n]*)|(?P<string>{_STRINGS})|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<number>0[xX][0-9a-fA-F]+[uU]?|(?:[0-9]*\.[0-9]+|[0-9]+)(?:[eE][+-]?[0-9]+)?[uU]?)"
    r"|(?P<mark>==|!=|<=|>=|&&|\|\||[\s\S])"
)
_OPERATORS = frozenset(
    {"==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "%", "!", "?", "in"}
)
_PAIRS = {"(": ")", "[": "]", "{": "}"}


class Token(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    """`string`, `name`, `number` or `mark`."""
    text: str
    start: int


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    source: str
    words: tuple[Token, ...]
    closing: Mapping[int, int]
    """Index of an opening bracket → index of the bracket that closes it."""

    def text(self, index: int) -> str:
        """The word there, or nothing beyond either end."""
        return self.words[index].text if 0 <= index < len(self.words) else ""

    def where(self, index: int) -> str:
        return place(self.source, self.words[index].start)


def tokenize(source: str) -> Tokens:
    """Raises `InvalidFilter` for a source that is too long, too deep or has too many operators."""
    if len(source.encode(errors="replace")) > MAX_SOURCE:
        raise InvalidFilter(
            f"The filter is longer than {MAX_SOURCE} bytes.", hint="Say less, or use two endpoints."
        )
    words = tuple(
        Token(kind=str(found.lastgroup), text=found[0], start=found.start())
        for found in _TOKEN.finditer(source)
        if found.lastgroup != "space"
    )
    if sum(word.text in _OPERATORS for word in words) > MAX_OPERATORS:
        raise InvalidFilter(
            f"The filter has more than {MAX_OPERATORS} operators.",
            hint="`data.x in ['a', 'b']` says the same as many `==` joined by `||`.",
        )
    return Tokens(source=source, words=words, closing=_pair(source, words))


def place(source: str, offset: int) -> str:
    """`line 1, column 5`: both count from 1, as the compiler does."""
    before = source[:offset]
    return f"line {before.count(chr(10)) + 1}, column {offset - (before.rfind(chr(10)) + 1) + 1}"


def _pair(source: str, words: tuple[Token, ...]) -> dict[int, int]:
    """Brackets that do not pair are left out: the compiler says so with its own words."""
    closing: dict[int, int] = {}
    opened: list[int] = []
    for index, word in enumerate(words):
        if word.text in _PAIRS:
            opened.append(index)
        elif opened and word.text == _PAIRS[words[opened[-1]].text]:
            closing[opened.pop()] = index
        if len(opened) > MAX_DEPTH:
            raise InvalidFilter(
                f"The filter has brackets more than {MAX_DEPTH} deep at {place(source, word.start)}.",
                hint="Brackets around a chain of && or || are not needed.",
            )
    return closing
