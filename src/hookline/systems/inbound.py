"""Inbound: the paths of systems that providers send to lead to the sources behind them. No key: the source verifies."""

from collections.abc import Mapping

from hookline.api.parts import Parts
from hookline.api.reading import Scope
from hookline.api.receive import PATH
from hookline.api.system_sources import source_path
from hookline.model.ids import TenantId
from hookline.model.system import EnabledSystem
from hookline.systems.access import Place, place_of, plain

MAX_KNOWN = 10_000


class Inward:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._paths: Mapping[str, tuple[str, str]] = {
            path: (system.name, name)
            for system in parts.systems.values()
            for name, source in system.sources.items()
            for path in source.paths
            if not source.answered
        }
        self._known: dict[Place, TenantId] = {}

    async def __call__(self, scope: Scope) -> Scope | None:
        """The request as it is for the source that stands behind its path; None: none does. Raises Unavailable."""
        scope = plain(scope)
        behind = self._paths.get(scope["path"])
        if behind is None:
            return None
        system, name = behind
        tenant = await self._owner(place_of(scope, system))
        return None if tenant is None else {**scope, "path": f"{PATH}{tenant}/{source_path(system, name)}"}

    async def _owner(self, place: Place) -> TenantId | None:
        """What was true a moment ago is held against the configuration in memory, which costs no look at the database."""
        known = self._known.get(place)
        config = self._parts.directory.get(known) if known is not None else None
        if config is not None and place.is_of(config.systems.get(place.system)):
            return known
        enabled: EnabledSystem | None = await self._parts.store.enabled_systems.at(*place)
        if enabled is None:
            self._known.pop(place, None)
            return None
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[place] = enabled.tenant_id
        return enabled.tenant_id
