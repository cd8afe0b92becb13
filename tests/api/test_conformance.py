"""Schemathesis over the document, as its own program against a running gateway: no 5xx, every answer as documented."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from tests.api.conftest import Keys
from tests.api.matrix import things
from tests.api.running import Running

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "unsupported_method",
    "ignored_auth",
    "negative_data_rejection",
)
PROGRAM = Path(sys.executable).with_name("schemathesis")


async def schemathesis(
    api: Running, keys: Keys, folder: Path, *arguments: str, parameters: dict[str, str]
) -> tuple[int, str]:
    """Its exit code, and what it says."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in parameters.items()]
    config = folder / "schemathesis.toml"
    config.write_text("\n".join(["[parameters]", *lines]))
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        f"--config-file={config}",
        "run",
        f"{api.url}/openapi.json",
        f"--checks={','.join(CHECKS)}",
        f"--header=Authorization: Bearer {keys['admin']}",
        f"--header=Hookline-Tenant: {keys.alice}",
        "--phases=examples,fuzzing",
        "--generation-deterministic",
        # Whoever knocks there without proof hears the same 401, whatever the method and the body: samples of real
        # providers say more (`test_receive_samples`, `test_receive_vectors`).
        "--exclude-path-regex=^/in/",
        "--no-color",
        *arguments,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


@pytest.mark.parametrize("deleting", [False, True])
async def test_every_answer_is_as_documented(
    light: Running, light_keys: Keys, tmp_path: Path, *, deleting: bool
) -> None:
    """With ids that are there, so that bodies are looked at; deletes apart, or nothing would be left to look at."""
    ids = await things(light, light_keys["admin"], light_keys.alice)
    method = "--include-method=DELETE" if deleting else "--exclude-method=DELETE"
    code, said = await schemathesis(
        light,
        light_keys,
        tmp_path,
        method,
        "--max-examples=5",
        parameters={} if deleting else {f"path.{name}": value for name, value in ids.items()},
    )
    assert code == 0, said[-20_000:]
    assert not light.faults()
