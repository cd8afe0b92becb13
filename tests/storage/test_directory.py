"""The directory: configuration in memory, never older than asked for, and bounded."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from hookline.errors import NotFound
from hookline.model.ids import TenantId
from hookline.storage import directory as module
from hookline.storage.directory import Directory, TenantConfig
from hookline.storage.store import Store
from tests.clock import NOON
from tests.storage.people import ALICE, STRANGER, a_tenant, an_endpoint, an_event_type, settle_in


@pytest.fixture
async def directory(store: Store) -> Directory:
    await settle_in(store)
    return Directory(store.endpoints, store.event_types, store.sources, store.enabled_systems)


async def test_it_knows_what_was_committed_and_only_of_this_tenant(
    store: Store, directory: Directory
) -> None:
    await store.endpoints.create(an_endpoint(ALICE, "ep_1"))
    await store.endpoints.create(an_endpoint(STRANGER, "ep_2"))
    await store.event_types.put(an_event_type(ALICE, "call.started"))
    config = await directory.at_least(ALICE)
    assert list(config.endpoints) == ["ep_1"]
    assert list(config.event_types) == ["call.started"]
    assert config.version == await store.tenants.version(ALICE)
    assert directory.get(ALICE) is config
    assert directory.get(STRANGER) is None


async def test_it_stays_behind_until_a_newer_version_is_asked_for(store: Store, directory: Directory) -> None:
    await store.endpoints.create(an_endpoint(ALICE, "ep_1"))
    old = await directory.at_least(ALICE)
    await store.endpoints.create(an_endpoint(ALICE, "ep_2"))
    await store.endpoints.delete(ALICE, an_endpoint(ALICE, "ep_1").id, NOON)
    assert await directory.at_least(ALICE, old.version) is old
    new = await directory.at_least(ALICE, old.version + 1)
    assert list(new.endpoints) == ["ep_2"]
    assert list(old.endpoints) == ["ep_1"]


async def test_reload_reads_what_is_committed_now(store: Store, directory: Directory) -> None:
    await directory.at_least(ALICE)
    await store.endpoints.create(an_endpoint(ALICE, "ep_1"))
    assert list((await directory.reload(ALICE)).endpoints) == ["ep_1"]


async def test_a_tenant_that_is_gone_is_forgotten(store: Store, directory: Directory) -> None:
    config = await directory.at_least(ALICE)
    await store.tenants.delete(ALICE, NOON)
    with pytest.raises(NotFound):
        await directory.at_least(ALICE, config.version + 1)
    assert directory.get(ALICE) is None
    with pytest.raises(NotFound):
        await directory.at_least(TenantId("nobody"))
    assert directory._loads == {}


async def test_many_who_ask_at_once_share_one_look(store: Store, directory: Directory) -> None:
    found = await asyncio.gather(*(directory.at_least(ALICE) for _ in range(20)))
    assert len({id(config) for config in found}) == 1


async def test_one_who_comes_while_others_wait_waits_too(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, most = 0, 0
    load = directory._load

    async def counted(tenant: TenantId, known: TenantConfig | None) -> TenantConfig:
        nonlocal looking, most
        looking += 1
        most = max(most, looking)
        try:
            return await load(tenant, known)
        finally:
            looking -= 1

    async def late() -> TenantConfig:
        await first
        return await directory.at_least(ALICE, 99)

    monkeypatch.setattr(directory, "_load", counted)
    first = asyncio.ensure_future(directory.at_least(ALICE, 99))
    await asyncio.gather(first, directory.at_least(ALICE, 99), late())
    assert most == 1
    assert directory._loads == {}


async def test_the_one_unused_longest_is_forgotten_first(
    store: Store, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_TENANTS", 2)
    await store.tenants.create(a_tenant("third"))
    await directory.at_least(ALICE)
    await directory.at_least(STRANGER)
    assert directory.get(ALICE) is not None
    await directory.at_least(TenantId("third"))
    assert directory.get(STRANGER) is None
    assert directory.get(ALICE) is not None


_ALONE = """
import asyncio, sys
from pathlib import Path
from hookline.clock import SystemClock
from hookline.model.template import Template
from hookline.storage.open import Location, open_store
from hookline.vault import Vault
from tests.storage.people import ALICE, an_endpoint, settle_in

async def main():
    opened = await open_store(Location(sqlite=Path(sys.argv[1])), Vault([bytes(32)]), SystemClock())
    await settle_in(opened.store)
    for name, template in (("ep_1", None), ("ep_2", Template(text="{{ a }}"))):
        await opened.store.endpoints.create(an_endpoint(ALICE, name, template=template))
        await opened.directory.reload(ALICE)
        print("liquid" in sys.modules)
    await opened.close()

asyncio.run(main())
"""


def test_the_language_of_templates_is_loaded_with_the_first_configuration_that_has_one(
    tmp_path: Path,
) -> None:
    """Not before, because it is large; and not by who compiles the template, because the loop would wait."""
    done = subprocess.run(
        [sys.executable, "-c", _ALONE, str(tmp_path / "h.db")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.split() == ["False", "True"]
