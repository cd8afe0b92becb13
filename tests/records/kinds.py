"""Kinds of record for the tests of rules: one of ours made to order, and those of the catalogue."""

from typing import Any

import msgspec

from hookline.catalog.loader import load_dialects, load_providers, load_systems
from hookline.model.record_rules import RecordKind
from hookline.records.rules import Kind

SYSTEMS = load_systems(load_dialects(), load_providers())
KINDS = [(system.name, name) for system in SYSTEMS.values() for name in system.records]


def kind(zone: str = "UTC", **rules: Any) -> Kind:
    given = {
        "description": "A thing.",
        "schema": {"type": "object"},
        "example": {},
        **rules,
    }
    return Kind(msgspec.convert(given, RecordKind), zone)


def of_catalogue(system: str, name: str, zone: str = "UTC") -> Kind:
    return Kind(SYSTEMS[system].records[name], zone)
