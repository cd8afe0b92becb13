"""The snippets of `docs/receivers` accept a real delivery of their system, and refuse one with another bit."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hookline.catalog.loader import load_dialects, load_providers, load_systems
from tests.clock import ManualClock
from tests.docs.blocks import DOCS
from tests.systems.capturing import SECRET, Delivered, delivered

PAGES = sorted((DOCS / "receivers").glob("*.md"))
SIGNED = [page.stem for page in PAGES if page.stem != "askpro-gateway"]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PHP = """
$server = [];
foreach (json_decode(file_get_contents('headers.json'), true) as $name => $value) {
    $server['HTTP_' . strtoupper(str_replace('-', '_', $name))] = $value;
}
exit(verify($server, file_get_contents('body'), file_get_contents('secret')) ? 0 : 1);
"""
_JS = """
const fs = require("fs");
const headers = JSON.parse(fs.readFileSync("headers.json"));
process.exit(verify(headers, fs.readFileSync("body"), fs.readFileSync("secret", "utf8")) ? 0 : 1);
"""
_PYTHON = """
import json, pathlib, sys
headers = json.loads(pathlib.Path("headers.json").read_text())
sys.exit(0 if verify(headers, pathlib.Path("body").read_bytes(), pathlib.Path("secret").read_text()) else 1)
"""
_SH = """
verify "$(cat secret)" "$(cat signature)" < body
"""
RUN = {
    "python": (_PYTHON, [sys.executable]),
    "js": (_JS, ["node"]),
    "php": (_PHP, ["php"]),
    "sh": (_SH, ["sh"]),
}


def test_every_system_has_its_page() -> None:
    systems = load_systems(load_dialects(), load_providers())
    assert {page.stem for page in PAGES} == set(systems)


async def delivery(system: str, path: Path, clock: ManualClock) -> Delivered:
    """Of the first event type of the system."""
    events = load_systems(load_dialects(), load_providers())[system].events
    name, event = next(iter(events.items()))
    return await delivered(system, name, event.example, path, clock)


def snippet(system: str, language: str) -> str:
    text = (DOCS / "receivers" / f"{system}.md").read_text()
    found = [code for kind, code in _BLOCK.findall(text) if kind == language and "verify" in code]
    assert len(found) == 1, (system, language)
    return str(found[0])


def accepts(code: str, command: list[str], where: Path, told: Delivered, secret: str) -> bool:
    (where / "headers.json").write_text(json.dumps(dict(told.headers)))
    (where / "signature").write_text(told.signature)
    (where / "secret").write_text(secret)
    (where / "body").write_bytes(told.body)
    file = where / "snippet"
    file.write_text(code)
    done = subprocess.run([*command, str(file)], cwd=where, capture_output=True, check=False, timeout=30)
    assert done.returncode in {0, 1}, done.stderr
    assert not done.stderr, done.stderr
    return done.returncode == 0


@pytest.mark.parametrize("system", SIGNED)
async def test_the_snippets_accept_a_real_delivery_and_nothing_else(
    system: str, tmp_path: Path, clock: ManualClock
) -> None:
    told = await delivery(system, tmp_path / "data", clock)
    where = tmp_path / "run"
    where.mkdir()
    for language, (harness, command) in RUN.items():
        if shutil.which(command[0]) is None:
            continue  # CI has them all: see the next test
        code = snippet(system, language) + harness
        flipped = told._replace(body=told.body[:-1] + b" ")
        short = told._replace(headers={**told.headers, _name(told): told.signature[:-1]})
        assert accepts(code, command, where, told, SECRET), language
        assert not accepts(code, command, where, flipped, SECRET), language
        assert not accepts(code, command, where, told, SECRET + "x"), language
        assert not accepts(code, command, where, short, SECRET), language


def _name(told: Delivered) -> str:
    return next(name for name in told.headers if name.endswith("-signature"))


@pytest.mark.parametrize("program", ["node", "php"])
def test_the_languages_are_there(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed: its snippets were not run")
