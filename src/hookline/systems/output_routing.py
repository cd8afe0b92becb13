"""Which cases an output gets: those of its company and category, as far as its own filter lets them through."""

from collections.abc import Mapping
from typing import Any

import msgspec

from hookline.api.body import at_field
from hookline.errors import InvalidField
from hookline.model.endpoint import Endpoint
from hookline.route.filter import compile_filter

Id = int | str | None
COMPANY, CATEGORY = "company_id", "category_id"
"""Fields of an output; an endpoint's metadata keeps them by these names, as JSON."""
_LONGEST, _LARGEST = 64, 2**63
_OF_COMPANY = "(!has(data.company_id) || data.company_id == null || string(data.company_id) == {})"
_OF_CATEGORY = (
    '(has(data.category_id) && data.category_id != null && data.category_id != "" ? string(data.category_id)'
    ' : has(data.category) && data.category != null ? string(data.category) : "") == {}'
)
"""A case that names another company goes to none of this one's; one of no category to none that asks for one."""


class Routing(msgspec.Struct, frozen=True, kw_only=True):
    """None: whichever the case has."""

    company: Id = None
    category: Id = None
    own: str = ""
    """A CEL expression that must be true as well."""

    @property
    def filter(self) -> str:
        """Its own stands on lines of its own: a remark at its end hides nothing of what follows."""
        given = ((self.company, _OF_COMPANY), (self.category, _OF_CATEGORY))
        parts = [form.format(_quoted(value)) for value, form in given if value is not None]
        if self.own:
            parts.append(f"(\n{self.own}\n)" if parts else self.own)
        return " && ".join(parts)

    @property
    def metadata(self) -> dict[str, str]:
        given = {COMPANY: self.company, CATEGORY: self.category}
        return {
            name: msgspec.json.encode(value).decode() for name, value in given.items() if value is not None
        }

    def check(self) -> None:
        """Raises InvalidField, InvalidFilter. The own filter is looked at by itself: together with the rest, what closes a
        parenthesis that it never opened would let every case through.
        """
        for name, value in ((COMPANY, self.company), (CATEGORY, self.category)):
            _check_id(name, value)
        if self.own:
            with at_field("filter"):
                compile_filter(self.own)


def routing_of(endpoint: Endpoint) -> Routing:
    """Where the filter says something else than the metadata, because somebody wrote one of both elsewhere, it counts."""
    ids = {name: _kept(endpoint.metadata.get(name)) for name in (COMPANY, CATEGORY)}
    routed = Routing(company=ids[COMPANY], category=ids[CATEGORY])
    own = endpoint.filter.removeprefix(routed.filter)
    if routed.filter and own:
        own = own.removeprefix(" && (\n").removesuffix("\n)")
    found = msgspec.structs.replace(routed, own=own)
    return found if found.filter == endpoint.filter else Routing(own=endpoint.filter)


def without_routing(metadata: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in metadata.items() if name not in {COMPANY, CATEGORY}}


def _quoted(value: Any) -> str:
    """As CEL reads texts."""
    return msgspec.json.encode(str(value)).decode()


def _kept(text: str | None) -> Id:
    try:
        return None if text is None else msgspec.json.decode(text, type=int | str)
    except msgspec.DecodeError:
        return None


def _check_id(name: str, value: Id) -> None:
    if isinstance(value, str) and not (0 < len(value) <= _LONGEST and value.isprintable()):
        raise InvalidField(
            f"An id is a number, or a text of 1 to {_LONGEST} characters.",
            hint="Leave it out to mean all cases.",
            field=name,
        )
    if isinstance(value, int) and abs(value) >= _LARGEST:
        raise InvalidField(f"{name} is larger than 64 bits hold.", hint="Write it as a text.", field=name)
