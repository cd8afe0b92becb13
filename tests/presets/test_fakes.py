"""The base of the fakes: what a test orders happens, once, and to the right request."""

import http.client
import time
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from tests.presets.fakes.base import Fake, Routes, Ticket
from tests.presets.fakes.server import Answer, Request


class Shelf(Fake):
    SETTINGS: ClassVar[dict[str, Any]] = {"site": "https://shelf.example/v1?key=k"}

    def routes(self) -> Routes:
        return {"GET /things/{id}": self.read, "POST /things": self.create}

    def fault(self, status: int, message: str) -> Answer:
        return Answer(status=status, json={"error": message})

    def read(self, request: Request) -> Answer:
        return Answer(status=200, json=self.tickets[request.at["id"]].fields)

    def create(self, request: Request) -> Answer:
        self.tickets["a b"] = Ticket(id="a b", fields={"query": request.query, "text": request.body.decode()})
        return Answer(status=201)


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with Shelf() as fake:
        yield fake


def ask(fake: Fake, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(fake.url.removeprefix("http://"))
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_steps_of_a_path_and_the_query_are_decoded(shelf: Shelf) -> None:
    assert ask(shelf, "POST", "/things?q=%C3%A4", "text") == (201, b"")
    assert ask(shelf, "GET", "/things/a%20b") == (200, '{"query":{"q":"ä"},"text":"text"}'.encode())


def test_what_is_nowhere_is_told_in_the_form_of_the_system(shelf: Shelf) -> None:
    assert ask(shelf, "PUT", "/things")[0] == 404


def test_its_address_stands_in_the_settings_with_their_path_and_query(shelf: Shelf) -> None:
    assert shelf.settings == {"site": f"{shelf.url}/v1?key=k"}


def test_a_lost_answer_is_one_to_a_request_that_changed_something(shelf: Shelf) -> None:
    shelf.lose_answer()
    assert ask(shelf, "GET", "/other")[0] == 404
    with pytest.raises(http.client.RemoteDisconnected):
        ask(shelf, "POST", "/things", "text")
    assert list(shelf.tickets) == ["a b"]
    assert ask(shelf, "POST", "/things", "text")[0] == 201


def test_refusals_come_in_their_order_and_nothing_is_done(shelf: Shelf) -> None:
    shelf.rate_limit(30)
    shelf.refuse(503, times=2)
    assert [ask(shelf, "POST", "/things", "")[0] for _ in range(3)] == [429, 503, 503]
    assert not shelf.tickets
    assert len(shelf.got) == 3


def test_who_asks_too_often_is_told_when_to_come_again(shelf: Shelf) -> None:
    assert shelf.limited(30).headers == {"Retry-After": "30"}


def test_a_slow_answer_takes_its_time_and_then_the_work_is_done(shelf: Shelf) -> None:
    shelf.slow(0.2)
    began = time.monotonic()
    assert ask(shelf, "POST", "/things", "")[0] == 201
    assert time.monotonic() - began >= 0.2


def test_a_mistake_of_the_fake_is_raised_at_the_end() -> None:
    with pytest.raises(KeyError), Shelf() as shelf:
        assert ask(shelf, "GET", "/things/missing")[0] == 500


def test_it_stops_at_once_with_a_connection_that_is_kept_open(shelf: Shelf) -> None:
    connection = http.client.HTTPConnection(shelf.url.removeprefix("http://"))
    connection.request("POST", "/things", "")
    connection.getresponse().read()
    began = time.monotonic()
    shelf._server.stop()
    assert time.monotonic() - began < 1
    shelf._server.start()
    connection.close()
