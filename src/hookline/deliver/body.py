"""A body's tree compiled: constants joined once, what an event fills in between them."""

from collections.abc import Callable, Iterator
from functools import lru_cache

from hookline.deliver.json_style import Writer
from hookline.deliver.slots import Slots
from hookline.model.event import JSON, Event
from hookline.model.form import Slot, compile_form, parse_form, slots

Piece = bytes | Callable[[Event], bytes]
_DATA = "{data}"
_TYPE = Slot("type")
_TYPES = 1024


class BodyCompiler:
    def __init__(self, writer: Writer, fill: Slots) -> None:
        self._writer = writer
        self._fill = fill

    def compile(self, tree: object) -> Callable[[Event], bytes]:
        if tree == _DATA:
            data = self._writer.data
            return lambda event: data(event.data) if event.content_type == JSON else event.data
        pieces = tuple(_joined(self._pieces(tree)))
        return lambda event: b"".join(
            [piece if isinstance(piece, bytes) else piece(event) for piece in pieces]
        )

    def _pieces(self, tree: object) -> Iterator[Piece]:
        if isinstance(tree, dict):
            yield from self._members(tree)
        elif isinstance(tree, list):
            yield from self._elements(tree)
        elif isinstance(tree, str):
            yield self._text(tree)
        else:
            yield self._writer.value(tree)

    def _members(self, tree: dict[str, object]) -> Iterator[Piece]:
        yield b"{"
        for position, (key, value) in enumerate(tree.items()):
            yield (self._writer.comma if position else b"") + self._writer.text(key) + self._writer.colon
            yield from self._pieces(value)
        yield b"}"

    def _elements(self, tree: list[object]) -> Iterator[Piece]:
        yield b"["
        for position, value in enumerate(tree):
            yield self._writer.comma if position else b""
            yield from self._pieces(value)
        yield b"]"

    def _text(self, text: str) -> Piece:
        if text == _DATA:
            data = self._writer.data
            return lambda event: data(event.data)
        form = parse_form(text)
        places = slots(form)
        quote = self._writer.text
        if not places:
            return quote(text)
        filled = compile_form(form, self._fill.of_event)
        if form == (_TYPE,):
            quote = lru_cache(_TYPES)(quote)  # there are few of them, and every event has one
        if places[0].number:
            return lambda event: filled(event).encode()
        return lambda event: quote(filled(event))


def _joined(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Neighbouring constants as one."""
    constant = b""
    for piece in pieces:
        if isinstance(piece, bytes):
            constant += piece
            continue
        if constant:
            yield constant
            constant = b""
        yield piece
    if constant:
        yield constant
