"""The real API behind the real server on a free port, over a real store, with a client that speaks HTTP."""

import base64
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from hookline.api.app import build_api
from hookline.api.parts import Parts
from hookline.app import Roles, _parts, running
from hookline.clock import Clock, SystemClock
from hookline.config import Settings
from hookline.model.api_key import ApiKey, Scope, new_token, token_hash
from hookline.model.attempt import Cause
from hookline.model.ids import TenantId
from hookline.net.dial import DialRefused
from hookline.net.guard import Guard
from hookline.receive.fetcher import Fetcher, Sender
from hookline.server import Server
from hookline.setting_types import DatabaseUrl, LogFormat, Seconds, Secret, SecretKeys
from hookline.systems.paths import OWN_PATHS
from hookline.telemetry import Telemetry

API_ONLY = Roles(worker=False)


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

    @staticmethod
    def tenant(keys: Any) -> TenantId:
        """Alice, of these keys."""
        return TenantId(keys.alice)

    def faults(self) -> list[str]:
        """What the log says of unexpected errors."""
        lines = map(msgspec.json.decode, self.log.getvalue().splitlines())
        return [line["trace"] for line in lines if line["what"] == "Fault"]

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
            method,
            URL(self.url + path, encoded=True),
            data=data,
            headers={**sent, **(headers or {})},
            allow_redirects=False,
        ) as answer:
            return Told(answer.status, await answer.read(), answer.headers)


@dataclass
class Told:
    """An answer."""

    status: int
    body: bytes
    headers: Mapping[str, str]

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


class Names:
    """A name server in memory: one public name, one that leads inside, and no others."""

    _NAMES: Mapping[str, Sequence[str]] = MappingProxyType(
        {
            "public.test": ("93.184.216.34",),
            "inside.test": ("10.0.0.1",),
            "metadata.test": ("169.254.169.254",),
        }
    )

    async def resolve(self, host: str, deadline: float) -> Sequence[str]:
        if host not in self._NAMES:
            raise DialRefused(Cause.DNS_FAILED, "no such name")
        return self._NAMES[host]

    def cached(self, host: str) -> Sequence[str] | None:
        return None


@asynccontextmanager
async def serving(
    settings: Settings, *, roles: Roles = API_ONLY, clock: Clock | None = None, host: Sender | None = None
) -> AsyncIterator[Running]:
    """The program as it is composed, but for what it would know of its backlog and its own health. `host` stands for
    whoever receiving would ask for keys, or visit.
    """
    log, backlog, node, woken = Page(), Backlog(), NodeDouble(), list[None]()
    telemetry = Telemetry(stream=log, clock=clock or SystemClock(), log_format=LogFormat.JSON)
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(running(settings, telemetry, roles, clock=clock))
        guard = Guard(resolver=Names(), allow_networks=settings.allow_networks, allow_http=True)
        parts = replace(
            _parts(engine), guard=guard, shedder=backlog, started_node=node, wake=lambda: woken.append(None)
        )
        if host is not None:
            parts = replace(parts, inbox=replace(parts.inbox, fetcher=Fetcher(host, parts.clock)))
        server = Server(settings)
        stack.push_async_callback(server.stop)
        await server.bind()
        await server.start(build_api(parts, OWN_PATHS))
        session = await stack.enter_async_context(aiohttp.ClientSession())
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


def settings_for(data_dir: Path, postgres_url: str = "", **more: Any) -> Settings:
    """Loopback is allowed, so that tests can have receivers."""
    given: dict[str, Any] = {
        "port": 0,
        "data_dir": data_dir,
        "database": DatabaseUrl(Secret(postgres_url)),
        "pool_size": 2,
        "secret_key": SecretKeys(Secret(base64.b64encode(bytes(32)).decode())),
        "allow_http": True,
        "allow_networks": (ip_network("127.0.0.0/8"),),
        "grace": Seconds(1),
    }
    return Settings(**(given | more))
