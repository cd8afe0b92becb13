"""Applying: what is there becomes what a declaration says. First all of it is checked, then all of it is done."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple

import msgspec

from hookline.api.body import below, convert_values
from hookline.api.endpoint_in import EndpointIn, made, usual_of
from hookline.api.endpoint_verbs import create, remove, replace
from hookline.api.parts import Parts
from hookline.api.source_in import SourceIn, made_source
from hookline.api.system_sources import make_sources
from hookline.api.systems import EnabledIn, enabled_of, system_named
from hookline.errors import NotFound
from hookline.model.declaration import Declaration, DeclaredTenant
from hookline.model.endpoint import Endpoint
from hookline.model.ids import TenantId
from hookline.model.source import Source
from hookline.model.system import EnabledSystem
from hookline.model.tenant import Tenant
from hookline.storage.directory import TenantConfig

OWNER, KEY = "hookline.declared_by", "hookline.declared_as"
"""In the metadata of what was declared: by whom, and what its file calls it."""
_NOT_COMPARED = frozenset(
    {"id", "created_at", "updated_at", "version", "secrets", "disabled_reason", "filter_off"}
)


class Action(StrEnum):
    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is done, or would be."""

    action: Action
    noun: str
    """`tenant`, `system`, `endpoint` or `source`."""
    tenant: str
    name: str
    """What its file calls it."""
    fields: list[str] = []
    """What changes of it."""


class Planned(NamedTuple):
    step: Step
    do: Callable[[], Awaitable[object]]


Plan = Sequence[Planned]


async def make_plan(parts: Parts, declared: Declaration) -> Plan:
    """What has to be done. Raises InvalidField, with the field of the declaration, for what cannot be."""
    plan: list[Planned] = []
    for tenant, wanted in declared.tenants.items():
        with below(f"tenants.{tenant}"):
            plan += await _Tenant(parts, TenantId(tenant), declared.owner).plan(wanted)
    return plan


async def apply_plan(parts: Parts, plan: Plan, tenants: Sequence[str]) -> None:
    """Step by step. Raises what a step raises; those before it stay done."""
    for planned in plan:
        await planned.do()
    for tenant in tenants:
        await parts.directory.reload(TenantId(tenant))
    parts.wake()


class _Tenant:
    """The plan of one."""

    def __init__(self, parts: Parts, tenant: TenantId, owner: str) -> None:
        self.parts = parts
        self.tenant = tenant
        self.owner = owner
        self.now = parts.clock.now()

    async def plan(self, wanted: DeclaredTenant) -> list[Planned]:
        try:
            config: TenantConfig | None = await self.parts.config(self.tenant)
        except NotFound:
            config = None
        plan = [] if config is not None else [self._new_tenant(wanted)]
        used = dict(config.systems) if config is not None else {}
        for name, values in wanted.systems.items():
            with below(f"systems.{name}"):
                plan += self._system(name, values, used)
        plan += await self._endpoints(wanted.endpoints, config, used)
        return plan + self._sources(wanted.sources, config)

    def _step(self, action: Action, noun: str, name: str, fields: Sequence[str] = ()) -> Step:
        return Step(action=action, noun=noun, tenant=self.tenant, name=name, fields=list(fields))

    def _new_tenant(self, wanted: DeclaredTenant) -> Planned:
        made_now = Tenant(id=self.tenant, name=wanted.name, created_at=self.now, updated_at=self.now)
        return Planned(
            self._step(Action.CREATE, "tenant", self.tenant),
            lambda: self.parts.store.tenants.create(made_now),
        )

    def _system(self, name: str, values: Mapping[str, Any], used: dict[str, EnabledSystem]) -> list[Planned]:
        system, known = system_named(name, self.parts.systems), used.get(name)
        given = convert_values(values, EnabledIn)
        enabled = enabled_of(given, system, self.tenant, self.now, known)
        used[name] = enabled
        changed = _differing(known, enabled)
        if not changed:
            return []

        async def do() -> None:
            await self.parts.store.enabled_systems.put(enabled)
            await make_sources(self.parts, self.tenant, system)

        action = Action.CREATE if known is None else Action.CHANGE
        return [Planned(self._step(action, "system", name, changed if known else ()), do)]

    async def _endpoints(
        self,
        wanted: Mapping[str, Mapping[str, Any]],
        config: TenantConfig | None,
        used: Mapping[str, EnabledSystem],
    ) -> list[Planned]:
        own = self._own(config.endpoints.values() if config else ())
        plan = []
        for key, values in wanted.items():
            with below(f"endpoints.{key}"):
                plan += await self._endpoint(key, values, own.pop(key, None), used)
        return plan + [
            self._gone("endpoint", key, partial(remove, self.parts, self.tenant, one.id))
            for key, one in own.items()
        ]

    async def _endpoint(
        self,
        key: str,
        values: Mapping[str, Any],
        known: Endpoint | None,
        used: Mapping[str, EnabledSystem],
    ) -> list[Planned]:
        name = values.get("system")
        zone = used[name].zone if isinstance(name, str) and name in used else ""
        usual = usual_of(name, zone, self.parts) if isinstance(name, str) and name else {}
        given = convert_values({**usual, **values, "metadata": self._marked(values, key)}, EndpointIn)
        endpoint = await made(given, self.parts, self.tenant, self.now, known)
        if known is None:
            step = self._step(Action.CREATE, "endpoint", key)
            return [Planned(step, lambda: create(self.parts, self.tenant, given))]
        changed = _differing(known, endpoint)

        async def do() -> None:
            # Anew: a step before, as that of its system, may have changed it.
            now = await self.parts.store.endpoints.get(self.tenant, endpoint.id)
            await replace(self.parts, given, now, filter_saved="filter" in changed)

        return [self._changed("endpoint", key, changed, do)] if changed else []

    def _sources(self, wanted: Mapping[str, Mapping[str, Any]], config: TenantConfig | None) -> list[Planned]:
        own = self._own(config.sources.values() if config else ())
        plan = []
        for key, values in wanted.items():
            with below(f"sources.{key}"):
                plan += self._source(key, values, own.pop(key, None))
        delete = self.parts.store.sources.delete
        return plan + [
            self._gone("source", key, partial(delete, self.tenant, one.id, self.now))
            for key, one in own.items()
        ]

    def _source(self, key: str, values: Mapping[str, Any], known: Source | None) -> list[Planned]:
        given = convert_values({**values, "metadata": self._marked(values, key)}, SourceIn)
        source = made_source(given, self.parts, self.tenant, self.now, known)
        store = self.parts.store.sources
        if known is None:
            return [Planned(self._step(Action.CREATE, "source", key), lambda: store.create(source))]
        changed = _differing(known, source)
        return [self._changed("source", key, changed, lambda: store.replace(source))] if changed else []

    def _changed(
        self, noun: str, key: str, fields: Sequence[str], do: Callable[[], Awaitable[object]]
    ) -> Planned:
        return Planned(self._step(Action.CHANGE, noun, key, fields), do)

    def _gone(self, noun: str, key: str, do: Callable[[], Awaitable[object]]) -> Planned:
        return Planned(self._step(Action.DELETE, noun, key), do)

    def _own(self, things: Any) -> dict[str, Any]:
        """By their keys: those that this owner declared before."""
        mine = [one for one in things if one.metadata.get(OWNER) == self.owner]
        return {one.metadata.get(KEY, ""): one for one in mine}

    def _marked(self, values: Mapping[str, Any], key: str) -> dict[str, Any]:
        given = values.get("metadata")
        return {**(given if isinstance(given, dict) else {}), OWNER: self.owner, KEY: key}


def _differing(known: Any, wanted: Any) -> list[str]:
    """Names of fields. Secrets are compared by their values; those that are not given are not changed."""
    if known is None:
        return ["all"]
    names = [name for name in wanted.__struct_fields__ if name not in _NOT_COMPARED]
    found = [name for name in names if getattr(known, name) != getattr(wanted, name)]
    before, after = (_values(getattr(one, "secrets", ())) for one in (known, wanted))
    return [*found, "secrets"] if before != after else found


def _values(secrets: Any) -> list[str]:
    return [secret.value for secret in secrets]
