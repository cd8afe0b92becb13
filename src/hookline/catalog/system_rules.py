"""What a system must keep to beyond the types of its fields, checked when the catalogue is loaded."""

from collections.abc import Collection, Mapping

import msgspec

from hookline.catalog.case_rules import check_system_cases
from hookline.catalog.json_tree import check_json
from hookline.catalog.provider_file import ProviderFile
from hookline.catalog.record_checks import check_records
from hookline.errors import InvalidField
from hookline.model.json import nearest
from hookline.model.json_schema import check_event_type
from hookline.model.patterns import check_publishable
from hookline.model.system import System, SystemEvent, SystemSource


def check_system(system: System, dialects: Collection[str], providers: Mapping[str, ProviderFile]) -> None:
    """Raises InvalidField, with the field. `dialects`: the names of those that there are."""
    if system.dialect not in dialects:
        meant = nearest(system.dialect, dialects)
        hint = f"Did you mean {meant}?" if meant else ""
        raise InvalidField(f"There is no dialect {system.dialect!r:.100}.", hint=hint, field="dialect")
    for name, source in system.sources.items():
        _check_source(f"sources.{name}", source, providers)
    for name, event in system.events.items():
        _check_event(f"events.{name}", name, event)
    check_records(system)
    check_system_cases(system)


def _check_source(field: str, source: SystemSource, providers: Mapping[str, ProviderFile]) -> None:
    if source.provider not in providers:
        raise InvalidField(f"There is no provider {source.provider!r:.100}.", field=f"{field}.provider")
    check_json(f"{field}.overrides", source.overrides)
    providers[source.provider].provider(source.parameters, source.overrides)


def _check_event(field: str, name: str, event: SystemEvent) -> None:
    check_json(f"{field}.schema", event.schema)
    check_json(f"{field}.example", event.example)
    try:
        check_publishable(name)
        check_event_type(_raw(event.schema), _raw(event.example))
    except InvalidField as error:
        where = f"{field}.{error.field}" if error.field else field
        raise InvalidField(error.detail, hint=error.hint, field=where) from error


def _raw(tree: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(tree))
