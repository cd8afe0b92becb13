"""HOOKLINE_DATABASE: one parser reads it, with all of its options, and its password is never repeated."""

import pytest
from sqlalchemy import text

from hookline.errors import ConfigurationError
from hookline.storage.postgres.database import PostgresDatabase


async def test_options_of_the_url_hold_on_the_calm_connections_too(postgres_url: str) -> None:
    mark = "&" if "?" in postgres_url else "?"
    database = await PostgresDatabase.open(f"{postgres_url}{mark}sslmode=disable", pool_size=2)
    try:
        assert await database.read(lambda connection: connection.execute(text("SELECT 1")).scalar()) == 1
        assert await database.vital.read(lambda c: c.execute(text("SELECT 2")).scalar()) == 2
    finally:
        await database.close()


async def test_a_password_that_breaks_the_url_is_not_repeated() -> None:
    with pytest.raises(ConfigurationError) as told:
        await PostgresDatabase.open("postgresql://u:pa/SECRETss@h/db", pool_size=2)
    assert "SECRET" not in str(told.value) + told.value.hint
    assert "'pa'" not in str(told.value)
