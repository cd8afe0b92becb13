"""Many apply the same new file at the same moment, as nodes do that start together: all of it is made, and once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest_asyncio

from hookline.declare.file import DeclaredFile
from hookline.declare.hangup import apply_file
from hookline.model.ids import TenantId
from tests.api.conftest import Keys, make_keys
from tests.api.running import Running, serving, settings_for
from tests.api.test_apply import CRM, PAYMENTS, apply, steps
from tests.postgres import create_database, drop_database
from tests.storage.people import a_tenant

ROUNDS = 10
KEYS = ("one", "three", "two")


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["sqlite", "postgres"])
async def nodes(
    request: Any, tmp_path_factory: Any, postgres_server: str, database_names: Iterator[str]
) -> AsyncIterator[Sequence[Running]]:
    """Of PostgreSQL two, each with connections of its own; a file of SQLite has one."""
    folders: list[Path] = [tmp_path_factory.mktemp("node") for _ in range(2)]
    if request.param == "sqlite":
        async with serving(settings_for(folders[0])) as alone:
            yield [alone]
        return
    name = next(database_names)
    url = await create_database(postgres_server, name)
    async with (
        serving(settings_for(folders[0], url)) as here,
        serving(settings_for(folders[1], url)) as there,
    ):
        yield [here, there]
    await drop_database(postgres_server, name)


@pytest_asyncio.fixture(loop_scope="session")
async def admin(nodes: Sequence[Running]) -> Keys:
    return await make_keys(nodes[0])


async def test_of_commands_that_come_at_once_one_does_it_all(nodes: Sequence[Running], admin: Keys) -> None:
    """And nobody hears of a conflict."""
    for round_ in range(ROUNDS):
        tenant, made_before = f"{admin.alice}-{round_}", round_ % 2
        if made_before:
            await nodes[0].parts.store.tenants.create(a_tenant(tenant))
        asked = [apply(node, admin, new_file(tenant), owner=tenant) for node in nodes for _ in range(4)]
        done = [len(steps(told)) for told in await asyncio.gather(*asked)]
        assert sorted(done) == [0] * (len(done) - 1) + [2 - made_before + 2 * len(KEYS)]
        await made_once(nodes, tenant)


async def test_nodes_that_start_at_once_with_one_file_make_it_once(
    nodes: Sequence[Running], admin: Keys, tmp_path: Path
) -> None:
    """And those that are told to read it again; all of them start."""
    for round_ in range(ROUNDS):
        tenant = f"{admin.alice}-file-{round_}"
        path = tmp_path / "hookline.yml"
        path.write_bytes(msgspec.yaml.encode({"owner": tenant, "tenants": new_file(tenant)}))
        started = (apply_file(node.parts, DeclaredFile(path)) for node in nodes for _ in range(2))
        await asyncio.gather(*started)
        await made_once(nodes, tenant)


def new_file(tenant: str) -> dict[str, Any]:
    """A tenant, a system that makes sources of its own, endpoints and sources."""
    return {
        tenant: {
            "systems": {"askpro-gateway": {"prefix": tenant}},
            "endpoints": dict.fromkeys(KEYS, CRM),
            "sources": dict.fromkeys(KEYS, PAYMENTS),
        }
    }


async def made_once(nodes: Sequence[Running], tenant: str) -> None:
    once = dict.fromkeys(KEYS, 1)
    for node in nodes:
        config = await node.parts.config(TenantId(tenant))
        names = [Counter(map(declared_as, some.values())) for some in (config.endpoints, config.sources)]
        assert names == [once, {**once, "": 2}]  # two are the system's own


def declared_as(one: Any) -> str:
    return str(one.metadata.get("hookline.declared_as", ""))
