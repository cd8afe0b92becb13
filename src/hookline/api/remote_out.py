"""What a case is in another system, as it is shown."""

import msgspec

from hookline.api.times import iso
from hookline.model.remote import Remote


class RemoteOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a case is in another system, once an endpoint with a preset has made it there."""

    endpoint_id: str
    id: str
    """As the other system calls it."""
    url: str
    """Its page there; empty where there is none."""
    created_at: str
    updated_at: str


def shaped_remote(remote: Remote) -> RemoteOut:
    return RemoteOut(
        endpoint_id=remote.endpoint_id,
        id=remote.id,
        url=remote.url,
        created_at=iso(remote.created_at),
        updated_at=iso(remote.updated_at),
    )
