"""The examples run as they stand against the real program, and print what they say."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hookline.client.gateway import Gateway
from hookline.client.requests import act, create, listing
from tests.docs.stage import PATIENCE, begin, plain_environ, serving, stop, wait_for
from tests.ports import free_port

EXAMPLES = Path(__file__).parents[2] / "examples"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_" + "A" * 32
ONCE = {"kind": "fixed", "delay": 60, "attempts": 1}


class Product:
    """A tenant at a gateway that runs, and a receiver whose output is kept."""

    def __init__(self, folder: Path, gateway: Gateway, environ: dict[str, str]) -> None:
        self.gateway = gateway
        self.port = free_port()
        self._folder = folder
        self._environ = environ

    def run(self, example: str, *arguments: str) -> list[str]:
        """What it prints, line by line."""
        command = [sys.executable, str(EXAMPLES / example), *arguments]
        done = subprocess.run(
            command, env=self._environ, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    @contextmanager
    def receiver(self, secret: str) -> Iterator[Path]:
        """Yields the file that it prints to."""
        output = self._folder / f"receiver-{secret[-1]}"
        command = [sys.executable, str(EXAMPLES / "receiver.py"), str(self.port)]
        with output.open("wb") as file:
            process = begin(command, self._folder, self._environ | {"WEBHOOK_SECRET": secret}, file.fileno())
        try:
            wait_for(self.port, process, output.read_text)
            yield output
        finally:
            stop(process)


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    with serving(tmp_path) as (url, admin):
        with Gateway(url, admin, tenant="acme") as all_:
            all_.call(create("tenants", {"id": "acme"}))
            key = all_.call(create("keys", {"scope": "manage"}))["token"]
        environ = plain_environ() | {"HOOKLINE_URL": url, "HOOKLINE_API_KEY": key}
        with Gateway(url, key) as gateway:
            yield Product(tmp_path, gateway, environ)


def until(output: Path, text: str, times: int = 1) -> list[str]:
    """Its lines, in order of the alphabet, once `text` stands there so often."""
    end = time.monotonic() + PATIENCE
    while output.read_text().count(text) < times:
        assert time.monotonic() < end, output.read_text()
        time.sleep(0.05)
    return sorted(output.read_text().splitlines())


def test_what_is_published_arrives_verified_once_and_after_a_mistake_by_redrive(product: Product) -> None:
    """The whole story: a receiver with a wrong secret, the right one, what was given up sent again."""
    url = f"http://127.0.0.1:{product.port}/hooks"
    endpoint = product.gateway.call(create("endpoints", {"url": url, "secrets": [SECRET], "retry": ONCE}))[
        "id"
    ]
    with product.receiver(OTHER_SECRET) as output:
        published = product.run("publish.py")
        assert [re.sub("evt_[a-z0-9]+", "EVENT", line) for line in published] == [
            f"c_{n}: EVENT accepted for 1 endpoint(s)" for n in (1, 2, 3)
        ]
        assert until(output, "refused", 3) == ["refused: no signature fits"] * 3
    assert [line.endswith("already there") for line in product.run("publish.py")] == [True] * 3
    with product.receiver(SECRET) as output:
        redriven = product.run("redrive.py", endpoint)
        assert redriven[-1] == "3 to be sent again"
        assert all(": 401 at attempt 1. " in line for line in redriven[:-1])
        assert until(output, "received", 3) == [
            'received: call.ended {"call": "c_1", "seconds": 73}',
            'received: call.ended {"call": "c_2", "seconds": 12}',
            'received: call.ended {"call": "c_3", "seconds": 340}',
        ]
        assert product.run("redrive.py") == ["0 to be sent again"]


def test_a_receiver_takes_a_message_that_comes_twice_once(product: Product) -> None:
    """Sent again by hand: the id is the same."""
    url = f"http://127.0.0.1:{product.port}/hooks"
    product.gateway.call(create("endpoints", {"url": url, "secrets": [SECRET]}))
    with product.receiver(SECRET) as output:
        product.run("publish.py")
        until(output, "received", 3)
        (row, *_) = product.gateway.page(listing("deliveries", {"state": "delivered"})).rows()
        product.gateway.call(act("deliveries", row["id"], "retry"))
        assert until(output, "again: evt_")[0] == f"again: {row['event_id']}"
