"""The hot statements enter by their indexes: what they cost does not grow with what lies in the tables."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from hookline.model.ids import EndpointId
from hookline.storage.ledger import LaneKey
from hookline.storage.postgres import statements as pg
from hookline.storage.postgres.database import PostgresDatabase
from hookline.storage.sqlite import statements as lite
from hookline.storage.sqlite.database import SqliteDatabase
from hookline.storage.store import Store
from tests.clock import NOON, ManualClock
from tests.storage.people import ALICE, settle_in
from tests.storage.traffic import NODE, start_node

DEAD = "ep_dead"
"""Half of all rows lie due here."""
LANES = 500
COLUMNS = (
    "tenant_id, id, event_id, endpoint_id, event_type, state, due_at, attempts, failures, interruptions, "
    "created_at, order_key, seq, owner"
)


def _rows(count: int = 100_000) -> Iterator[tuple[Any, ...]]:
    for n in range(count):
        dead = n % 2 == 0
        endpoint = DEAD if dead else f"ep_{n // 2 % LANES:04}"
        waits = dead or n % 20 == 1
        state, due = ("pending", NOON + n) if waits else ("delivered", None)
        ordered = endpoint == "ep_0000"
        order = (f"k{n % 7}", n) if ordered else (None, None)
        owner = None
        if n % 1000 == 7:
            state, due, owner = "sending", None, NODE
        yield (ALICE, f"dlv_{n:07}_0", "evt_1", endpoint, "t", state, due, 0, 0, 0, NOON, *order, owner)


async def _fill(store: Store) -> None:
    database = store.database
    if isinstance(database, SqliteDatabase):
        marks = ", ".join("?" * 14)
        statement = f"INSERT INTO deliveries ({COLUMNS}) VALUES ({marks})"
        await database.write_raw(lambda connection: connection.executemany(statement, _rows()))
        return
    assert isinstance(database, PostgresDatabase)
    async with database.hot() as connection:
        await connection.copy_records_to_table("deliveries", records=_rows(), columns=COLUMNS.split(", "))
        await connection.execute("ANALYZE deliveries")


@pytest.fixture
def postgres_url(new_postgres_url: str) -> str:
    """What others have left dead in the files would count in the plans."""
    return new_postgres_url


@pytest.fixture
async def full(sqlite_store: Store, clock: ManualClock) -> Store:
    await settle_in(sqlite_store)
    await start_node(sqlite_store, clock)
    await _fill(sqlite_store)
    return sqlite_store


@pytest.fixture
async def full_postgres(postgres_store: Store, clock: ManualClock) -> PostgresDatabase:
    await settle_in(postgres_store)
    await start_node(postgres_store, clock)
    await _fill(postgres_store)
    assert isinstance(postgres_store.database, PostgresDatabase)
    return postgres_store.database


LANE: LaneKey = (ALICE, EndpointId("ep_0001"))
DEAD_LANE: LaneKey = (ALICE, EndpointId(DEAD))
ORDERED_LANE: LaneKey = (ALICE, EndpointId("ep_0000"))
LATER = NOON + 10_000_000
_ORDERED = {"tenant": ALICE, "endpoint": "ep_0000", "now": LATER, "count": 5}
SQLITE: dict[str, tuple[str, Any, set[str]]] = {
    "walk": (lite.WALK, {"tenant": "", "endpoint": "", "limit": 500}, {"deliveries_due"}),
    "pick": (lite.PICK, (*DEAD_LANE, LATER, 5), {"deliveries_due"}),
    "gathering": (lite.GATHERING, (*DEAD_LANE, LATER, 5), {"deliveries_due"}),
    "heads": (lite.PICK_HEADS, _ORDERED, {"deliveries_order", "deliveries_due"}),
    "sequence": (lite.LAST_SEQ, (), {"deliveries_order"}),
    "release": (
        "SELECT id FROM deliveries WHERE state = 'sending' AND owner = ?",
        (NODE,),
        {"deliveries_owner"},
    ),
}


async def test_sqlite_enters_by_the_index(full: Store) -> None:
    database = full.database
    assert isinstance(database, SqliteDatabase)
    for name in SQLITE:
        await _entered(database, name)
    await _counted(database)


async def _entered(database: SqliteDatabase, name: str) -> None:
    statement, values, wanted = SQLITE[name]
    plan = await database.write_raw(
        lambda connection: connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
    )
    touching = [row[3] for row in plan if " deliveries" in row[3] or "deliveries_" in row[3]]
    assert {index for index in wanted if any(index in line for line in touching)} == wanted
    assert not [line for line in touching if line.startswith("SCAN") and "deliveries_order" not in line]
    assert not [line for line in touching if "deliveries_endpoint" in line or "deliveries_state" in line]


async def _counted(database: SqliteDatabase) -> None:
    """The virtual machine counts its steps: as many for the last of 50,000 as for the first."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    def run(connection: Any) -> None:
        connection.set_progress_handler(count, 100)
        try:
            connection.execute(lite.PICK, (*DEAD_LANE, LATER, 5)).fetchall()
            connection.execute(lite.GATHERING, (*DEAD_LANE, LATER, 5)).fetchall()
            connection.execute(lite.WALK, {"tenant": "", "endpoint": "", "limit": 10}).fetchall()
        finally:
            connection.set_progress_handler(None, 0)

    await database.write_raw(run)
    assert steps < 30


def _scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if plan.get("Relation Name") == "deliveries" and "Scan" in plan["Node Type"]:
        yield plan
    if plan["Node Type"] == "Bitmap Index Scan":
        yield plan
    for part in plan.get("Plans", ()):
        yield from _scans(part)


async def _explained(database: PostgresDatabase, statement: str, *values: Any) -> dict[str, Any]:
    """Run, looked at, and taken back."""
    async with database.hot() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            explained = await connection.fetchval(
                f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", *values
            )
        finally:
            await transaction.rollback()
    plan: dict[str, Any] = json.loads(explained)[0]["Plan"]
    return plan


POSTGRES: dict[str, tuple[str, tuple[Any, ...], set[str], int]] = {
    "walk": (pg.WALK, ("", "", 500), {"deliveries_due"}, 8000),
    "gathering": (pg.GATHERING, (*DEAD_LANE, LATER, 5), {"deliveries_due"}, 60),
    "claim": (
        pg.CLAIM,
        (NODE, LATER, [ALICE] * 2, [DEAD, LANE[1]], [5, 5]),
        {"deliveries_due", "deliveries_pkey", "deliveries_state"},
        800,
    ),
    "heads": (
        pg.CLAIM_HEADS,
        (NODE, LATER, [ALICE], [ORDERED_LANE[1]], [5]),
        {"deliveries_order", "deliveries_due", "deliveries_pkey", "deliveries_state"},
        1500,
    ),
}


async def test_postgres_enters_by_the_index(full_postgres: PostgresDatabase) -> None:
    for name in POSTGRES:
        await _entered_there(full_postgres, name)


async def _entered_there(database: PostgresDatabase, name: str) -> None:
    statement, values, wanted, pages = POSTGRES[name]
    plan = await _explained(database, statement, *values)
    scans = list(_scans(plan))
    assert {scan["Node Type"] for scan in scans} <= {"Index Scan", "Index Only Scan"}
    assert {scan["Index Name"] for scan in scans} <= wanted
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < pages
