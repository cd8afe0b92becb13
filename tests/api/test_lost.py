"""The database is lost or full: publishing answers 503 and when to come again, nothing else, and goes on by itself."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg

from hookline.storage.sqlite.database import SqliteDatabase
from tests.api.conftest import Keys, make_keys
from tests.api.running import Running, Told, serving, settings_for
from tests.postgres import create_database, drop_database

MEGABYTE = "x" * 1_000_000


async def publish(api: Running, keys: Keys, data: object = 1) -> Told:
    return await api.call("POST", "/v1/events", keys["publish"], json={"type": "call.started", "data": data})


async def stored(api: Running, keys: Keys) -> set[str]:
    events = await api.call("GET", "/v1/events?limit=100", keys["read"])
    assert events.status == 200
    return {event["id"] for event in events.json["items"]}


def check_refused(told: Told) -> None:
    assert (told.status, told.code) == (503, "unavailable"), told.body
    assert int(told.headers["Retry-After"]) > 0
    assert "HOOKLINE_" in told.json["hint"]


async def test_a_lost_postgres_answers_503_until_it_is_back(
    tmp_path: Path, postgres_server: str, database_names: Iterator[str]
) -> None:
    """Its backends are ended and no new ones are let in; then they are. Only what had 202 is there, and all of it."""
    name = next(database_names)
    url = await create_database(postgres_server, name)
    outside = await asyncpg.connect(postgres_server)
    try:
        async with serving(settings_for(tmp_path, url)) as api:
            keys = await make_keys(api)
            accepted = {(await publish(api, keys)).json["id"]}
            await outside.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            await outside.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
            )
            for _ in range(5):
                check_refused(await publish(api, keys))
            await outside.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
            accepted.add((await publish(api, keys)).json["id"])
            assert await stored(api, keys) == accepted
            assert api.faults() == []
    finally:
        await outside.close()
        await drop_database(postgres_server, name)


async def test_connections_that_died_unseen_cost_one_503_each_at_most(
    tmp_path: Path, postgres_server: str, database_names: Iterator[str]
) -> None:
    """As behind a failover: the server is there, and every connection that was open is not."""
    name = next(database_names)
    url = await create_database(postgres_server, name)
    outside = await asyncpg.connect(postgres_server)
    try:
        async with serving(settings_for(tmp_path, url, pool_size=2)) as api:
            keys = await make_keys(api)
            accepted = {(await publish(api, keys)).json["id"]}
            await outside.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
            )
            answers = [await publish(api, keys) for _ in range(6)]
            for refused in (one for one in answers if one.status != 202):
                check_refused(refused)
            assert [one.status for one in answers[2:]] == [202] * 4
            accepted |= {one.json["id"] for one in answers if one.status == 202}
            assert await stored(api, keys) == accepted
            assert api.faults() == []
    finally:
        await outside.close()
        await drop_database(postgres_server, name)


async def test_a_full_sqlite_answers_503_until_there_is_room(tmp_path: Path) -> None:
    """Reading goes on meanwhile, and only what had 202 is there."""
    async with serving(settings_for(tmp_path, body_limit=4_000_000)) as api:
        database = api.parts.store.database
        assert isinstance(database, SqliteDatabase)
        keys = await make_keys(api)
        accepted = {(await publish(api, keys)).json["id"]}
        (pages,) = await database.write_raw(lambda c: c.execute("PRAGMA page_count").fetchone())
        await database.write_raw(lambda c: c.execute(f"PRAGMA max_page_count = {pages}").fetchone())
        for _ in range(3):
            check_refused(await publish(api, keys, MEGABYTE))
        assert await stored(api, keys) == accepted
        await database.write_raw(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchone())
        accepted.add((await publish(api, keys, MEGABYTE)).json["id"])
        assert await stored(api, keys) == accepted
        assert api.faults() == []
