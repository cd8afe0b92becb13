"""Two nodes on one database: what the hot verbs promise must hold between them."""

from collections.abc import AsyncIterator

import pytest

from hookline.storage.ledger import Ledger
from hookline.storage.postgres.database import PostgresDatabase
from hookline.storage.postgres.ledger import PostgresLedger
from hookline.storage.store import Store
from tests.clock import ManualClock
from tests.conftest import KEY_LIFE
from tests.storage.people import ALICE, STRANGER, an_endpoint, settle_in
from tests.storage.traffic import EP, NODE, OTHER, start_node


@pytest.fixture
async def furnished(store: Store, clock: ManualClock) -> Store:
    """Both tenants have an endpoint of the same id; two nodes are known."""
    await settle_in(store)
    for tenant in (ALICE, STRANGER):
        await store.endpoints.create(an_endpoint(tenant, EP))
    for node in (NODE, OTHER):
        await start_node(store, clock, node=node)
    return store


@pytest.fixture
async def other_ledger(store: Store, request: pytest.FixtureRequest) -> AsyncIterator[Ledger]:
    """Another node's: on connections of its own; SQLite has one writer for all."""
    if not isinstance(store.ledger, PostgresLedger):
        yield store.ledger
        return
    database = await PostgresDatabase.open(request.getfixturevalue("postgres_url"), pool_size=4)
    yield PostgresLedger(database, key_life=KEY_LIFE)
    await database.close()
