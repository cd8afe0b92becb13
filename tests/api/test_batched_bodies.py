"""The body that is shown for a batched delivery: the very bytes of its batch, or none while there are none."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from hookline.app import Roles
from tests.api.conftest import Keys, make_keys
from tests.api.running import Running, serving, settings_for
from tests.engine.receivers import Got, Receiver, receiving
from tests.postgres import create_database, drop_database

PATIENCE = 15.0
DATA = ({"n": 1.0, "ä": "\u2028 </x>"}, [1, 2.50], "three")
AGAIN = {"kind": "schedule", "delays": [0, 0.05], "jitter": 0}


class Whole(NamedTuple):
    """A gateway that delivers, Alice's key, and her receiver."""

    api: Running
    token: str
    receiver: Receiver

    async def call(self, method: str, path: str, **body: Any) -> Any:
        told = await self.api.call(method, path, self.token, json=body or None)
        assert told.status < 300, told.body
        return told.json if told.body else None

    async def endpoint(self, **fields: Any) -> str:
        """One that takes three at once, and has an hour to wait for them."""
        given = {"url": self.receiver.url(), "batch": {"count": 3, "seconds": 3600}, "retry": AGAIN}
        return str((await self.call("POST", "/v1/endpoints", **(given | fields)))["id"])

    async def publish(self, *data: object) -> list[str]:
        """Paths of their deliveries."""
        events = [{"type": "call.started", "data": one} for one in data]
        items = (await self.call("POST", "/v1/events/batch", events=events))["items"]
        found = [await self.call("GET", f"/v1/events/{one['event']['id']}/deliveries") for one in items]
        return [f"/v1/deliveries/{one['items'][0]['id']}" for one in found]

    async def until(self, path: str, state: str, attempts: int) -> Any:
        async with asyncio.timeout(PATIENCE):
            while True:
                shown = await self.call("GET", path)
                if shown["state"] == state and len(shown["history"]) >= attempts:
                    return shown
                await asyncio.sleep(0.01)


@pytest.fixture(params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest) -> str:
    """PostgreSQL's address; none: SQLite."""
    return str(request.getfixturevalue("postgres_server")) if request.param == "postgres" else ""


@pytest_asyncio.fixture(loop_scope="session")
async def place(server: str, database_names: Iterator[str]) -> AsyncIterator[str]:
    if not server:
        yield ""
        return
    name = next(database_names)
    yield await create_database(server, name)
    await drop_database(server, name)


@pytest_asyncio.fixture(loop_scope="session")
async def whole(place: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    settings = settings_for(tmp_path_factory.mktemp("whole"), place)
    async with receiving() as receiver, serving(settings, roles=Roles()) as api:
        keys: Keys = await make_keys(api)
        yield Whole(api, keys["manage"], receiver)
        assert api.faults() == []


def bytes_of(shown: Any) -> bytes:
    body = shown["request_body"]
    assert (body["base64"], body["truncated"]) == (None, False)
    return str(body["text"]).encode()


def ids(history: Any) -> set[str]:
    return {
        value for one in history for name, value in one["request_headers"] if name.lower() == "webhook-id"
    }


async def test_every_member_shows_the_bytes_of_its_batch(whole: Whole) -> None:
    """Those that arrived, at the first attempt and at the second, under one id."""
    whole.receiver.says_in_turn(500, 200)
    await whole.endpoint()
    members = await whole.publish(*DATA)
    shown = [await whole.until(path, "delivered", 2) for path in members]
    first, second = whole.receiver.got
    assert first.body == second.body
    assert [bytes_of(one) for one in shown] == [first.body] * 3
    for one in shown:
        assert ids(one["history"]) == {first.id} == {second.id}
        assert [attempt["status"] for attempt in one["history"]] == [500, 200]


@pytest.mark.parametrize("change", [None, {"batch": None}, {"dialect": "standard-raw", "batch": None}])
async def test_they_stay_whatever_becomes_of_the_endpoint(
    whole: Whole, change: dict[str, Any] | None
) -> None:
    """It is deleted, no longer batched, or speaks another dialect: what was sent was sent."""
    endpoint = await whole.endpoint()
    members = await whole.publish(*DATA)
    for path in members:
        await whole.until(path, "delivered", 1)
    if change is None:
        await whole.call("DELETE", f"/v1/endpoints/{endpoint}")
    else:
        await whole.call("PATCH", f"/v1/endpoints/{endpoint}", **change)
    (got,) = whole.receiver.got
    for path in members:
        assert bytes_of(await whole.call("GET", path)) == got.body


async def test_none_is_shown_before_the_batch_is_made(whole: Whole) -> None:
    """Nobody knows yet who will go with it; alone it will not go."""
    await whole.endpoint()
    waiting = await whole.publish(*DATA[:2])
    for path in waiting:
        assert (await whole.call("GET", path))["request_body"] is None
    (last,) = await whole.publish(DATA[2])
    await whole.until(last, "delivered", 1)
    (got,) = whole.receiver.got
    for path in (*waiting, last):
        assert bytes_of(await whole.until(path, "delivered", 1)) == got.body


async def test_what_went_alone_before_is_shown_alone(whole: Whole) -> None:
    """The endpoint takes batches since; that delivery was none of one."""
    endpoint = await whole.endpoint(batch=None)
    (path,) = await whole.publish(DATA[0])
    await whole.until(path, "delivered", 1)
    await whole.call("PATCH", f"/v1/endpoints/{endpoint}", batch={"count": 3, "seconds": 3600})
    (got,) = whole.receiver.got
    assert bytes_of(await whole.call("GET", path)) == got.body


async def test_one_that_is_sent_again_by_hand_shows_its_new_batch(whole: Whole) -> None:
    """After its end it goes with others; until they are there it has no bytes."""
    await whole.endpoint()
    members = await whole.publish(*DATA)
    for path in members:
        await whole.until(path, "delivered", 1)
    await whole.call("POST", f"{members[0]}/retry")
    assert (await whole.call("GET", members[0]))["request_body"] is None
    others = await whole.publish(*DATA[:2])
    for path in (members[0], *others):
        await whole.until(path, "delivered", 1)
    old, new = whole.receiver.got
    shown = await whole.until(members[0], "delivered", 2)
    assert bytes_of(shown) == new.body
    assert ids(shown["history"]) == {old.id, new.id}
    assert bytes_of(await whole.call("GET", members[1])) == old.body
    assert _members(new) == 3


def _members(got: Got) -> int:
    return got.body.count(b'"type":"call.started"')
