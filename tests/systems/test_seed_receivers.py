"""The receivers that the systems' own documents show, run as they stand: they accept what Hookline sends, apart from the
faults that `docs/receivers` lists.
"""

import asyncio
import hashlib
import hmac
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hookline.app import Roles
from hookline.model.api_key import Scope
from hookline.model.delivery import State
from hookline.model.endpoint import Secret
from hookline.model.ids import SecretId
from tests.api.running import serving, settings_for
from tests.clock import ManualClock
from tests.engine.gateway import folder, gateway, until
from tests.engine.receivers import Got, receiving
from tests.ports import free_port
from tests.storage.people import a_tenant
from tests.systems.capturing import SECRET, delivered
from tests.systems.documents import needs_documents, unit
from tests.systems.shown import CREATED

pytestmark = needs_documents
FLASK, EXPRESS = "003/Python Flask Example/python", "003/Node.js Express Example/javascript"
PORT = "5000"
"""Of the receivers as they stand."""
CALL = {
    "call_id": "call_123",
    "from_extension": "101",
    "to_extension": "102",
    "timestamp": "2026-01-01T12:00:00",
}


def has_express() -> bool:
    if shutil.which("node") is None:
        return False
    found = subprocess.run(
        ["node", "-e", "require('express')"], env=os.environ, capture_output=True, check=False, timeout=30
    )
    return found.returncode == 0


@contextmanager
def served(command: list[str], code: str, where: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Only the port is changed."""
    port = free_port()
    assert code.count(PORT) >= 1
    file = where / "receiver"
    file.write_text(code.replace(PORT, str(port)))
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*command, str(file)], env=environment, cwd=where, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            yield port, process
        finally:
            process.terminate()


async def listens(port: int, process: "subprocess.Popen[bytes]") -> None:
    async with asyncio.timeout(20):
        while True:
            assert process.poll() is None, "it ended by itself"
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


@pytest.mark.parametrize("language", ["python", "javascript"])
async def test_the_pbx_own_receivers_take_a_call(language: str, tmp_path: Path, clock: ManualClock) -> None:
    if language == "python" and importlib.util.find_spec("flask") is None:
        pytest.skip("flask is not installed")
    if language == "javascript" and not has_express():
        pytest.skip("node or its express is not installed")
    command = [sys.executable] if language == "python" else ["node"]
    own = unit(FLASK if language == "python" else EXPRESS)
    with served(command, own, tmp_path) as (port, process):
        await listens(port, process)
        async with gateway(folder(tmp_path / "data"), clock) as hookline:
            await hookline.tenants()
            secret = Secret(id=SecretId("sec_1"), value=SECRET, created_at=clock.now())
            url = f"http://127.0.0.1:{port}/webhooks/pbx"
            await hookline.endpoint(url, system="pbx", dialect="pbx", secrets=(secret,))
            published = await hookline.publish(json.dumps(CALL).encode(), type="call.started", system="pbx")
            detail = await hookline.until_state(published, State.DELIVERED)
        process.terminate()
        assert process.stdout is not None
        said = process.stdout.read().decode()
    (attempt,) = detail.attempts
    assert attempt.exchange.body is not None
    assert json.loads(attempt.exchange.body) == {"success": True}
    assert "Call started: 101 -> 102" in said


_CALLBACKS = """<?php
stream_wrapper_unregister('php');
class Body {
    public $context;
    private $file;
    function stream_open($path) { $this->file = fopen('body', 'r'); return true; }
    function stream_read($count) { return fread($this->file, $count); }
    function stream_eof() { return feof($this->file); }
    function stream_stat() { return fstat($this->file); }
}
stream_wrapper_register('php', 'Body');
$_SERVER['HTTP_X_WEBHOOK_SIGNATURE'] = file_get_contents('signature');
%s
exit('accepted');
"""


async def test_the_php_of_callbacks_accepts_but_for_the_prefix(tmp_path: Path, clock: ManualClock) -> None:
    """It compares without `sha256=`, which the system's own header has: a fault that the page tells of."""
    if shutil.which("php") is None:
        pytest.skip("php is not installed")
    own = unit("001/HMAC Signature Verification/php")
    told = await delivered(CREATED.system, CREATED.type, CREATED.body["data"], tmp_path / "data", clock)
    (tmp_path / "body").write_bytes(told.body)
    told_secret = own.replace("'whsec_...'", "file_get_contents('secret')")
    assert told_secret != own
    (tmp_path / "own.php").write_text(_CALLBACKS % told_secret)
    bare = told.signature.removeprefix("sha256=")
    for signature, secret, wanted in (
        (bare, SECRET, "accepted"),
        (bare, SECRET + "x", "Invalid signature"),
        (told.signature, SECRET, "Invalid signature"),
    ):
        (tmp_path / "signature").write_text(signature)
        (tmp_path / "secret").write_text(secret)
        done = await asyncio.to_thread(
            subprocess.run, ["php", "own.php"], cwd=tmp_path, capture_output=True, check=True, timeout=30
        )
        assert done.stdout.decode() == wanted, done.stdout


_MIDDLEWARE = """<?php
class Log { static function warning($text) {} }
function abort($status) { exit("refused $status"); }
function config($name) {
    return $name === 'services.Retell.webhook_secret' ? file_get_contents('secret') : null;
}
class Request {
    function header($name) { return json_decode(file_get_contents('headers'), true)[strtolower($name)] ?? ''; }
    function getContent() { return file_get_contents('body'); }
}
class Middleware {
%s
}
echo (new Middleware)->handle(new Request, fn ($request) => 'accepted', 'Retell');
"""


async def test_the_gateways_own_middleware_accepts_what_is_forwarded_raw(
    tmp_path: Path,
) -> None:
    """A handler behind Hookline goes on to verify for itself: what Hookline accepts, it accepts."""
    if shutil.which("php") is None:
        pytest.skip("php is not installed")
    own = unit("000/Signature Verification/php")
    (tmp_path / "own.php").write_text(_MIDDLEWARE % own)
    forwarded = await forwarded_raw(tmp_path / "data")
    (tmp_path / "body").write_bytes(forwarded.body)
    (tmp_path / "headers").write_text(json.dumps({n.lower(): v for n, v in forwarded.headers.items()}))
    for secret, wanted in ((SECRET, "accepted"), (SECRET + "x", "refused 401")):
        (tmp_path / "secret").write_text(secret)
        done = await asyncio.to_thread(
            subprocess.run, ["php", "own.php"], cwd=tmp_path, capture_output=True, check=True, timeout=30
        )
        assert done.stdout.decode() == wanted, done.stdout + done.stderr


async def forwarded_raw(data_dir: Path) -> Got:
    """A call of Retell, signed as the gateway asks for, that came in by the gateway's path and goes on as it came."""
    async with receiving() as receiver, serving(settings_for(data_dir), roles=Roles()) as api:
        await api.parts.store.tenants.create(a_tenant("alice"))
        key = await api.key(Scope.MANAGE, "alice")
        assert (await api.call("PUT", "/v1/systems/askpro-gateway/enabled", key)).status == 200
        for source in (await api.call("GET", "/v1/sources", key)).json["items"]:
            change = {"secrets": [SECRET]}
            assert (await api.call("PATCH", f"/v1/sources/{source['id']}", key, json=change)).status == 200
        endpoint = {"url": receiver.url(), "dialect": "raw", "events": ["retell.*"]}
        assert (await api.call("POST", "/v1/endpoints", key, json=endpoint)).status == 201
        body = b'{"event": "call_started",  "call": {"call_id": "c1"}}'
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Retell-Signature": signature, "Content-Type": "application/json"}
        told = await api.call("POST", "/webhooks/retell/call-started", body=body, headers=headers)
        assert told.status == 200
        await until(lambda: len(receiver.got) == 1)
        return receiver.got[0]
