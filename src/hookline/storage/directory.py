"""Directory: the configuration of tenants in memory, as of a version.

It may be behind; that is no harm, because whoever uses it says which version was used, and the database compares
(`Ledger.publish`) or tells a newer one (`Ledger.claim`).
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import msgspec

from hookline.errors import NotFound
from hookline.model.endpoint import Endpoint
from hookline.model.event_type import EventType
from hookline.model.ids import EndpointId, SourceId, TenantId
from hookline.model.page import MAX_LIMIT
from hookline.model.source import Source
from hookline.model.system import EnabledSystem
from hookline.storage.enabled_systems import EnabledSystems
from hookline.storage.endpoints import Endpoints
from hookline.storage.event_types import EventTypes
from hookline.storage.sources import Sources
from hookline.template.engine import load_language

MAX_TENANTS = 10_000
"""Tenants kept in memory; the one unused longest is forgotten first."""


class TenantConfig(msgspec.Struct, frozen=True, kw_only=True):
    tenant_id: TenantId
    version: int
    endpoints: Mapping[EndpointId, Endpoint]
    event_types: Mapping[str, EventType]
    sources: Mapping[SourceId, Source] = {}
    systems: Mapping[str, EnabledSystem] = {}


class Directory:
    def __init__(
        self, endpoints: Endpoints, event_types: EventTypes, sources: Sources, systems: EnabledSystems
    ) -> None:
        self._endpoints = endpoints
        self._event_types = event_types
        self._sources = sources
        self._systems = systems
        self._configs: OrderedDict[TenantId, TenantConfig] = OrderedDict()
        self._loads: dict[TenantId, tuple[asyncio.Lock, int]] = {}  # and how many hold or await it

    def get(self, tenant: TenantId) -> TenantConfig | None:
        """What is in memory, without a look at the database."""
        config = self._configs.get(tenant)
        if config is not None:
            self._configs.move_to_end(tenant)
        return config

    async def at_least(self, tenant: TenantId, version: int = 0) -> TenantConfig:
        """The configuration of `version` or a later one. Raises NotFound for a tenant that is not (any more)."""
        config = self._configs.get(tenant)
        if config is not None and config.version >= version:
            return config
        try:
            async with self._alone(tenant):
                known = self._configs.get(tenant)
                if known is None or known.version < version:
                    known = await self._load(tenant, known)
                    self._remember(known)
        except NotFound:
            self.forget(tenant)
            raise
        return known

    async def reload(self, tenant: TenantId) -> TenantConfig:
        """What is committed now."""
        config = self._configs.get(tenant)
        return await self.at_least(tenant, config.version + 1 if config else 0)

    def forget(self, tenant: TenantId) -> None:
        self._configs.pop(tenant, None)

    @asynccontextmanager
    async def _alone(self, tenant: TenantId) -> AsyncIterator[None]:
        """One look at a time, and those who wait for it share it."""
        lock, users = self._loads.get(tenant) or (asyncio.Lock(), 0)
        self._loads[tenant] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            _, users = self._loads.pop(tenant)
            if users > 1:
                self._loads[tenant] = (lock, users - 1)

    async def _load(self, tenant: TenantId, known: TenantConfig | None) -> TenantConfig:
        since = known.version if known else -1
        version, changed, deleted = await self._endpoints.changed_since(tenant, since)
        endpoints = dict(known.endpoints) if known else {}
        endpoints.update((endpoint.id, endpoint) for endpoint in changed)
        for endpoint_id in deleted:
            endpoints.pop(endpoint_id, None)
        if any(one.preset or one.template is not None for one in changed):
            await load_language()  # whoever sends to them compiles their texts in the event loop
        types = await self._all_types(tenant)
        sources = await self._all_sources(tenant, known)
        return TenantConfig(
            tenant_id=tenant,
            version=version,
            endpoints=endpoints,
            event_types=types,
            sources=sources,
            systems=await self._systems.all(tenant),
        )

    async def _all_sources(self, tenant: TenantId, known: TenantConfig | None) -> Mapping[SourceId, Source]:
        """Read after the version, as the types are."""
        changed, deleted = await self._sources.changed_since(tenant, known.version if known else -1)
        if known is not None and not changed and not deleted:
            return known.sources
        found = {**(known.sources if known else {}), **{source.id: source for source in changed}}
        return {source_id: source for source_id, source in found.items() if source_id not in deleted}

    async def _all_types(self, tenant: TenantId) -> dict[str, EventType]:
        """Read after the version: at worst newer than it says, and then read again soon."""
        types: dict[str, EventType] = {}
        after: str | None = None
        while True:
            page = await self._event_types.list(tenant, after=after, limit=MAX_LIMIT)
            types.update((one.name, one) for one in page.items)
            after = page.after
            if after is None:
                return types

    def _remember(self, config: TenantConfig) -> None:
        self._configs[config.tenant_id] = config
        self._configs.move_to_end(config.tenant_id)
        while len(self._configs) > MAX_TENANTS:
            self._configs.popitem(last=False)
