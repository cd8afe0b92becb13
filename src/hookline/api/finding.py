"""Finding: which source a URL below `/in/` leads to, and whether that is still so."""

import hmac

from hookline.api.parts import Parts
from hookline.emissions_inbound import SourceFailed
from hookline.errors import InvalidField, NotFound
from hookline.looks import Looks
from hookline.model.ids import TenantId
from hookline.model.source import Source
from hookline.receive.registry import Registered
from hookline.storage.directory import TenantConfig
from hookline.storage.sources import Place


class Finding:
    """`rest`: of a URL, what follows `/in/`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._directory = parts.directory
        self._inbox = parts.inbox
        self._versions = Looks(lambda tenant: parts.store.tenants.version(TenantId(tenant)))

    async def found(self, rest: str) -> Registered | None:
        """Raises Unavailable. None: there is no such source, or its tenant is gone."""
        known = self._inbox.finder.at_hand(rest)
        found = await self._found_at(rest, known)
        if known is None or found is not None:
            return found
        # What was remembered leads there no more: looked for afresh. Once, and not for what was just looked for: a URL
        # that leads nowhere is not remembered, so it fails closed, and each request to it costs one look, as to any.
        return await self._found_at(rest, None)

    async def newer(self, found: Registered, rest: str) -> Registered | None:
        """What the URL leads to now, if that is another: another node may have changed the source since, or given its path
        to another one. Raises NotFound where the tenant is gone, Unavailable.
        """
        tenant = found.source.tenant_id
        version = await self._versions.newest(tenant)
        known = self._directory.get(tenant)
        if known is None or known.version < version:
            await self._directory.at_least(tenant, version)
        newer = await self.found(rest)
        return newer if newer is not None and newer.source != found.source else None

    def registered(self, config: TenantConfig, rest: str, place: Place) -> Registered | None:
        source = config.sources.get(place[1])
        if source is None or not leads(rest, source):
            return None
        try:
            return self._inbox.registry.registered(source)
        except InvalidField as error:
            self._parts.telemetry.emit(
                SourceFailed(
                    tenant_id=source.tenant_id,
                    source_id=source.id,
                    provider=source.provider,
                    reason=error.detail,
                )
            )
            return None

    async def _found_at(self, rest: str, known: Place | None) -> Registered | None:
        """At the place that is known, else where it leads now. What leads nowhere is forgotten."""
        place = known or await self._inbox.finder.find(rest)
        found = await self._there(rest, place) if place is not None else None
        if found is None:
            self._inbox.finder.forget(rest)
        return found

    async def _there(self, rest: str, place: Place) -> Registered | None:
        try:
            config = self._directory.get(place[0]) or await self._directory.at_least(place[0])
            found = self.registered(config, rest, place)
            if found is None:  # made, or given this path, by another node
                found = self.registered(await self._parts.config(place[0]), rest, place)
        except NotFound:
            return None
        return found


def leads(rest: str, source: Source) -> bool:
    known_by = f"{source.tenant_id}/{source.path}" if "/" in rest else source.token
    return hmac.compare_digest(known_by.encode(), rest.encode("utf-8", "surrogatepass"))
