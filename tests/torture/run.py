"""One torture of one database: load, kills, healing, drain, and what was seen by all sides."""

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from tests.torture import desk
from tests.torture.databases import HEARTBEAT, LEASE, NODES, TOKEN, Place
from tests.torture.hooks import AT_START, SQLITE_AT_START, SQLITE_ONLY, Hook, Plan, hook_plan
from tests.torture.processes import Death, NodeProcess, free_ports
from tests.torture.publisher import SOURCE, Publisher
from tests.torture.receivers import Receiver, receiving

TENANT = "torture"
MIGRATION_KILLS = 3
HOOK_PATIENCE = 4.0
TAKE_OVER_PATIENCE = 12.0
DRAIN_IN = 180.0
AGAIN = 50
"""Acknowledged events that are published once more at the end."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What to do."""

    kills: int
    pauses: int = 0
    """Nodes stopped for two leases, so that the other takes over from one that lives: only where there are two."""
    seed: int


class Seen(msgspec.Struct, kw_only=True):
    """What all sides saw: the material of the verdict."""

    trial: Trial
    place: Place
    receivers: Sequence[Receiver]
    publisher: Publisher
    nodes: Sequence[NodeProcess]
    callers: desk.Callers
    endpoints: dict[str, str]
    """Receiver → id of its endpoint."""
    drain_seconds: float | None = None
    """None: it did not drain."""
    repeats_wrong: int = 0
    seconds: float = 0.0

    @property
    def pauses(self) -> int:
        return self.trial.pauses if len(self.nodes) > 1 else 0

    @property
    def deaths(self) -> list[Death]:
        return sorted((death for node in self.nodes for death in node.deaths), key=lambda death: death.at)


async def torture(place: Place, trial: Trial) -> Seen:
    begun = time.monotonic()
    async with AsyncExitStack() as stack:
        receivers = await stack.enter_async_context(receiving(trial.seed))
        session = await stack.enter_async_context(_session())
        names = NODES[place.kind]
        nodes = [
            NodeProcess(f"{place.kind}-{name}", port, place.settings, place.folder)
            for name, port in zip(names, free_ports(len(names)), strict=True)
        ]
        for node in nodes:
            stack.push_async_callback(node.end)
        urls = [node.url for node in nodes]
        seen = Seen(
            trial=trial,
            place=place,
            receivers=receivers,
            publisher=Publisher(session, urls, trial.seed),
            callers=desk.Callers(session, urls, trial.seed),
            nodes=nodes,
            endpoints={},
        )
        stack.enter_context(seen.callers.desk)
        await _Torture(seen, session).run()
    seen.seconds = time.monotonic() - begun
    return seen


class _Torture:
    def __init__(self, seen: Seen, session: aiohttp.ClientSession) -> None:
        self._seen = seen
        self._session = session
        self._rng = random.Random(f"{seen.trial.seed} {seen.place.kind}")
        self._marks = itertools.count()
        self._hooks = self._all_hooks()
        self._turn = itertools.cycle(seen.nodes)

    async def run(self) -> None:
        seen = self._seen
        await self._migrate()
        await seen.place.create_key()
        plans = self._plans()
        for node in seen.nodes:
            await self._start(node, next(plans))
        await self._subscribe()
        async with seen.publisher.publishing(also=[seen.callers.call] * desk.CALLERS):
            await self._kill(plans)
            await self._pause()
        for receiver in seen.receivers:
            receiver.healed = True
        seen.callers.desk.heal()
        seen.drain_seconds = await self._drain()
        keys = list(seen.publisher.acknowledged)
        seen.repeats_wrong = await seen.publisher.publish_again(self._rng.sample(keys, min(AGAIN, len(keys))))
        for node in seen.nodes:
            if code := await node.stop():
                node.faults.append(f"{node.name} stopped with exit code {code}")

    # Kills.

    async def _migrate(self) -> None:
        """Kills while the tables are made; at the end there are none, or all."""
        left = min(MIGRATION_KILLS, self._seen.trial.kills // 4)
        while left > 0:
            some = self._seen.nodes[:left]
            for node in some:
                await node.start(self._hook(Hook.MIGRATE_INSIDE))
            for node in some:
                await node.killed(patience=TAKE_OVER_PATIENCE)
            left -= len(some)

    async def _kill(self, plans: Iterator[Plan]) -> None:
        while len(self._seen.deaths) < self._seen.trial.kills:
            node = next(self._turn)
            await asyncio.sleep(self._gap(node))
            await self._end(node)
            left = self._seen.trial.kills - len(self._seen.deaths)
            await self._start(node, next(plans) if left >= len(self._seen.nodes) else Plan())

    async def _pause(self) -> None:
        for _ in range(self._seen.pauses):
            await asyncio.sleep(LEASE + 2 * HEARTBEAT)  # a node takes over when it has lived for a lease
            await next(self._turn).pause(2 * LEASE)

    async def _end(self, node: NodeProcess) -> Death:
        if node.plan.hook is None:
            return await node.killed()
        node.arm()
        slow = node.plan.hook is Hook.TAKE_OVER_INSIDE
        return await node.killed(patience=TAKE_OVER_PATIENCE if slow else HOOK_PATIENCE)

    async def _start(self, node: NodeProcess, plan: Plan) -> None:
        """Running; if the plan ends it at its start, then it has been killed, and runs without a plan."""
        await node.start(plan)
        if plan.armed:
            await node.killed(patience=TAKE_OVER_PATIENCE)
            await node.start(Plan())
        if not await node.ready(self._session):
            node.faults.append(f"{node.name} ended while it started: {node.logs[-1].read_text()[-2000:]}")

    def _gap(self, node: NodeProcess) -> float:
        """Seconds until the next kill. With two nodes mostly so long that the other one can take over."""
        if len(self._seen.nodes) == 1:
            return self._rng.uniform(0.2, 1.5)
        if node.plan.hook is Hook.TAKE_OVER_INSIDE:
            return 0.0
        if self._rng.random() < 0.3:
            return self._rng.uniform(0.2, 1.5)
        return LEASE + 2 * HEARTBEAT + self._rng.uniform(0, 0.5)

    def _plans(self) -> Iterator[Plan]:
        """Half of the kills at hooks, as far as the nodes come by theirs; the others from outside."""
        while True:
            deaths = self._seen.deaths
            behind = 2 * sum(bool(death.hook) for death in deaths) <= len(deaths)
            yield self._hook(next(self._hooks)) if behind else Plan()

    def _hook(self, hook: Hook) -> Plan:
        at_start = SQLITE_AT_START if self._seen.place.kind == "sqlite" else AT_START
        mark = str(self._seen.place.folder / f"mark-{next(self._marks)}")
        return hook_plan(hook, self._rng, armed=hook in at_start, mark=mark)

    def _all_hooks(self) -> Iterator[Hook]:
        """Each as often as the others, in no order."""
        not_here = AT_START | (frozenset() if self._seen.place.kind == "sqlite" else SQLITE_ONLY)
        while True:
            hooks = [hook for hook in Hook if hook not in not_here]
            self._rng.shuffle(hooks)
            yield from hooks

    # The API.

    async def _subscribe(self) -> None:
        for tenant in (TENANT, desk.TENANT):
            await self._call("POST", "/v1/tenants", {"id": tenant})
        await self._call("POST", "/v1/endpoints", self._seen.callers.endpoint, desk.TENANT)
        for receiver in self._seen.receivers:
            manners = receiver.manners
            endpoint = {
                "url": f"http://127.0.0.1:{receiver.port}/{manners.name}",
                "events": list(manners.events),
                "timeout": manners.timeout,
                "order": manners.order,
                "retry": {"kind": "fixed", "delay": 0.5, "attempts": 100},
            }
            made = await self._call("POST", "/v1/endpoints", endpoint)
            self._seen.endpoints[manners.name] = made["id"]
        source = await self._call("POST", "/v1/sources", {**SOURCE, "types": {"ping": "ping"}})
        self._seen.publisher.source = source["receive_url"]

    async def _drain(self) -> float | None:
        """Seconds until nothing waits and nothing is being sent."""
        begun = time.monotonic()
        while time.monotonic() - begun < DRAIN_IN:
            if not await self._anything_open():
                return time.monotonic() - begun
            await asyncio.sleep(0.25)
        return None

    async def _anything_open(self) -> bool:
        for tenant, state in itertools.product((TENANT, desk.TENANT), ("pending", "sending", "held")):
            try:
                page = await self._call("GET", f"/v1/deliveries?limit=1&state={state}", tenant=tenant)
            except (aiohttp.ClientError, TimeoutError):
                return True  # a node that is slow to answer; the drain has its own deadline
            if page["items"]:
                return True
        return False

    async def _call(self, method: str, path: str, body: object = None, tenant: str = TENANT) -> Any:
        url, whose = self._seen.nodes[0].url + path, {"Hookline-Tenant": tenant}
        async with self._session.request(method, url, json=body, headers=whose) as answer:
            told = await answer.json()
            if answer.status not in {200, 201}:
                raise aiohttp.ClientError(f"{method} {path}: {told}")
            return told


@asynccontextmanager
async def _session() -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {TOKEN}", "Hookline-Tenant": TENANT}
    async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session
