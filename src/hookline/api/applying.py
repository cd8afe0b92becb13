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
from hookline.clock import Micros
from hookline.errors import NotFound
from hookline.model.declaration import Declaration, DeclaredTenant
from hookline.model.endpoint import Endpoint
from hookline.model.ids import TenantId
from hookline.model.source import Source
from hookline.model.system import EnabledSystem
from hookline.model.tenant import Tenant
from hookline.storage.database import Turn
from hookline.storage.declared import Owned
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
    waiting: int = 0
    """Deliveries that wait for an endpoint which goes: they are cancelled."""


class Planned(NamedTuple):
    step: Step
    do: Callable[[], Awaitable[object]]


class Plan(NamedTuple):
    """What has to be done, and what its owner has made before and after."""

    owner: str
    planned: Sequence[Planned]
    before: Owned
    after: Owned

    @property
    def tenants(self) -> set[TenantId]:
        return {*self.before, *self.after}

    @property
    def steps(self) -> list[Step]:
        return [one.step for one in self.planned]


async def make_plan(parts: Parts, declared: Declaration) -> Plan:
    """Raises InvalidField, with the field of the declaration, for what cannot be.

    What goes comes first, in all tenants: its place may be wanted by what is made.
    """
    before = await parts.store.declared.of(declared.owner)
    gone: list[Planned] = []
    made_or_changed: list[Planned] = []
    after: dict[TenantId, Mapping[str, Micros]] = {}
    for name in [*declared.tenants, *(one for one in before if one not in declared.tenants)]:
        tenant = _Tenant(parts, TenantId(name), declared.owner, before.get(TenantId(name), {}))
        wanted = declared.tenants.get(name)
        with below(f"tenants.{name}"):
            made_or_changed += await tenant.plan(wanted) if wanted is not None else ()
        gone += await tenant.plan_gone(wanted or DeclaredTenant())
        if wanted is not None:
            after[tenant.tenant] = tenant.enabled
    return Plan(declared.owner, [*gone, *made_or_changed], before, after)


async def apply_plan(parts: Parts, plan: Plan, turn: Turn) -> None:
    """Step by step, in the turn in which the plan was made. Raises what a step raises; those before it stay done, and are
    the owner's: what it is about to make is noted first.
    """
    await turn()
    if plan.after != plan.before:
        both = {
            tenant: {**plan.before.get(tenant, {}), **plan.after.get(tenant, {})} for tenant in plan.tenants
        }
        await parts.store.declared.put(plan.owner, both)
    for planned in plan.planned:
        await turn()  # fails closed: who has lost it does nothing beside another
        await planned.do()
    if plan.after != plan.before:
        await parts.store.declared.put(plan.owner, plan.after)
    for tenant in {*plan.after, *(TenantId(step.tenant) for step in plan.steps)}:
        await parts.directory.reload(tenant)
    parts.wake()


class _Tenant:
    """The plan of one."""

    def __init__(self, parts: Parts, tenant: TenantId, owner: str, before: Mapping[str, Micros]) -> None:
        self.parts = parts
        self.tenant = tenant
        self.owner = owner
        self.now = parts.clock.now()
        self.before = before
        self.enabled: dict[str, Micros] = {}
        """The systems of the owner's, once `plan` has run."""

    async def plan(self, wanted: DeclaredTenant) -> list[Planned]:
        """What is made and changed."""
        config = await self._config()
        plan = [] if config is not None else [self._new_tenant(wanted)]
        used = dict(config.systems) if config is not None else {}
        for name, values in wanted.systems.items():
            with below(f"systems.{name}"):
                plan += self._system(name, values, used)
        plan += await self._endpoints(wanted.endpoints, config, used)
        return plan + self._sources(wanted.sources, config)

    async def plan_gone(self, wanted: DeclaredTenant) -> list[Planned]:
        """What the owner has made and names no more. Nothing of a tenant that is gone."""
        config = await self._config()
        if config is None:
            return []
        endpoints = self._own(config.endpoints.values())
        gone = [
            await self._gone_endpoint(key, one)
            for key, one in endpoints.items()
            if key not in wanted.endpoints
        ]
        delete = self.parts.store.sources.delete
        for key, one in self._own(config.sources.values()).items():
            if key not in wanted.sources:
                gone.append(self._gone("source", key, partial(delete, self.tenant, one.id, self.now)))
        disable = self.parts.store.enabled_systems.delete
        for name, known in config.systems.items():
            if name not in wanted.systems and self.before.get(name) == known.created_at:
                gone.append(self._gone("system", name, partial(disable, self.tenant, name)))
        return gone

    async def _config(self) -> TenantConfig | None:
        try:
            return await self.parts.config(self.tenant)
        except NotFound:
            return None

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
        if known is None or self.before.get(name) == known.created_at:
            self.enabled[name] = enabled.created_at  # one that was enabled by hand stays its own
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
                plan += await self._endpoint(key, values, own.get(key), used)
        return plan

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
                plan += self._source(key, values, own.get(key))
        return plan

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

    async def _gone_endpoint(self, key: str, endpoint: Endpoint) -> Planned:
        waiting = await self.parts.store.deliveries.waiting(self.tenant, endpoint.id)
        step = msgspec.structs.replace(self._step(Action.DELETE, "endpoint", key), waiting=waiting)
        return Planned(step, partial(remove, self.parts, self.tenant, endpoint.id))

    def _gone(self, noun: str, key: str, do: Callable[[], Awaitable[object]]) -> Planned:
        return Planned(self._step(Action.DELETE, noun, key), do)

    def _own(self, things: Any) -> dict[str, Any]:
        """By their keys: those that this owner declared before. Of a copy that somebody made of one, with its mark, the
        older is meant.
        """
        mine = [one for one in things if one.metadata.get(OWNER) == self.owner]
        mine.sort(key=lambda one: str(one.id), reverse=True)
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
