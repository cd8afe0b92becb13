"""Recipes of presets, and what is asked of them, as the samples tell it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from hookline.catalog.loader import load_cases, load_dialects, load_presets, load_providers, load_systems
from hookline.catalog.preset_samples import data_of
from hookline.catalog.preset_settings import checked
from hookline.clock import SECOND, Micros
from hookline.deliver.dialect import Envelope
from hookline.deliver.prepared import Prepared
from hookline.deliver.recipe import Recipe
from hookline.deliver.verdict import Asked
from hookline.model.cases import Cases
from hookline.model.conversation import ConversationFile
from hookline.model.endpoint import Endpoint
from hookline.model.event import Event
from hookline.model.ids import EndpointId, EventId, TenantId

TENANT, ENDPOINT = TenantId("ten_1"), EndpointId("ep_1")
NOW = Micros(0)
PRESETS = load_presets()
SYSTEMS = load_systems(load_dialects(), load_providers())
CASES = Cases(SYSTEMS, load_cases())
DIALECTS = {name: Envelope(dialect) for name, dialect in load_dialects().items()}


def recipe_of(preset: str, settings: Mapping[str, Any]) -> Recipe:
    endpoint = Endpoint(
        id=ENDPOINT,
        tenant_id=TENANT,
        url="",
        preset=preset,
        settings=dict(checked(PRESETS[preset], settings)),
        created_at=NOW,
        updated_at=NOW,
    )
    return Recipe(Prepared(PRESETS[preset]), endpoint, DIALECTS[PRESETS[preset].dialect])


def asked_of(told: ConversationFile) -> Asked:
    """Nothing is known of its case."""
    event, data = told.event, data_of(told.event, SYSTEMS)
    case = CASES.of(event.type, event.system, data)
    return Asked(
        event=Event(
            id=EventId(event.id),
            tenant_id=TENANT,
            type=event.type,
            system=event.system,
            data=msgspec.json.encode(data),
            time=Micros(int(datetime.fromisoformat(event.time).timestamp()) * SECOND),
            accepted_at=NOW,
            tags=event.tags,
        ),
        attempt=told.attempt,
        now=NOW,
        data=data,
        case=case,
        key="" if case is None else case.key,
    )
