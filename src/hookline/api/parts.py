"""Parts: everything that the API is built over, made and owned by the composition root."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from hookline.clock import Clock
from hookline.config import Settings
from hookline.deliver.dialect import Envelope
from hookline.deliver.stepwise import Stepwise
from hookline.deliver.targets import Targets
from hookline.deliver.tester import Tester
from hookline.model.ids import Ids, TenantId
from hookline.model.preset import Preset
from hookline.model.system import System
from hookline.net.guard import Guard
from hookline.receive.inbox import Inbox
from hookline.records.saver import Saver
from hookline.route.publish import Publisher
from hookline.storage.directory import Directory, TenantConfig
from hookline.storage.store import Store
from hookline.telemetry import Telemetry


class Shedding(Protocol):
    """What upkeep knows of the backlog. Asked for each publish, so it only looks at memory."""

    @property
    def oldest_seconds(self) -> float:
        """How long the first waiting delivery is overdue."""
        ...

    def shed(self, tenant: TenantId) -> int | None:
        """Seconds after which to come again because too much waits, or None: publish."""
        ...


class StartedNode(Protocol):
    """The node that this API belongs to."""

    def healthy(self) -> tuple[bool, str]:
        """Whether it works as it should; if not, why."""
        ...


@dataclass(frozen=True, kw_only=True)
class Parts:
    store: Store
    publisher: Publisher
    saver: Saver
    directory: Directory
    guard: Guard
    dialects: Mapping[str, Envelope]
    systems: Mapping[str, System]
    presets: Mapping[str, Preset]
    targets: Targets
    stepwise: Stepwise
    tester: Tester
    shedder: Shedding
    inbox: Inbox
    settings: Settings
    telemetry: Telemetry
    clock: Clock
    ids: Ids
    started_node: StartedNode
    wake: Callable[[], None]
    """Something was made due by hand: look for it now."""

    async def config(self, tenant: TenantId) -> TenantConfig:
        """The tenant's configuration as it is committed now, whichever node has changed it."""
        return await self.directory.at_least(tenant, await self.store.tenants.version(tenant))
