"""`hookline serve --config` with a file that declares, and `hookline apply`."""

import http.server
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from tests.cli.conftest import Dev
from tests.cli.program import hookline, running
from tests.cli.test_serve import KEY, address
from tests.declare.test_file import PBX

TAKEN = "https://your-server.com/webhooks/pbx"
OTHER = "https://crm.company.com/api/call-events"
CALL = {
    "call_id": "call-1",
    "from_extension": "1001",
    "to_extension": "1002",
    "timestamp": "2025-12-07T12:00:00",
}


@contextmanager
def receiving() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A receiver's URL, and the headers that came there."""
    got: list[dict[str, str]] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            got.append(dict(self.headers.items()))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/webhooks/pbx", got
        server.shutdown()


def test_a_pbx_config_starts_a_gateway_that_delivers(tmp_path: Path) -> None:
    """And is read again at SIGHUP: a subscription that it has no more, goes."""
    config = tmp_path / "config.yml"
    shared = {
        "secret_key": KEY,
        "log_format": "json",
        "port": "0",
        "allow_http": "true",
        "allow_networks": "127.0.0.0/8",
    }
    token = hookline("keys", "create", "--admin", cwd=tmp_path, **shared).out.strip()
    with receiving() as (url, got):
        config.write_text(PBX.replace(TAKEN, url))
        with running("serve", "--config", "config.yml", cwd=tmp_path, **shared) as program:
            reach = {**shared, "api_key": token, "url": address(program)}
            sent = (
                "publish",
                "call.started",
                "--tenant",
                "pbx",
                "--system",
                "pbx",
                "--data",
                msgspec.json.encode(CALL).decode(),
            )
            told = hookline(*sent, cwd=tmp_path, **reach)
            assert told.code == 0, told.err
            program.until("AttemptDelivered")
            (headers,) = got
            assert headers["X-Webhook-Event"] == "call.started"
            assert headers["Authorization"] == "Bearer your-token"
            assert headers["X-Webhook-Signature"].startswith("sha256=")
            config.write_text(PBX.replace(TAKEN, url).replace(OTHER, "https://crm.company.com/other"))
            program.signal(signal.SIGHUP)
            program.until('"steps":2')
            listed = hookline("endpoints", "list", "--tenant", "pbx", "--json", cwd=tmp_path, **reach)
            urls = [one["url"] for one in msgspec.json.decode(listed.out)["items"]]
            assert sorted(urls) == sorted([url, "https://crm.company.com/other"])
            assert program.stop() == 0


DECLARED = """
tenants:
  declared:
    systems:
      pbx: {prefix: declared}
    endpoints:
      crm: {url: "http://127.0.0.1:1080/hooks", active: false}
"""


def test_apply_shows_what_goes_and_what_waits_for_it_first(dev: Dev) -> None:
    file = dev.folder / "ops.yml"
    file.write_text(DECLARED)
    made = dev("apply", "ops.yml")
    assert made.code == 0, made.err
    assert [line.split()[:2] for line in made.out.splitlines()[1:]] == [
        ["create", "tenant"],
        ["create", "system"],
        ["create", "endpoint"],
    ]
    assert "All is as the file says." in dev("apply", "ops.yml").out
    home = msgspec.json.decode((dev.folder / "data" / "dev.json").read_bytes())
    reach = {"url": home["url"], "api_key": home["admin_key"]}
    sent = dev("publish", "call.started", "--tenant", "declared", "--data", "{}", **reach)
    assert sent.code == 0, sent.err
    file.write_text("tenants: {}\n")
    planned = dev("apply", "ops.yml", "--dry-run")
    assert (planned.code, "Nothing was done" in planned.err) == (0, True)
    rows = [line.split() for line in planned.out.splitlines()[1:]]
    assert rows == [
        ["delete", "endpoint", "declared", "crm", "-", "1", "waiting"],
        ["delete", "system", "declared", "pbx", "-", "-"],
    ]
    (dev.folder / "others.yml").write_text("tenants: {}\n")
    assert "All is as the file says." in dev("apply", "others.yml").out
    assert dev("apply", "ops.yml").out == planned.out
    assert "All is as the file says." in dev("apply", "ops.yml").out
    assert dev("tenants", "delete", "declared", "--yes").code == 0
