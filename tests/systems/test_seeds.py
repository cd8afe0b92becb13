"""The six systems in their own words, where those are at hand: their commands, their examples, their verifiers.

What this project says itself of each system stands in the other tests here; these need the documents of the systems.
"""

import asyncio
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hookline.model.api_key import Scope
from tests.api.running import Running, serving, settings_for
from tests.clock import ManualClock
from tests.storage.people import a_tenant
from tests.systems.capturing import SECRET, Delivered, delivered
from tests.systems.documents import needs_documents, unit
from tests.systems.shown import PBX_ADDED, PBX_LIST, TICKET

pytestmark = needs_documents
LOCAL, DOMAIN = "http://localhost:8080", "https://your-domain.com"
"""Where the commands go."""


def command(name: str) -> list[str]:
    """A block that is a command of curl, as words."""
    return shlex.split(unit(name).replace("\\\n", " "))


async def ran(command: list[str], api: Running, old: str) -> Any:
    """Only host and port are changed."""
    mended = [part.replace(old, api.url) for part in command]
    assert mended != command
    done = await asyncio.to_thread(
        subprocess.run, [*mended, "-s", "--max-time", "20"], capture_output=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_the_pbx_answers_its_own_commands(tmp_path: Path) -> None:
    """Subscribe, list, delete, list: each answer is the one that the guide shows, but for times and counts."""
    everything = command("003/Get All Webhook Subscriptions/bash")
    assert command("003/Check Subscription Status/bash") == everything
    async with serving(settings_for(tmp_path, open_local_api=True)) as api:
        await enabled(api, "pbx")
        assert await ran(everything, api, LOCAL) == []
        assert await ran(command("003/Add Webhook Subscription/bash"), api, LOCAL) == PBX_ADDED
        (listed,) = await ran(everything, api, LOCAL)
        (like,) = PBX_LIST
        assert list(listed) == list(like)
        assert {**like, **listed} == {**listed, **PBX_ADDED["subscription"]}
        assert len(listed["created_at"]) == len(like["created_at"])
        removed = await ran(command("003/Delete Webhook Subscription/bash"), api, LOCAL)
        assert removed["success"] is True
        assert await ran(everything, api, LOCAL) == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_the_autoresponder_takes_its_test_ticket(tmp_path: Path) -> None:
    async with serving(settings_for(tmp_path)) as api:
        await enabled(api, "ai-support-autoresponder")
        told = await ran(command("002/Test Incoming Webhook/bash"), api, DOMAIN)
    assert told["ticket"]["customer_email"] == "test@example.com"
    assert re.fullmatch(r"TKT-\d{4}-001", told["ticket"]["ticket_number"])


async def enabled(api: Running, system: str) -> str:
    """For Alice, with the paths as they are; her key."""
    await api.parts.store.tenants.create(a_tenant("alice"))
    key = await api.key(Scope.MANAGE, "alice")
    assert (await api.call("PUT", f"/v1/systems/{system}/enabled", key)).status == 200
    return key


_PYTHON = """
import json, pathlib, sys
body = pathlib.Path("body").read_text()
sys.exit(0 if verify_signature(body, pathlib.Path("signature").read_text(), pathlib.Path("secret").read_text()) else 1)
"""
_NODE = """
const fs = require("fs");
process.exit(verifySignature(fs.readFileSync("body", "utf8"), fs.readFileSync("signature", "utf8"), fs.readFileSync("secret", "utf8")) ? 0 : 1);
"""


@pytest.mark.parametrize(
    ("language", "command", "harness"),
    [("python", [sys.executable], _PYTHON), ("javascript", ["node"], _NODE)],
)
async def test_the_autoresponders_own_verifiers_accept(
    language: str, command: list[str], harness: str, tmp_path: Path, clock: ManualClock
) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    told: Delivered = await delivered(TICKET.system, TICKET.type, TICKET.body["data"], tmp_path, clock)
    own = unit(f"002/Verifying Signatures/{language}")
    code = own.partition("// In your webhook handler")[0] + harness
    for secret, accepts in ((SECRET, True), (SECRET + "x", False)):
        (tmp_path / "body").write_bytes(told.body)
        (tmp_path / "signature").write_text(told.signature)
        (tmp_path / "secret").write_text(secret)
        (tmp_path / "snippet").write_text(code)
        done = await asyncio.to_thread(
            subprocess.run,
            [*command, str(tmp_path / "snippet")],
            cwd=tmp_path,
            capture_output=True,
            check=False,
            timeout=30,
        )
        assert (done.returncode == 0) is accepts, done.stderr


async def test_the_autoresponders_own_signer_is_believed(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    own = unit("002/Signature Verification/javascript")
    ticket = {"subject": "Signed", "message": "By the guide", "customer_email": "test@example.com"}
    async with serving(settings_for(tmp_path)) as api:
        key = await enabled(api, "ai-support-autoresponder")
        (source,) = (await api.call("GET", "/v1/sources", key)).json["items"]
        path = f"/v1/sources/{source['id']}"
        assert (await api.call("PATCH", path, key, json={"secrets": ["a-secret"]})).status == 200
        data = json.dumps({"event": "ticket.create", "data": ticket})
        for secret, status in (("a-secret", 201), ("another", 401)):
            before = f"const webhookData = {data}; const WEBHOOK_SECRET = {json.dumps(secret)};\n"
            # Its answer is looked at: the guide's own code does not.
            code = before + own.replace("https://your-domain.com", api.url).replace(
                "fetch(", "module.exports = fetch(", 1
            )
            code += "\nmodule.exports.then((answer) => console.log(answer.status));\n"
            (tmp_path / "signer.js").write_text(code)
            done = await asyncio.to_thread(
                subprocess.run,
                ["node", str(tmp_path / "signer.js")],
                capture_output=True,
                check=True,
                timeout=30,
            )
            assert done.stdout.split() == [str(status).encode()]


_PHP = """<?php
$payload = json_decode(file_get_contents('body'), true);
$secret = file_get_contents('secret');
$receivedSignature = file_get_contents('signature');
%s
echo isset($accepted) ? 'accepted' : 'refused';
"""


@pytest.mark.parametrize(
    ("system", "event"), [("urpa", "activity.created"), ("4calls", "appointment.created")]
)
async def test_the_php_that_encodes_the_payload_again_agrees(
    system: str, event: str, tmp_path: Path, clock: ManualClock
) -> None:
    """Bodies are written as `json_encode` writes them: with slashes and other letters escaped."""
    if shutil.which("php") is None:
        pytest.skip("php is not installed")
    own = unit("004/Signature Verification/php")
    data = {
        "id": "1",
        "title": "Größe 1/2 \u20ac \U0001f600",
        "status": "pending",
        "scheduled_at": "2026-01-25T14:00:00Z",
    }
    told = await delivered(system, event, data, tmp_path / "data", clock)
    (tmp_path / "body").write_bytes(told.body)
    (tmp_path / "signature").write_text(told.signature)
    for secret, wanted in ((SECRET, b"accepted"), (SECRET + "x", b"refused")):
        (tmp_path / "secret").write_text(secret)
        (tmp_path / "own.php").write_text(_PHP % own.replace("// Webhook is authentic", "$accepted = true;"))
        done = await asyncio.to_thread(
            subprocess.run, ["php", "own.php"], cwd=tmp_path, capture_output=True, check=True, timeout=30
        )
        assert done.stdout.strip() == wanted, done.stdout
