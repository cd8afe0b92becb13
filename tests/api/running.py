"""The real API behind the real server on a free port, over a real store, with a client that speaks HTTP."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

import aiohttp
import msgspec

from hookline.api.app import build_api
from hookline.api.parts import Parts
from hookline.catalog.loader import load_dialects
from hookline.clock import Clock, SystemClock
from hookline.config import Settings
from hookline.deliver.dialect import compile_dialect
from hookline.deliver.targets import Targets
from hookline.deliver.tester import Tester
from hookline.model.api_key import ApiKey, Scope, new_token, token_hash
from hookline.model.ids import Ids, TenantId
from hookline.net.client import Client
from hookline.net.dns import DnsResolver
from hookline.net.guard import Guard
from hookline.route.distant import DistantHand
from hookline.route.publish import Publisher
from hookline.server import Server
from hookline.setting_types import LogFormat
from hookline.storage.directory import Directory
from hookline.storage.store import Store
from hookline.telemetry import Telemetry


class Page(io.BytesIO):
    """Where the log goes."""

    def isatty(self) -> bool:
        return False


@dataclass
class Backlog:
    """What upkeep would know."""

    oldest_seconds: float = 0.0
    wait: int | None = None

    def shed(self, tenant: TenantId) -> int | None:
        return self.wait


@dataclass
class NodeDouble:
    """A node that is as healthy as the test says."""

    why: str = ""

    def healthy(self) -> tuple[bool, str]:
        return not self.why, self.why


@dataclass
class Running:
    """What a test speaks to."""

    url: str
    port: int
    parts: Parts
    session: aiohttp.ClientSession
    log: Page
    backlog: Backlog
    node: NodeDouble
    woken: list[None] = field(default_factory=list)

    async def key(self, scope: Scope, tenant: str | None) -> str:
        """A token, made beside the API."""
        token, ids = new_token(), self.parts.ids
        key = ApiKey(
            id=ids.key(),
            tenant_id=None if tenant is None else TenantId(tenant),
            scope=scope,
            hint="",
            created_at=self.parts.clock.now(),
        )
        await self.parts.store.keys.create(key, token_hash(token))
        return token

    async def call(
        self,
        method: str,
        path: str,
        token: str = "",
        *,
        json: object = None,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> "Told":
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        data = msgspec.json.encode(json) if json is not None else body
        async with self.session.request(
            method, self.url + path, data=data, headers={**sent, **(headers or {})}, allow_redirects=False
        ) as answer:
            return Told(answer.status, await answer.read(), dict(answer.headers))


@dataclass
class Told:
    """An answer."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def code(self) -> str:
        """Of a problem document."""
        assert self.headers["Content-Type"] == "application/problem+json", self.body
        problem = self.json
        assert problem["status"] == self.status
        assert problem["type"] == f"/docs/errors#{problem['code']}"
        return str(problem["code"])


@asynccontextmanager
async def running(
    store: Store, settings: Settings | None = None, clock: Clock | None = None
) -> AsyncIterator[Running]:
    settings = settings or Settings(port=0, allow_http=True, allow_networks=(ip_network("127.0.0.0/8"),))
    clock = clock or SystemClock()
    log, backlog, node, woken = Page(), Backlog(), NodeDouble(), list[None]()
    telemetry = Telemetry(stream=log, clock=clock, log_format=LogFormat.JSON)
    ids, resolver = Ids(clock), DnsResolver(clock)
    guard = Guard(
        resolver=resolver,
        allow_http=settings.allow_http,
        allow_networks=settings.allow_networks,
        allow_hosts=settings.allow_hosts,
    )
    client = Client(dial=guard)
    dialects = {name: compile_dialect(dialect) for name, dialect in load_dialects().items()}
    directory = Directory(store.endpoints, store.event_types)
    publisher = Publisher(
        ledger=store.ledger,
        directory=directory,
        hand=DistantHand(lambda: None),
        node=lambda: None,
        ids=ids,
        clock=clock,
        telemetry=telemetry,
        parallel=1,
    )
    parts = Parts(
        store=store,
        publisher=publisher,
        directory=directory,
        guard=guard,
        dialects=dialects,
        tester=Tester(client, Targets(dialects, guard.check), clock),
        shedder=backlog,
        settings=settings,
        telemetry=telemetry,
        clock=clock,
        ids=ids,
        started_node=node,
        wake=lambda: woken.append(None),
    )
    server = Server(build_api(parts), settings)
    await server.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Running(
                url=f"http://127.0.0.1:{server.port}",
                port=server.port,
                parts=parts,
                session=session,
                log=log,
                backlog=backlog,
                node=node,
                woken=woken,
            )
    finally:
        await publisher.drain()
        await server.stop()
        await client.close()
        await resolver.close()
