"""Remote: what a case is in another system, once an endpoint has made it there."""

import msgspec

from hookline.clock import Micros
from hookline.model.ids import EndpointId, TenantId


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    tenant_id: TenantId
    endpoint_id: EndpointId
    case: str
    """`KIND:ID`, as `ticket:4711`; for events that speak of no case their order key."""
    id: str
    url: str = ""
    """For people; empty where there is none."""
    fields: dict[str, str] = {}
    """What else later requests need to know."""
    created_at: Micros
    updated_at: Micros
