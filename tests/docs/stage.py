"""Where a page's blocks run: a folder of its own, its variables, a real Hookline, and the processes that it started."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.docs.blocks import ROOT, Block
from tests.ports import free_port

PATIENCE = 60.0
Log = Callable[[], str]

_BIN = Path(sys.executable).parent
_STATE = "set -a; [ ! -f .state ] || . ./.state"
GATEWAY, SECOND, THIRD, RECEIVER = "8080", "8081", "8082", "9000"
"""The ports that the pages name. On this machine others are free."""
DATABASE = "postgresql://hookline:password@db.example.com/hookline"
"""The PostgreSQL that they name."""


class Stage:
    def __init__(self, folder: Path, environ: Mapping[str, str], stand_ins: Mapping[str, str]) -> None:
        self.folder = folder
        self._environ = {**plain_environ(), **environ}
        self._stand_ins = stand_ins
        self._running: list[subprocess.Popen[bytes]] = []

    def close(self) -> None:
        for process in reversed(self._running):
            stop(process)

    def run(self, block: Block) -> None:
        text = self._here(block.notes.get("as", block.text))
        if "file" in block.notes:
            (self.folder / block.notes["file"]).write_text(text)
        elif "background" in block.notes:
            self._begin(text, block.notes["background"])
        elif "until" in block.notes:
            self._until(block, text)
        else:
            output = self._once(block, text)
            assert block.notes.get("shows", "") in output, output

    def _once(self, block: Block, text: str) -> str:
        done = subprocess.run(
            self._command(block, text),
            cwd=self.folder,
            env=self._environ,
            capture_output=True,
            timeout=60,
            check=False,
        )
        output = (done.stdout + done.stderr).decode()
        assert done.returncode == 0, (
            f"line {block.line} ended with {done.returncode}\n{text}\n{output}\n{self._log()}"
        )
        return output

    def _until(self, block: Block, text: str) -> None:
        end = time.monotonic() + PATIENCE
        while block.notes["until"] not in (output := self._once(block, text)):
            assert time.monotonic() < end, (
                f"line {block.line} never showed {block.notes['until']!r}\n{output}\n{self._log()}"
            )
            time.sleep(0.1)

    def _begin(self, text: str, port: str) -> None:
        with (self.folder / "background.log").open("ab") as log:
            command = ["bash", "-c", f"{_STATE}; exec env {text.strip().removesuffix('&')}"]
            self._running.append(begin(command, self.folder, self._environ, log.fileno()))
        wait_for(int(self._stand_ins.get(port, port)), self._running[-1], self._log)

    def _command(self, block: Block, text: str) -> list[str]:
        if block.language == "python":
            return [sys.executable, "-c", text]
        # What one block sets is there in the next, as in one terminal.
        return ["bash", "-c", f"set -euo pipefail; {_STATE}\n{text}\n{{ export -p; declare -f; }} > .state"]

    def _here(self, text: str) -> str:
        for named, real in self._stand_ins.items():
            text = text.replace(named, real)
        return text

    def _log(self) -> str:
        log = self.folder / "background.log"
        return log.read_text() if log.exists() else ""


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, str]]:
    """`hookline serve` on SQLite in `folder`, as an operator starts it. Yields its URL and an admin key."""
    port = str(free_port())
    environ = plain_environ() | allowing(port)
    program = [str(_BIN / "hookline")]
    made = subprocess.run(
        [*program, "keys", "create", "--admin"], cwd=folder, env=environ, capture_output=True, check=True
    )
    with (folder / "serve.log").open("wb") as log:
        process = begin([*program, "serve"], folder, environ, log.fileno())
    try:
        wait_for(int(port), process, (folder / "serve.log").read_text)
        yield f"http://127.0.0.1:{port}", made.stdout.decode().strip()
    finally:
        stop(process)


def begin(command: list[str], folder: Path, environ: Mapping[str, str], log: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, cwd=folder, env=environ, stdout=log, stderr=log, start_new_session=True)


def stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    process.wait(timeout=PATIENCE)


def wait_for(port: int, process: subprocess.Popen[bytes], log: Log) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, log()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on {port}")


def allowing(port: str) -> dict[str, str]:
    """Receivers of these tests are on this machine."""
    return {
        "HOOKLINE_PORT": port,
        "HOOKLINE_ALLOW_HTTP": "true",
        "HOOKLINE_ALLOW_NETWORKS": "127.0.0.0/8",
        "HOOKLINE_GRACE": "1s",
    }


def plain_environ() -> dict[str, str]:
    """No setting of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HOOKLINE_", "PIP_"))}
    return kept | {
        "PATH": f"{_BIN}:{kept['PATH']}",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "REPOSITORY": str(ROOT),
    }
