"""The table of reference pages: a file's name, and what makes its text. All offline, and the same on every run."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from hookline.docs.api import api_page, openapi_text
from hookline.docs.cli import cli_page
from hookline.docs.dialects import dialects_page
from hookline.docs.errors import errors_page
from hookline.docs.own_paths import own_paths_page
from hookline.docs.presets import preset_language_page, presets_page
from hookline.docs.providers import provider_language_page, providers_page
from hookline.docs.receipts import receipts_page
from hookline.docs.settings import settings_page
from hookline.docs.states import states_page
from hookline.docs.system_language import system_language_page
from hookline.docs.systems import systems_page
from hookline.docs.telemetry import telemetry_page
from hookline.docs.template_filters import template_filters_page

PAGES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "api.md": api_page,
        "cli.md": cli_page,
        "deliveries-states.md": states_page,
        "dialects.md": dialects_page,
        "errors.md": errors_page,
        "events-and-metrics.md": telemetry_page,
        "openapi.json": openapi_text,
        "own-paths.md": own_paths_page,
        "preset-language.md": preset_language_page,
        "presets.md": presets_page,
        "provider-language.md": provider_language_page,
        "providers.md": providers_page,
        "receipts.md": receipts_page,
        "settings.md": settings_page,
        "system-language.md": system_language_page,
        "systems.md": systems_page,
        "template-filters.md": template_filters_page,
    }
)


def write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (folder / name).write_text(make(), encoding="utf-8")
