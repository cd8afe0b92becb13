"""The real program on a terminal of its own, which a test types at."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.cli.program import PATIENCE, environ

_ON_A_TERMINAL = """
import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
"""


def on_terminal(
    *arguments: str, cwd: Path, prompt: str = "", typed: str = "", columns: int = 80
) -> tuple[int, str]:
    """Exit code and all that stood on the screen. `typed` follows when `prompt` has come."""
    command = [sys.executable, "-c", _ON_A_TERMINAL, sys.executable, "-m", "hookline", *arguments]
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=environ({}) | {"COLUMNS": str(columns), "TERM": "dumb"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        screen = b"" if not prompt else _until(process.stdout.fileno(), prompt.encode())
        process.stdin.write(typed.encode())
        process.stdin.flush()
        screen += process.stdout.read()
        process.stdin.close()
        return process.wait(PATIENCE), screen.decode().replace("\r\n", "\n")


def _until(screen: int, prompt: bytes) -> bytes:
    seen, end = b"", time.monotonic() + PATIENCE
    while prompt not in seen:
        some = os.read(screen, 65536)
        assert some, seen
        assert time.monotonic() < end, seen
        seen += some
    return seen
