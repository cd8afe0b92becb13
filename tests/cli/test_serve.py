"""`hookline serve`, and the commands that work without one."""

import http.client
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from tests.cli.program import Running, hookline, running

KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
OTHER_KEY = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="


def address(program: Running) -> str:
    line = next(one for one in program.until("NodeStarted").splitlines() if "NodeStarted" in one)
    return str(msgspec.json.decode(line)["address"])


def ask(place: str, path: str, method: str = "GET", **headers: str) -> tuple[int, Any]:
    """Status and body: read as JSON where it says to be."""
    connection = http.client.HTTPConnection(urlsplit(place).netloc, timeout=10)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    plain = "json" not in answer.headers.get("content-type", "")
    return answer.status, body.decode() if plain else msgspec.json.decode(body)


def hanging() -> socket.socket:
    """A receiver that takes connections and says nothing."""
    listening = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                kept.append(listening.accept()[0])
            except OSError:
                return

    threading.Thread(target=accept, daemon=True).start()
    return listening


@pytest.mark.parametrize("signals", [1, 2])
def test_the_first_signal_waits_for_exchanges_and_the_second_does_not(tmp_path: Path, signals: int) -> None:
    """Within the grace, with exit code 0; or at once, with that of the signal."""
    with (
        hanging() as receiver,
        running("dev", cwd=tmp_path, port="0", grace="3s", log_format="json") as program,
    ):
        program.until("Ctrl-C stops.")
        url = f"http://127.0.0.1:{receiver.getsockname()[1]}/x"
        assert hookline("endpoints", "create", url, "--event", "hang.on", cwd=tmp_path).code == 0
        assert hookline("publish", "hang.on", cwd=tmp_path).code == 0
        begun = time.monotonic()
        program.signal(signal.SIGTERM)
        program.until('"in_flight":1')
        if signals > 1:
            program.signal(signal.SIGTERM)
            assert program.end() == 128 + signal.SIGTERM
        else:
            assert program.end() == 0
            assert time.monotonic() - begun >= 2.9
            assert "NodeStopped" in program.output


def test_without_a_secret_key_it_says_how_to_get_one(tmp_path: Path) -> None:
    """It never makes one silently: on another node it would be another key."""
    done = hookline("serve", cwd=tmp_path)
    assert done.code == 1
    assert "HOOKLINE_SECRET_KEY" in done.err
    assert "openssl rand -base64 32" in done.err


def test_a_wrong_secret_key_is_told_by_serve_and_by_the_doctor(tmp_path: Path) -> None:
    """At start, not at the first send."""
    assert hookline("migrate", cwd=tmp_path, secret_key=KEY).code == 0
    for command in ("serve", "doctor"):
        done = hookline(command, cwd=tmp_path, secret_key=OTHER_KEY, port="0")
        assert done.code == 1
        assert "sealed with another key" in done.err + done.out
        assert OTHER_KEY not in done.err + done.out


def test_roles_of_their_own_need_a_database_for_several(tmp_path: Path) -> None:
    """SQLite serves one process."""
    for command in ("api", "worker"):
        done = hookline(command, cwd=tmp_path, secret_key=KEY)
        assert done.code == 2
        assert "hookline serve" in done.err


def test_migrate_tells_where_the_database_stands(tmp_path: Path) -> None:
    """--check changes nothing; a second run has nothing to do."""
    behind = hookline("migrate", "--check", cwd=tmp_path, secret_key=KEY)
    assert behind.code == 1
    assert "hookline migrate" in behind.err
    assert hookline("migrate", cwd=tmp_path, secret_key=KEY).out.startswith(
        "Migrated the database from nothing"
    )
    assert hookline("migrate", cwd=tmp_path, secret_key=KEY).out.startswith("Nothing to do")
    assert hookline("migrate", "--check", cwd=tmp_path, secret_key=KEY).code == 0


def test_secrets_go_over_to_a_new_key(tmp_path: Path) -> None:
    """After rotate-keys the old one can be thrown away, and the secret is still the same."""
    with running("dev", cwd=tmp_path, port="0", secret_key=KEY) as program:
        program.until("Ctrl-C stops.")
        assert program.stop() == 0
    done = hookline("rotate-keys", cwd=tmp_path, secret_key=f"{OTHER_KEY},{KEY}")
    assert (
        done.out
        == "Sealed the secrets of 1 endpoint and 0 sources again; everything is under the first key now.\n"
    )
    assert hookline("doctor", cwd=tmp_path, secret_key=KEY, port="0").code == 1
    with running("dev", cwd=tmp_path, port="0", secret_key=OTHER_KEY) as program:
        assert "signature ok" in program.until("Ctrl-C stops.")
        assert program.stop() == 0


def test_several_processes_share_a_postgres(empty_postgres_url: str, tmp_path: Path) -> None:
    """The first key goes straight into it; one takes events in, another delivers."""
    shared = {"database": empty_postgres_url, "secret_key": KEY, "log_format": "json", "port": "0"}
    token = hookline("keys", "create", "--admin", cwd=tmp_path, **shared).out.strip()
    with running("api", cwd=tmp_path, **shared) as api:
        reach = shared | {"api_key": token, "url": address(api)}
        assert hookline("tenants", "create", "--id", "acme", cwd=tmp_path, **reach).code == 0
        made = hookline(
            "endpoints", "create", "https://192.0.2.1/x", "--tenant", "acme", cwd=tmp_path, **shared | reach
        )
        assert made.code == 1  # a documentation address is refused: the guard works in this role too
        assert "invalid_url" in made.err
        with running("worker", cwd=tmp_path, **shared) as worker:
            worker.until("NodeStarted")
            doctor = hookline("doctor", cwd=tmp_path, **reach)
            assert "away from the database's" in doctor.out
            assert worker.stop() == 0
        assert api.stop() == 0


def test_a_node_that_only_delivers_can_be_looked_after_and_does_nothing_else(
    empty_postgres_url: str, tmp_path: Path
) -> None:
    """The routes are those of every node, with the metrics' token; of the API it says where to look."""
    shared = {"database": empty_postgres_url, "secret_key": KEY, "log_format": "json", "port": "0"}
    with running("worker", cwd=tmp_path, metrics_token="m3trics", **shared) as worker:
        place = address(worker)
        assert ask(place, "/healthz")[1]["status"] == "ok"
        status, ready = ask(place, "/readyz")
        assert (status, ready["ready"], ready["node"]) == (200, True, "ok")
        assert ask(place, "/metrics")[0] == 401
        assert "hookline_backlog" in ask(place, "/metrics", Authorization="Bearer m3trics")[1]
        for method, path in (
            ("POST", "/v1/events"),
            ("GET", "/v1/endpoints"),
            ("GET", "/docs"),
            ("GET", "/%00"),
        ):
            status, problem = ask(place, path, method)
            assert (status, problem["code"]) == (404, "not_found")
            assert "only delivers" in problem["detail"]
            assert "hookline api" in problem["hint"]
        assert ask(place, "/healthz", "POST")[0] == 405
        assert worker.stop() == 0
