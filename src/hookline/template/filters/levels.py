"""How urgent something is: each receiver has words of its own for it."""

from collections.abc import Mapping

from hookline.template.printing import text_of
from hookline.template.scope import Scope, TemplateFailed

WORDS: Mapping[str, tuple[str, ...]] = {
    "low": ("low", "lowest", "minor", "p4", "p5"),
    "medium": ("medium", "normal", "moderate", "p3"),
    "high": ("high", "major", "p2"),
    "urgent": ("urgent", "critical", "highest", "blocker", "emergency", "p1"),
}
_LEVEL_OF = {word: level for level, words in WORDS.items() for word in words}
ELSE = "else"
"""The entry of a map for what has none."""


def level(value: object) -> str:
    word = text_of(value).strip().lower()
    return _LEVEL_OF.get(word, word)


def mapped(scope: Scope, value: object, name: object) -> object:
    """The exact word, then a word of the same level, then `else`, then the value itself. Nothing stays nothing: a level that
    an event does not tell must not become one.
    """
    entries = scope.maps.get(text_of(name))
    if entries is None:
        raise TemplateFailed("It names a map that there is not.")
    if isinstance(value, str) and value in entries:
        return entries[value]
    known = {word.strip().lower(): found for word, found in entries.items()}
    word = text_of(value).strip().lower()
    if word in known:
        return known[word]
    wanted = _LEVEL_OF.get(word)
    if wanted is not None:
        for synonym in (wanted, *WORDS[wanted]):
            if synonym in known:
                return known[synonym]
    return entries.get(ELSE, value) if word else value
