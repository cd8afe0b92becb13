"""The gateway under test: the real program, `hookline serve`, with default settings and its log in a file."""

import base64
import http.client
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.databases import Database
from benchmarks.processes import peak_mb, resident_mb

_START = 60.0
_STOP = 3.0


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One database, one folder, one gateway after the other."""

    folder: Path
    settings: dict[str, str]
    port: int
    secret_key: str

    @property
    def environment(self) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("HOOKLINE_")}
        return {
            **plain,
            **self.settings,
            "HOOKLINE_DATA_DIR": str(self.folder),
            "HOOKLINE_PORT": str(self.port),
            "HOOKLINE_SECRET_KEY": self.secret_key,
            "HOOKLINE_ALLOW_HTTP": "true",
            "HOOKLINE_ALLOW_NETWORKS": "127.0.0.0/8",
        }


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    token: str
    """Of a key that may publish."""
    endpoints: tuple[str, ...]


class Gateway:
    def __init__(self, place: Place, process: subprocess.Popen[bytes], admin: str) -> None:
        self.place = place
        self.port = place.port
        self.pid = process.pid
        self._process = process
        self._admin = admin

    @property
    def resident_mb(self) -> float:
        return resident_mb(self.pid)

    @property
    def peak_mb(self) -> float:
        return peak_mb(self.pid)

    def tenant(self, endpoints: Sequence[Mapping[str, object]]) -> Tenant:
        """A new tenant with these endpoints."""
        tenant = str(self.call("POST", "/v1/tenants", {"name": "bench"})["id"])
        made = [str(self.call("POST", "/v1/endpoints", one, tenant)["id"]) for one in endpoints]
        key = self.call("POST", "/v1/keys", {"scope": "publish"}, tenant)
        return Tenant(id=tenant, token=str(key["token"]), endpoints=tuple(made))

    def source(self, tenant: Tenant, given: Mapping[str, object]) -> str:
        """The path of a new source of this tenant."""
        return str(self.call("POST", "/v1/sources", given, tenant.id)["receive_url"])

    def call(self, method: str, path: str, body: object = None, tenant: str = "") -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {self._admin}", "Content-Type": "application/json"}
        if tenant:
            headers["Hookline-Tenant"] = tenant
        try:
            connection.request(method, path, msgspec.json.encode(body), headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode(errors='replace')}")
        return msgspec.json.decode(text, type=dict[str, Any])

    def alive(self) -> bool:
        return self._process.poll() is None


@contextmanager
def placed(database: Database, folder: Path, port: int) -> Iterator[Place]:
    """A fresh database and folder, removed at the end."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    place = Place(folder=folder, settings=database.fresh(folder), port=port, secret_key=key)
    try:
        yield place
    finally:
        database.drop(place.settings)
        shutil.rmtree(folder, ignore_errors=True)


def admin_key(place: Place, program: Sequence[str]) -> str:
    """Made before the gateway starts, as an operator does."""
    command = [*program, "keys", "create", "--admin", "--json"]
    done = subprocess.run(command, env=place.environment, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.decode(errors='replace')}")
    return str(msgspec.json.decode(done.stdout, type=dict[str, Any])["token"])


@contextmanager
def serving(
    place: Place, admin: str, command: Sequence[str], *, patience: float = _STOP
) -> Iterator[Gateway]:
    """Started and ready; at the end stopped, after `patience` seconds by force, since nothing of it is needed."""
    log = place.folder / "gateway.log"
    with log.open("ab") as lines:
        process = subprocess.Popen(
            command,
            env=place.environment,
            stdin=subprocess.DEVNULL,
            stdout=lines,
            stderr=lines,
            start_new_session=True,
        )
    gateway = Gateway(place, process, admin)
    try:
        _await_ready(gateway, log)
        yield gateway
        if not gateway.alive():
            raise RuntimeError(f"The gateway ended by itself: {tail(log)}")
    finally:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_ready(gateway: Gateway, log: Path) -> None:
    until = time.monotonic() + _START
    while time.monotonic() < until:
        if not gateway.alive():
            raise RuntimeError(f"The gateway did not start: {tail(log)}")
        if _ready(gateway.port):
            return
        time.sleep(0.02)
    raise RuntimeError(f"The gateway is not ready after {_START:.0f} s: {tail(log)}")


def _ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def tail(log: Path, size: int = 2000) -> str:
    return log.read_bytes()[-size:].decode(errors="replace")
