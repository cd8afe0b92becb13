"""What the examples of the filters work on."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from hookline.template.scope import Scope

VARIABLES: Mapping[str, object] = {
    "data": {
        "title": "Disk full",
        "note": "First line\nSecond line",
        "priority": "Critical",
        "count": 3,
        "price": Decimal("12.50"),
        "at": "2026-11-24T08:30:15.250+01:00",
        "items": [
            {"id": 2, "name": "beta", "open": True},
            {"id": 1, "name": "Alpha", "open": False},
        ],
    }
}
MAPS: Mapping[str, Mapping[str, object]] = {"priority": {"high": 2, "urgent": 1, "else": 3}}
NOW = datetime(2026, 11, 24, 7, 30, 15, tzinfo=UTC)


def example_scope() -> Scope:
    return Scope(VARIABLES, maps=MAPS, now=NOW)
