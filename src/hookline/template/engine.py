"""The engine: compiles texts. Liquid is loaded with the first one that has places: it takes 4 MB and 0.2 s."""

from typing import TYPE_CHECKING

from hookline.errors import InvalidTemplate
from hookline.late import Late, load
from hookline.template.scope import KIB, Limits, Scope, TemplateFailed, in_words
from hookline.template.template import Template, place_in

if TYPE_CHECKING:
    from hookline.template import parsed
else:
    parsed = Late("hookline.template.parsed")

__all__ = ["Limits", "Scope", "Template", "TemplateFailed", "compile_text", "load_language"]

MAX_SOURCE = 64 * KIB


async def load_language() -> None:
    """In a thread, for who will compile a text in the event loop, which would stand still meanwhile."""
    await load("hookline.template.parsed")


def compile_text(source: str, field: str) -> Template:
    """Raises InvalidTemplate, with line and column."""
    _check_source(source, field)
    if "{{" not in source and "{%" not in source:
        return Template(source)
    return parsed.parse(source, field)


def _check_source(source: str, field: str) -> None:
    if len(source.encode(errors="replace")) > MAX_SOURCE:
        raise InvalidTemplate(
            f"It is longer than {in_words(MAX_SOURCE)}.", hint="Write a shorter one.", field=field
        )
    try:
        source.encode()
    except UnicodeEncodeError as error:
        at = place_in(source, error.start)
        hint = "Write the whole character."
        raise InvalidTemplate(f"{at}: half a character (a lone surrogate).", hint=hint, field=field) from None
