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
from tests.systems.test_receivers import SECRET, Delivered, delivered

SEEDS = Path(__file__).resolve().parents[3] / "shared" / "seeds"
pytestmark = pytest.mark.skipif(not SEEDS.is_dir(), reason="the documents of the systems are not at hand")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_CURL = re.compile(r"curl (?:.|\\\n)*?(?=\n(?:curl|$)|\Z)", re.DOTALL)


def seed(number: str) -> str:
    (file,) = SEEDS.glob(f"{number}*")
    return file.read_text(errors="replace")


def blocks(number: str, *languages: str) -> list[str]:
    return [text for language, text in _BLOCK.findall(seed(number)) if language in languages]


def curls(number: str) -> list[list[str]]:
    found = [block.strip() for block in blocks(number, "bash") if block.strip().startswith("curl")]
    return [shlex.split(one.replace("\\\n", " ")) for one in found]


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
    """Subscribe, list, delete, list: each answer has the fields that the guide shows, in their order."""
    everything, add, remove, again = curls("003")
    shown = [
        json.loads(text)
        for text in blocks("003", "json")
        if "success_count" in text or "subscription" in text
    ]
    async with serving(settings_for(tmp_path, open_local_api=True)) as api:
        await api.parts.store.tenants.create(a_tenant("alice"))
        key = await api.key(Scope.MANAGE, "alice")
        assert (await api.call("PUT", "/v1/systems/pbx/enabled", key)).status == 200
        old = "http://localhost:8080"
        assert await ran(everything, api, old) == []
        added = await ran(add, api, old)
        wanted = next(one for one in shown if isinstance(one, dict) and "subscription" in one)
        assert added == wanted
        listed = await ran(again, api, old)
        like = next(one for one in shown if isinstance(one, list))
        assert [list(one) for one in listed] == [list(like[0])]
        assert len(listed[0]["created_at"]) == len(like[0]["created_at"])
        removed = await ran(remove, api, old)
        assert removed["success"] is True
        assert await ran(everything, api, old) == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_the_autoresponder_takes_its_test_ticket(tmp_path: Path) -> None:
    (command,) = curls("002")
    async with serving(settings_for(tmp_path)) as api:
        await api.parts.store.tenants.create(a_tenant("alice"))
        key = await api.key(Scope.MANAGE, "alice")
        assert (await api.call("PUT", "/v1/systems/ai-support-autoresponder/enabled", key)).status == 200
        told = await ran(command, api, "https://your-domain.com")
    assert told["ticket"]["customer_email"] == "test@example.com"
    assert re.fullmatch(r"TKT-\d{4}-001", told["ticket"]["ticket_number"])


EXAMPLES = [
    ("001", "askpro-callbacks", "callback.created", ("event", "data", "idempotency_key", "timestamp")),
    ("001", "askpro-callbacks", "callback.overdue", ("event", "data", "timestamp")),
    ("002", "ai-support-autoresponder", "ticket.created", ("event", "data", "timestamp")),
    ("003", "pbx", "call.started", ("event_id", "event_type", "timestamp", "data")),
    ("004", "urpa", "activity.created", ("event", "data", "timestamp")),
]
CONTRADICTIONS = {
    "callback.overdue": "its example has no idempotency_key, which every delivery of the system has"
}
"""Where a document says two things, and what was chosen."""


@pytest.mark.parametrize("case", EXAMPLES, ids=lambda case: case[2])
async def test_a_delivery_has_the_fields_of_the_example_in_their_order(
    case: tuple[str, str, str, tuple[str, ...]], tmp_path: Path, clock: ManualClock
) -> None:
    number, system, event, fields = case
    example = example_of(number, event)
    assert set(example) == set(fields)
    told = await delivered(system, event, example["data"], tmp_path, clock)
    sent = json.loads(told.body)
    if event not in CONTRADICTIONS:
        assert list(sent) == list(example)
    assert sent["data"] == example["data"]
    for name in ("timestamp", "event_id"):
        if name in example:
            assert shape(sent[name]) == shape(example[name])


def example_of(number: str, event: str) -> dict[str, Any]:
    for text in blocks(number, "json"):
        plain = re.sub(r",?\s*//.*$", "", text, flags=re.MULTILINE)
        try:
            found = json.loads(plain)
        except ValueError:
            continue
        if isinstance(found, dict) and event in {found.get("event"), found.get("event_type")}:
            return found
    raise AssertionError(f"{number} shows no {event}")


def shape(text: str) -> str:
    """Digits are no matter; a zone's sign is."""
    return re.sub(r"\d", "0", text)


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
    told: Delivered = await delivered(
        "ai-support-autoresponder",
        "ticket.created",
        example_of("002", "ticket.created")["data"],
        tmp_path,
        clock,
    )
    own = next(
        text for text in blocks("002", language) if "function verifySignature" in text or "def verify" in text
    )
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
    own = next(text for text in blocks("002", "javascript") if "api/webhooks/receive" in text)
    ticket = {"subject": "Signed", "message": "By the guide", "customer_email": "test@example.com"}
    async with serving(settings_for(tmp_path)) as api:
        await api.parts.store.tenants.create(a_tenant("alice"))
        key = await api.key(Scope.MANAGE, "alice")
        assert (await api.call("PUT", "/v1/systems/ai-support-autoresponder/enabled", key)).status == 200
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
    own = next(text for text in blocks("004", "php") if "hash_equals" in text)
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
