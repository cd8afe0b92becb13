"""One SQLite file serves one gateway."""

import asyncio
import sys
from pathlib import Path

import aiohttp

from tests.torture.databases import Place
from tests.torture.hooks import Plan
from tests.torture.processes import NodeProcess, free_ports, plain_environ


async def test_a_second_gateway_on_the_same_file_is_refused_with_a_reason_and_the_first_goes_on(
    tmp_path: Path,
) -> None:
    place = Place(folder=tmp_path)
    first = NodeProcess("first", free_ports(1)[0], place.settings, tmp_path)
    await first.start(Plan())
    try:
        async with aiohttp.ClientSession() as session:
            assert await first.ready(session)
            code, told = await _serve(place)
            assert code != 0
            assert "Another Hookline (process " in told
            assert "Set HOOKLINE_DATABASE to PostgreSQL" in told or "HOOKLINE_DATA_DIR" in told
            assert await first.ready(session)
    finally:
        await first.end()


async def _serve(place: Place) -> tuple[int | None, str]:
    settings = {**place.settings, "HOOKLINE_PORT": "0"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hookline", "serve"),
        env={**plain_environ(), **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, told.decode()
