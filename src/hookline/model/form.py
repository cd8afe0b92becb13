"""Form: a text with places to fill, as `sha256={hex}` or `Hookline/{version}`; what dialects are written in."""

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

from hookline.errors import InvalidField

C = TypeVar("C")

_PLACE = re.compile(r"\{([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)(:number)?\}")


class Slot(msgspec.Struct, frozen=True):
    """A place to fill. `number` asks for a JSON number where a JSON string would stand otherwise."""

    name: str
    number: bool = False


Form = tuple[str | Slot, ...]


def parse_form(text: str) -> Form:
    """Raises InvalidField for a brace that is not part of a place: there is no escape, no form needs one."""
    parts: list[str | Slot] = []
    end = 0
    for place in _PLACE.finditer(text):
        parts += [text[end : place.start()], Slot(place[1], place[2] is not None)]
        end = place.end()
    parts.append(text[end:])
    literals = [part for part in parts if isinstance(part, str)]
    if any("{" in literal or "}" in literal for literal in literals):
        raise InvalidField(
            f"{text!r} has a brace that is not part of a place like {{id}} or {{time.unix:number}}."
        )
    return tuple(part for part in parts if part)


def slots(form: Form) -> tuple[Slot, ...]:
    return tuple(part for part in form if isinstance(part, Slot))


def compile_form(form: Form, fill: Callable[[str], Callable[[C], str]]) -> Callable[[C], str]:
    """The form as a function of what it is filled from; `fill` finds the function of one slot by its name."""
    fills = [fill(slot.name) for slot in slots(form)]
    match fills:
        case [one]:
            return one if len(form) == 1 else _around(form, one)
        case [one, two]:
            return _around_two(form, one, two)
    template = "".join(part.replace("%", "%%") if isinstance(part, str) else "%s" for part in form)
    return lambda c: template % tuple([each(c) for each in fills])


def _around(form: Form, fill: Callable[[C], str]) -> Callable[[C], str]:
    """One place between constants: the hot path's, without a template."""
    place = next(index for index, part in enumerate(form) if isinstance(part, Slot))
    before, after = ("".join(map(str, some)) for some in (form[:place], form[place + 1 :]))
    return lambda c: before + fill(c) + after


def _around_two(form: Form, one: Callable[[C], str], two: Callable[[C], str]) -> Callable[[C], str]:
    """The same for what nearly every dialect signs."""
    texts = ["", "", ""]
    place = 0
    for part in form:
        if isinstance(part, Slot):
            place += 1
        else:
            texts[place] = part
    before, between, after = texts
    return lambda c: f"{before}{one(c)}{between}{two(c)}{after}"
