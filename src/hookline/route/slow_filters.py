"""Slow filters: one that was switched off for its slowness stays so under the next configuration, on every node."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping

from hookline.clock import Clock, Micros
from hookline.emissions import FilterSwitchedOff
from hookline.errors import HooklineError
from hookline.model.endpoint import Endpoint
from hookline.model.ids import EndpointId, TenantId
from hookline.storage.directory import TenantConfig
from hookline.telemetry import Telemetry

SwitchOff = Callable[[Endpoint, str, Micros], Awaitable[bool]]
"""Keep a filter from running, for this reason; False when it is off already, or another one by now."""
_Key = tuple[TenantId, EndpointId]


class SlowFilters:
    def __init__(self, switch_off: SwitchOff, clock: Clock, telemetry: Telemetry) -> None:
        self._switch_off = switch_off
        self._clock = clock
        self._telemetry = telemetry
        self._switching: dict[_Key, asyncio.Task[None]] = {}

    @property
    def tasks(self) -> Collection["asyncio.Task[None]"]:
        """Under way."""
        return self._switching.values()

    def note(self, config: TenantConfig, reasons: Mapping[str, str]) -> None:
        """`reasons`: of each endpoint whose filter the matcher no longer runs."""
        for endpoint_id, reason in reasons.items():
            endpoint = config.endpoints[EndpointId(endpoint_id)]
            key = (config.tenant_id, endpoint.id)
            if not endpoint.filter_off and key not in self._switching:
                self._switching[key] = asyncio.get_running_loop().create_task(
                    self._store(key, endpoint, reason)
                )

    async def _store(self, key: _Key, endpoint: Endpoint, reason: str) -> None:
        try:
            if await self._switch_off(endpoint, reason, self._clock.now()):
                self._telemetry.emit(
                    FilterSwitchedOff(tenant_id=key[0], endpoint_id=endpoint.id, reason=reason)
                )
        except HooklineError:
            pass  # the next event that it fails on tries again
        except Exception as error:  # noqa: BLE001  told; publishing goes on
            self._telemetry.fault("publisher", error)
        finally:
            del self._switching[key]
