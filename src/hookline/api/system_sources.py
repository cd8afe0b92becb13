"""The sources behind a system's own paths: made when a tenant enables it, and the tenant's from then on."""

from hookline.api.parts import Parts
from hookline.api.source_in import SourceIn, made_source
from hookline.model.ids import TenantId
from hookline.model.source import Verification
from hookline.model.system import System


def source_path(system: str, name: str) -> str:
    """The readable path of the source that stands behind a path of the system."""
    return f"{system}/{name}"


async def make_sources(parts: Parts, tenant: TenantId, system: System) -> None:
    """Those that are not there. Without a secret they accept what comes, as the system did; with one, what is signed."""
    there = {source.path for source in (await parts.config(tenant)).sources.values()}
    for name, wanted in system.sources.items():
        path = source_path(system.name, name)
        if path not in there:
            given = SourceIn(
                provider=wanted.provider,
                name=f"{system.title}: {name}",
                description=wanted.description,
                path=path,
                parameters=wanted.parameters,
                overrides=wanted.overrides,
                verification=Verification.WITH_SECRET,
            )
            await parts.store.sources.create(made_source(given, parts, tenant, parts.clock.now()))
    await parts.directory.reload(tenant)
