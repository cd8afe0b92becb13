"""Template: one text, compiled once, rendered as often as there are deliveries."""

from hookline.template.scope import Scope


class Template:
    """`engine.compile_text` makes them. Without I/O; every step looks at the scope's limits.

    This one holds no places, and comes out as it is; `parsed.Parsed` holds some.
    """

    constant = True
    """It holds no places."""
    typed = False
    """It ends in `| typed`."""

    def __init__(self, source: str) -> None:
        self._source = source

    @property
    def places(self) -> frozenset[tuple[str, ...]]:
        """What it reads: each path up to the first step that is no name. Without what it assigns by itself."""
        return frozenset()

    def text(self, scope: Scope) -> str:
        """Raises TemplateFailed."""
        del scope
        return self._source

    def value(self, scope: Scope) -> object:
        """Of one that ends in `| typed`: what it stands for, null for what is missing; the text of any other.

        Raises TemplateFailed. A value that is no text is not yet counted as written.
        """
        return self.text(scope)


def place_in(source: str, at: int) -> str:
    line, column = source.count("\n", 0, at) + 1, at - source.rfind("\n", 0, at)
    return f"Line {line}, column {column}"
