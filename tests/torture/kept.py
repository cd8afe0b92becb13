"""Kept: a delivery of the torture's tenant, and its attempts, as the database has them at the end."""

from collections import defaultdict

import msgspec

from hookline.model.attempt import Attempt
from tests.torture.databases import Place
from tests.torture.run import TENANT

_OURS = f"WHERE tenant_id = '{TENANT}'"
_decode_attempt = msgspec.json.Decoder(Attempt).decode


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    event_id: str
    endpoint_id: str
    state: str
    reason: str
    attempts: tuple[Attempt, ...]
    order_key: str
    seq: int
    counted: int
    """The number of its last attempt."""


async def kept_at(place: Place) -> list[Kept]:
    later: dict[str, list[Attempt]] = defaultdict(list)
    for id_, document in await place.rows(
        f"SELECT delivery_id, document FROM attempts {_OURS} ORDER BY delivery_id, number"
    ):
        later[id_].append(_decode_attempt(document))
    rows = await place.rows(
        "SELECT id, event_id, endpoint_id, state, reason, order_key, seq, attempts, first_attempt "
        f"FROM deliveries {_OURS}"
    )
    return [
        Kept(
            id=id_,
            event_id=event,
            endpoint_id=endpoint,
            state=state,
            reason=reason or "",
            order_key=order_key or "",
            seq=seq or 0,
            counted=counted,
            attempts=(*([_decode_attempt(first)] if first else []), *later[id_]),
        )
        for id_, event, endpoint, state, reason, order_key, seq, counted, first in rows
    ]
