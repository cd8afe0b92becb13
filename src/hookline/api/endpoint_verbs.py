"""What is done to endpoints, for whoever may: the API itself, and the own paths of systems."""

import msgspec

from hookline.api.endpoint_in import EndpointIn, made
from hookline.api.parts import Parts
from hookline.model.endpoint import Endpoint
from hookline.model.ids import EndpointId, TenantId
from hookline.storage.endpoints import Held


async def create(parts: Parts, tenant: TenantId, given: EndpointIn, *, alone: bool = False) -> Endpoint:
    """`alone`: raises Conflict where another endpoint of the same system has the same URL. Raises InvalidField."""
    endpoint = await made(given, parts, tenant, parts.clock.now())
    await parts.store.endpoints.create(endpoint, alone=alone)
    await parts.directory.reload(tenant)
    return endpoint


async def replace(parts: Parts, given: EndpointIn, known: Endpoint, *, filter_saved: bool = True) -> Endpoint:
    """Raises Conflict when somebody else changed it since `known` was read."""
    endpoint = await made(given, parts, known.tenant_id, parts.clock.now(), known)
    endpoint = msgspec.structs.replace(
        endpoint,
        version=known.version,  # whoever changes it at the same time hears of it
        filter_off="" if filter_saved else known.filter_off,
    )
    held = Held.RELEASE if endpoint.active and not known.active else None
    await parts.store.endpoints.replace(endpoint, held=held)
    await parts.directory.reload(known.tenant_id)
    if held is not None:
        parts.wake()
    return endpoint


async def remove(parts: Parts, tenant: TenantId, endpoint_id: EndpointId) -> None:
    await parts.store.endpoints.delete(tenant, endpoint_id, parts.clock.now())
    await parts.directory.reload(tenant)
