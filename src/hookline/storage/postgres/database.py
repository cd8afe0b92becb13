"""PostgreSQL: SQLAlchemy's engine for the calm verbs, a pool of bare asyncpg connections for the hot ones.

The engine runs in greenlets, as SQLAlchemy's own asyncio extension does it; that extension also loads the ORM, 6 MB.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from typing import Any, Self, TypeVar

import asyncpg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.util import await_only, greenlet_spawn

from hookline.errors import CommitUnknown, ConfigurationError, Unavailable
from hookline.storage.database import Turn
from hookline.storage.turns import Turns

T = TypeVar("T")

CALM_CONNECTIONS = 4
VITAL_CONNECTIONS = 1
POOL_TIMEOUT = 10
PING_AFTER = 30.0
"""Seconds for which nothing on the way forgets a silent connection, if it is not set up strangely."""
PING_TIMEOUT = 5.0
_SINCE = "idle_since"
_PLANS = {"enable_seqscan": "off", "jit": "off"}
"""Each hot statement has its index. A planner that has not seen a young table's statistics must not read all of it."""
COMMAND_TIMEOUT = 60
"""Seconds that a statement may take."""
_LIMITS = {"statement_timeout": "60s"}
"""The server's own bound: a statement whose end we never hear of has ended by then (`deliver/doubts.py` waits longer)."""
_NOTICED = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
"""When the server notices that a machine is gone which has a turn."""
_UNHURRIED = """
BEGIN;
SELECT set_config(name, '0', true) FROM pg_settings
WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout', 'lock_timeout')
"""
"""A turn's transaction is idle between the steps, and as long as they are; how long one waits for it we say ourselves. Servers,
databases and roles may have other ideas. Before PostgreSQL 17 there is no transaction_timeout to set.
"""
HINT = "Hookline tries again by itself; see that PostgreSQL runs and that HOOKLINE_DATABASE is right."
LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server hung up between two statements
    asyncpg.AdminShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
_REFUSED = (
    asyncpg.InsufficientResourcesError,  # disk full, out of memory, too many connections
    asyncpg.ReadOnlySQLTransactionError,  # a standby: failover is under way
    asyncpg.QueryCanceledError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    # What a newcomer may hear while a server starts, moves or is being mended.
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)


_Connect = Callable[[], Awaitable[Any]]


class PostgresDatabase:
    def __init__(
        self, engine: Engine, pool: "asyncpg.Pool[Any]", connect: _Connect, vital: Engine | None = None
    ) -> None:
        self._engine = engine
        # A look needs no transaction: READ COMMITTED gives each statement its own snapshot within one, too, and BEGIN and
        # ROLLBACK are a round trip each.
        self._reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._pool = pool
        self._connect = connect
        self._vital = vital
        self._turns = Turns()

    @property
    def vital(self) -> Self:
        """The same database on a connection that no list of a tenant can hold up: for heartbeat and take-over."""
        return type(self)(self._vital or self._engine, self._pool, self._connect)

    @classmethod
    async def open(cls, url: str, *, pool_size: int) -> Self:
        """`url` is `postgresql://…`. Raises ConfigurationError when it is not one, Unavailable when nobody answers."""
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=pool_size,
                command_timeout=COMMAND_TIMEOUT,
                max_inactive_connection_lifetime=300,
                server_settings=_PLANS | _LIMITS,
                reset=_keep,
            )
        except LOST as error:
            raise Unavailable(f"PostgreSQL does not answer: {error}.", hint=HINT) from error
        except asyncpg.PostgresError as error:
            raise ConfigurationError(
                f"PostgreSQL refuses us: {error}.", hint="See HOOKLINE_DATABASE."
            ) from error
        except ValueError:  # its words may hold a part of the password
            raise ConfigurationError(
                "HOOKLINE_DATABASE is not understood as a PostgreSQL URL.",
                hint="Write it as postgresql://user:password@host:5432/name, with / # @ : in a password percent-encoded.",
            ) from None
        connect = partial(asyncpg.connect, url, timeout=10, server_settings=_LIMITS | _NOTICED)
        return cls(_engine(url, CALM_CONNECTIONS), pool, connect, _engine(url, VITAL_CONNECTIONS))

    async def read(self, work: Callable[[Connection], T]) -> T:
        async with _told():
            return await greenlet_spawn(self._read, work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        async with _told():
            return await greenlet_spawn(self._write, work)

    def turn(self, name: str) -> AbstractAsyncContextManager[Turn]:
        """By a lock of the server that lives as long as its connection."""
        return self._turns.turn(name, partial(_locked, self._connect, name))

    @asynccontextmanager
    async def hot(self) -> "AsyncIterator[asyncpg.pool.PoolConnectionProxy[Any]]":
        """A bare connection for the statements of the ledger."""
        # A timeout costs a task and a timer; a free connection needs none.
        patience = None if self._pool.get_idle_size() else 10
        async with lost_before_commit(), self._pool.acquire(timeout=patience) as connection:
            try:
                yield connection
            except asyncpg.InternalClientError:
                connection.terminate()  # it would go back into the pool, and fail again
                raise

    async def ping(self) -> None:
        async with self.hot() as connection:
            await connection.fetchval("SELECT 1", timeout=5)

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self._reading.connect() as connection:
            return work(connection)

    def _write(self, work: Callable[[Connection], T]) -> T:
        with self._engine.begin() as connection:
            return work(connection)

    async def close(self) -> None:
        await greenlet_spawn(self._engine.dispose)
        if self._vital is not None:
            await greenlet_spawn(self._vital.dispose)
        await self._pool.close()


def _engine(url: str, connections: int) -> Engine:
    """Connections are made by asyncpg itself, so that one parser reads the URL, with all of its options."""

    async def connect(*_: object, **__: object) -> object:
        return await asyncpg.connect(url, command_timeout=COMMAND_TIMEOUT, server_settings=_LIMITS)

    engine = create_engine(
        "postgresql+asyncpg://",
        connect_args={"async_creator_fn": connect},
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT,
        hide_parameters=True,  # they are payloads and secrets
    )
    event.listen(engine, "checkin", _note_the_time)
    event.listen(engine, "checkout", _see_that_it_lives)
    return engine


def _note_the_time(_connection: object, record: Any) -> None:
    record.info[_SINCE] = time.monotonic()


def _see_that_it_lives(connection: Any, record: Any, _proxy: object) -> None:
    """One whose server has hung up is replaced before it is used. Mostly the driver knows that without asking. SQLAlchemy's
    own ping takes three round trips, as long as most looks; a shorter one is kept for a connection that was idle so long
    that something between us may have forgotten it.
    """
    since = record.info.get(_SINCE)
    if since is None:
        return  # it is new
    if connection.driver_connection.is_closed():
        raise DisconnectionError
    if time.monotonic() - since > PING_AFTER:
        _ping(connection.driver_connection)


def _ping(connection: Any) -> None:
    try:
        await_only(connection.execute("SELECT 1", timeout=PING_TIMEOUT))
    except LOST as error:
        connection.terminate()  # it might answer later
        raise DisconnectionError from error


async def _keep(_connection: object) -> None:
    """The hot statements leave nothing behind: no transaction, cursor or lock. Asking for a reset after each would be
    one more question to the database for every group.
    """


@asynccontextmanager
async def _locked(connect: _Connect, name: str) -> AsyncIterator[Turn]:
    async with lost_before_commit():
        connection = await connect()
    try:
        await _lock(connection, name)
        yield partial(_still_locked, connection)
    finally:
        with suppress(*LOST):
            await connection.close(timeout=5)


async def _lock(connection: Any, name: str) -> None:
    """For a transaction, not a session: a pooler between may give each transaction another session."""
    async with lost_before_commit():
        await connection.execute(_UNHURRIED, timeout=10)
        lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
        await connection.execute(lock, f"hookline {name}")


async def _still_locked(connection: Any) -> None:
    async with lost_before_commit():
        await connection.execute("SELECT 1", timeout=10)


@asynccontextmanager
async def lost_before_commit() -> AsyncIterator[None]:
    try:
        yield
    except LOST as error:
        raise Unavailable(
            f"PostgreSQL does not answer: {error or type(error).__name__}.", hint=HINT
        ) from error
    except _REFUSED as error:
        raise Unavailable(f"PostgreSQL refuses: {error}.", hint=HINT) from error


@asynccontextmanager
async def commit_in_doubt() -> AsyncIterator[None]:
    """Around a statement that commits: a connection lost here leaves its outcome unknown."""
    try:
        yield
    except LOST as error:
        raise CommitUnknown(
            f"PostgreSQL was lost at a commit: {error or type(error).__name__}.", hint=HINT
        ) from error


@asynccontextmanager
async def _told() -> AsyncIterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("All connections to PostgreSQL are busy.", hint=HINT) from error
    except InterfaceError as error:
        raise Unavailable(f"PostgreSQL does not answer: {error.orig}.", hint=HINT) from error
    except DBAPIError as error:
        cause = error.orig.__cause__ if error.orig else None
        if error.connection_invalidated or isinstance(cause, LOST + _REFUSED):
            raise Unavailable(f"PostgreSQL does not answer: {error.orig}.", hint=HINT) from error
        raise
    except LOST as error:
        raise Unavailable(
            f"PostgreSQL does not answer: {error or type(error).__name__}.", hint=HINT
        ) from error
