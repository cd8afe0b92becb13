"""Scopes and renderings for tests of templates."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from hookline.template.engine import Scope, compile_text
from hookline.template.source import template_of

DATA: Mapping[str, object] = {
    "title": "Disk full",
    "count": 3,
    "price": Decimal("12.50"),
    "open": True,
    "closed": False,
    "nothing": None,
    "empty": "",
    "for": {"limit": 3, "if": "ok"},
    "code": "007",
    "items": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}],
    "customer": {"name": "A & B"},
}


def scope(
    data: Mapping[str, object] = DATA,
    *,
    strict: bool = False,
    maps: Mapping[str, Mapping[str, object]] | None = None,
) -> Scope:
    return Scope({"data": data, "type": "case.created"}, strict=strict, maps=maps)


def text(source: str, data: Mapping[str, object] = DATA) -> str:
    return compile_text(source, "template").text(scope(data))


def tree(source: object, given: Scope | None = None) -> object:
    """What a JSON template renders to, decoded."""
    template = template_of(msgspec.json.encode(source).decode())
    return msgspec.json.decode(template.render(given or scope()))
