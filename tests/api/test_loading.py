"""The first request that needs Liquid has it loaded beside the event loop, whichever request that is."""

import subprocess
import sys
from pathlib import Path

WHAT = ("create", "patch", "put", "test", "preview", "create with preset", "test of preset", "publish")


def test_the_loop_loads_no_language() -> None:
    """It would stand still for 0.2 s."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.api.loading"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.splitlines() == [f"{what}: thread" for what in WHAT]
