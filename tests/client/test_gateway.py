"""Gateway and its pure functions: requests built, answers read, a connection that dies replaced where that is safe."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hookline.client.answers import Answer, read, read_page
from hookline.client.faults import Problem, Unreachable
from hookline.client.gateway import Gateway
from hookline.client.requests import act, create, fetch, listing, publish

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def server(answers: list[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """Each connection gets one answer and is closed after it. Yields the URL and what was asked."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for answer in answers:
                talking, _ = listening.accept()
                with talking:
                    heard.append(talking.recv(65_536))
                    talking.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/base/", heard
        thread.join(10)


def test_data_is_sent_as_its_bytes() -> None:
    """No number is read and written again; what is not given is left out."""
    request = publish("a.b", b'{"n": 1.0}', idempotency_key="k", tags=["x"])
    assert request.body == b'{"type":"a.b","data":{"n": 1.0},"tags":["x"]}'
    assert request.headers == (("Idempotency-Key", "k"),)


def test_names_and_filters_cannot_leave_their_place() -> None:
    """A slash in an id, an ampersand in a filter."""
    assert fetch("endpoints", "../keys?x").path == "/v1/endpoints/..%2Fkeys%3Fx"
    assert (
        listing("events", {"tag": "a&b=c", "type": "", "limit": 5}).path == "/v1/events?tag=a%26b%3Dc&limit=5"
    )
    assert act("deliveries", "d", "retry").path == "/v1/deliveries/d/retry"


def test_only_what_may_be_repeated_is_repeated() -> None:
    """An event without a key could be stored twice."""
    assert fetch("events", "e").repeatable
    assert publish("a.b", b"1", idempotency_key="k").repeatable
    assert not publish("a.b", b"1").repeatable
    assert not create("endpoints", {}).repeatable


def test_a_connection_that_was_closed_meanwhile_is_replaced() -> None:
    """For a read; the base path, the key and the tenant are in each request."""
    with server([OK, OK]) as (url, heard), Gateway(url, "hk_x", tenant="acme") as gateway:
        assert gateway.call(fetch("events", "e")) == {}
        assert gateway.call(fetch("events", "e")) == {}
    for one in heard:
        assert one.startswith(b"GET /base/v1/events/e HTTP/1.1\r\n")
        assert b"Authorization: Bearer hk_x\r\n" in one
        assert b"Hookline-Tenant: acme\r\n" in one


def test_a_publish_without_a_key_is_not_repeated() -> None:
    """Whoever called decides."""
    with server([OK]) as (url, heard), Gateway(url) as gateway:
        gateway.call(fetch("events", "e"))
        with pytest.raises(Unreachable):
            gateway.call(publish("a.b", b"1"))
    assert len(heard) == 1


def test_a_refused_connection_says_so() -> None:
    """So that the command line can ask whether the server runs."""
    with pytest.raises(Unreachable) as caught, Gateway("http://127.0.0.1:9") as gateway:
        gateway.call(fetch("events", "e"))
    assert caught.value.refused


def test_a_problem_document_becomes_a_problem() -> None:
    """With all of its parts."""
    body = b'{"status":422,"title":"T","code":"c","detail":"d","hint":"h","field":"f","more":1}'
    with pytest.raises(Problem) as caught:
        read(Answer(status=422, body=body, headers={"retry-after": "5"}))
    problem = caught.value
    assert (problem.status, problem.code, problem.detail, problem.hint, problem.field) == (
        422,
        "c",
        "d",
        "h",
        "f",
    )
    assert problem.retry_after == "5"


@pytest.mark.parametrize("status", [200, 502])
def test_an_answer_that_is_not_hooklines_is_told_as_such(status: int) -> None:
    """A proxy's page, whatever its status."""
    with pytest.raises(Problem, match=r"text/html"):
        read(Answer(status=status, body=b"<html>", headers={"content-type": "text/html"}))


def test_items_of_a_page_keep_their_bytes() -> None:
    """They may hold data."""
    page = read_page(
        Answer(status=200, body=b'{"items":[{"n":1.0}],"next_cursor":"c","next":"/v1/x?cursor=c"}')
    )
    assert [bytes(item) for item in page.items] == [b'{"n":1.0}']
    assert page.next == "/v1/x?cursor=c"


@pytest.mark.parametrize("url", ["ftp://x", "x", "http://", ""])
def test_what_is_no_url_is_refused_at_once(url: str) -> None:
    """Before anything is dialled."""
    with pytest.raises(ValueError, match=r"must begin|needs a host"):
        Gateway(url)


def test_a_key_that_no_header_can_carry_is_refused() -> None:
    """And the error does not repeat it."""
    with pytest.raises(ValueError, match="no header can carry") as caught:
        Gateway("http://x", "hk_😀")
    assert "😀" not in str(caught.value)


def test_a_connection_that_lay_idle_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person took time to answer a question: what may not be repeated still arrives."""
    monkeypatch.setattr("hookline.client.gateway.IDLE", 0.0)
    with server([OK, OK]) as (url, heard), Gateway(url) as gateway:
        gateway.call(fetch("events", "e"))
        assert gateway.call(publish("a.b", b"1")) == {}
    assert len(heard) == 2
