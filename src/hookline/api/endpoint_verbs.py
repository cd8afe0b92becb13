"""What is done to endpoints, for whoever may: the API itself, and the own paths of systems."""

import msgspec

from hookline.api.endpoint_in import EndpointIn, made
from hookline.api.parts import Parts
from hookline.model.endpoint import Endpoint
from hookline.model.event import Event
from hookline.model.ids import EndpointId, TenantId
from hookline.model.patterns import ALL, check_type
from hookline.storage.endpoints import Held

TEST_TYPE = "hookline.test"


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


async def trial_event(parts: Parts, endpoint: Endpoint, event_type: str | None, data: bytes = b"") -> Event:
    """A test event. Type and data, left out, are those that the endpoint asks for and the example of that type."""
    exact = [pattern for pattern in endpoint.events if not pattern.endswith(ALL)]
    name = event_type if event_type is not None else next(iter(exact), TEST_TYPE)
    check_type(name)
    now = parts.clock.now()
    return Event(
        id=parts.ids.event(),
        tenant_id=endpoint.tenant_id,
        type=name,
        data=data or await _example(name, endpoint, parts),
        time=now,
        accepted_at=now,
        system=endpoint.system,
    )


async def _example(name: str, endpoint: Endpoint, parts: Parts) -> bytes:
    """The tenant's own, else that of the endpoint's system."""
    config, system = await parts.config(endpoint.tenant_id), parts.systems.get(endpoint.system)
    known = config.event_types.get(name)
    if known is not None and known.example is not None:
        return bytes(known.example)
    if system is not None and name in system.events:
        return msgspec.json.encode(system.events[name].example)
    return b'{"message":"This is a test from Hookline."}'
