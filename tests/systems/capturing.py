"""A delivery of a system, captured as its receivers get it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hookline.clock import Micros
from hookline.model.delivery import State
from hookline.model.endpoint import Secret
from hookline.model.ids import SecretId
from tests.clock import ManualClock
from tests.engine.gateway import folder, gateway
from tests.engine.receivers import receiving

SECRET = "a secret of sixteen characters, and an ü"


class Delivered(NamedTuple):
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes
    names: tuple[str, ...]
    """Of the headers, as they were written."""

    @property
    def signature(self) -> str:
        return next(value for name, value in self.headers.items() if name.endswith("-signature"))


async def delivered(
    system: str,
    name: str,
    data: object,
    path: Path,
    clock: ManualClock,
    *,
    at: Micros | None = None,
    **fields: Any,
) -> Delivered:
    """`at`: the time of the event; `fields`: of the endpoint."""
    async with receiving() as receiver, gateway(folder(path), clock) as hookline:
        await hookline.tenants()
        secret = Secret(id=SecretId("sec_1"), value=SECRET, created_at=clock.now())
        given = {"secrets": (secret,), **fields}
        await hookline.endpoint(receiver.url(), system=system, dialect=system, **given)
        published = await hookline.publish(json.dumps(data).encode(), type=name, system=system, time=at)
        detail = await hookline.until_state(published, State.DELIVERED)
        (got,), (attempt,) = receiver.got, detail.attempts
        headers = {key.lower(): value for key, value in got.headers.items()}
        return Delivered(headers, got.body, tuple(key for key, _ in attempt.request_headers))
