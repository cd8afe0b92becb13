"""A template's tokens, in time that grows with its length only: the library's expressions for it grow with its square."""

import re
from collections.abc import Iterator

from liquid.exceptions import LiquidSyntaxError
from liquid.token import TOKEN_CONTENT, TOKEN_EOF, TOKEN_EXPRESSION, TOKEN_OUTPUT, TOKEN_TAG, Token

MAX_EXPRESSION = 2048
"""Characters between two braces: the library reads an expression in time that grows with its square."""

_OPEN = re.compile(r"\{\{|\{%")
_NAME = re.compile(r"\s*(#|\w*)\s*")
_END_RAW = re.compile(r"\{%-?\s*endraw\s*-?%\}")
_COMMENT = re.compile(r"\{%-?\s*(comment|endcomment)\b[^%]*%\}")


def tokens_of(source: str) -> Iterator[Token]:
    """Raises LiquidSyntaxError for what is opened and never closed."""
    return _Lexer(source).tokens()


class _Lexer:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.strip = False
        """The mark before ended in `-`: blanks after it are left out."""

    def tokens(self) -> Iterator[Token]:
        while self.at < len(self.source):
            found = _OPEN.search(self.source, self.at)
            start = len(self.source) if found is None else found.start()
            yield from self._content(self.at, start, strip_end=self.source.startswith("-", start + 2))
            self.at = start
            if found is not None:
                yield from self._output() if found[0] == "{{" else self._tag()

    def _content(self, start: int, end: int, *, strip_end: bool) -> Iterator[Token]:
        text = self.source[start:end]
        text = text.lstrip() if self.strip else text
        text = text.rstrip() if strip_end else text
        if text:
            yield self._token(TOKEN_CONTENT, text, start)
        self.strip = False

    def _output(self) -> Iterator[Token]:
        opened = self.at
        start, end = self._inside("}}")
        yield self._token(TOKEN_OUTPUT, self.source[opened : self.at], opened)
        yield self._expression(start, end)

    def _tag(self) -> Iterator[Token]:
        opened = self.at
        start, end = self._inside("%}")
        found = _NAME.match(self.source, start, end)
        name = "" if found is None else found[1]
        if name == "raw":
            yield from self._raw(opened)
        elif name == "comment":
            self._skip_comment(opened)
        elif name != "#":
            yield self._token(TOKEN_TAG, name, start if found is None else found.start(1))
            begin = start if found is None else found.end()
            if begin < end:
                yield self._expression(begin, end)

    def _inside(self, close: str) -> tuple[int, int]:
        """Where what stands between the marks begins and ends, without its blanks and dashes; moves behind it."""
        closed = self.source.find(close, self.at + 2)
        if closed < 0:
            raise self._refusal(f"{self.source[self.at : self.at + 2]} is never closed by {close}", self.at)
        if closed - self.at > MAX_EXPRESSION:
            raise self._refusal(
                f"What stands in braces is longer than {MAX_EXPRESSION:,} characters", self.at
            )
        start, end = self.at + 2, closed
        self.at = closed + 2
        start += self.source.startswith("-", start, end)
        self.strip = start < end and self.source[end - 1] == "-"
        return start, end - self.strip

    def _expression(self, start: int, end: int) -> Token:
        text = self.source[start:end]
        lead = len(text) - len(text.lstrip())
        return self._token(TOKEN_EXPRESSION, text.strip(), start + lead)

    def _raw(self, opened: int) -> Iterator[Token]:
        found = _END_RAW.search(self.source, self.at)
        if found is None:
            raise self._refusal("{% raw %} is never closed by {% endraw %}", opened)
        yield from self._content(self.at, found.start(), strip_end=found[0].startswith("{%-"))
        self.at, self.strip = found.end(), found[0].endswith("-%}")

    def _skip_comment(self, opened: int) -> None:
        depth = 1
        for found in _COMMENT.finditer(self.source, self.at):
            depth += 1 if found[1] == "comment" else -1
            if not depth:
                self.at, self.strip = found.end(), found[0].endswith("-%}")
                return
        raise self._refusal("{% comment %} is never closed by {% endcomment %}", opened)

    def _token(self, kind: str, value: str, start: int) -> Token:
        return Token(kind, value, start, self.source)

    def _refusal(self, sentence: str, at: int) -> LiquidSyntaxError:
        return LiquidSyntaxError(sentence, token=self._token(TOKEN_EOF, "", at))
