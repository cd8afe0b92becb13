"""Gathering: claimed deliveries become tasks, those of batched endpoints several in one."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, islice

import msgspec

from hookline.clock import Clock
from hookline.deliver.dialect import Envelope
from hookline.deliver.target import Target
from hookline.deliver.targets import Targets
from hookline.deliver.task import Task
from hookline.model.endpoint import Endpoint
from hookline.model.ids import BatchId, Ids, NodeId
from hookline.storage.batches import Batch, Batches
from hookline.storage.ledger import Claimed


class Gatherer:
    def __init__(
        self, *, node: Callable[[], NodeId], batches: Batches, targets: Targets, ids: Ids, clock: Clock
    ) -> None:
        self._node = node
        self._batches = batches
        self._targets = targets
        self._ids = ids
        self._clock = clock

    async def tasks(self, claimed: Sequence[Claimed], endpoint: Endpoint | None) -> list[Task]:
        """Of one lane. A batch that was frozen before goes again as it was, whatever the endpoint says now."""
        alone = [one for one in claimed if one.delivery.batch_id is None]
        frozen = sorted((one for one in claimed if one.delivery.batch_id is not None), key=_batch_id)
        tasks = [
            await self._again(batch_id, list(some), endpoint) for batch_id, some in groupby(frozen, _batch_id)
        ]
        target = self._targets.get(endpoint) if endpoint is not None else ""
        if (
            endpoint is None
            or endpoint.batch is None
            or isinstance(target, str)
            or not target.dialect.batches
        ):
            return tasks + [_single(one) for one in alone]
        chunks = _chunks(alone, endpoint.batch.count)
        return tasks + [await self._freeze(some, endpoint, target) for some in chunks]

    async def _freeze(self, some: Sequence[Claimed], endpoint: Endpoint, target: Target) -> Task:
        batch_id = self._ids.batch()
        body = target.dialect.batch_body(batch_id, [one.event for one in some])
        batch = Batch(
            tenant_id=endpoint.tenant_id,
            id=batch_id,
            endpoint_id=endpoint.id,
            members=tuple(one.delivery.id for one in some),
            body=body,
            created_at=self._clock.now(),
        )
        await self._batches.freeze(self._node(), batch)
        return _together(batch_id, [_frozen(one, batch_id) for one in some], target, body)

    async def _again(self, batch_id: BatchId, some: list[Claimed], endpoint: Endpoint | None) -> Task:
        tenant = some[0].delivery.tenant_id
        some += await self._batches.rest(self._node(), tenant, batch_id)
        target = self._targets.get(endpoint) if endpoint is not None else ""
        body = await self._batches.body(tenant, batch_id)
        if isinstance(target, str) or body is None:  # it will be told why, or cancelled, without a body
            return _task(some, some[0], {})
        return _together(batch_id, some, target, body)


def _frozen(one: Claimed, batch_id: BatchId) -> Claimed:
    """As its row says now: what is written back must not thaw it."""
    return Claimed(msgspec.structs.replace(one.delivery, batch_id=batch_id), one.event, one.version)


def _batch_id(one: Claimed) -> BatchId:
    return BatchId(one.delivery.batch_id or "")


def _single(one: Claimed) -> Task:
    lane = (one.delivery.tenant_id, one.delivery.endpoint_id)
    return Task(delivery=one.delivery, event=one.event, lane=lane, fresh=False, bodies={})


def _together(batch_id: BatchId, some: Sequence[Claimed], target: Target, body: bytes) -> Task:
    event = target.dialect.batch_event(batch_id, [one.event for one in some])
    task = _task(some, some[0], {target.dialect: body})
    task.event = event
    return task


def _task(some: Sequence[Claimed], first: Claimed, bodies: dict[Envelope, bytes]) -> Task:
    task = _single(first)
    task.members = tuple(one.delivery for one in some)
    task.bodies = bodies
    return task


def _chunks(claimed: Iterable[Claimed], size: int) -> Iterable[list[Claimed]]:
    rest = iter(claimed)
    while chunk := list(islice(rest, size)):
        yield chunk
