"""The real program in processes of its own, in a folder of its own, with no setting of ours around it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 40.0
"""Two loaded cores may take long to start Python."""


class Done:
    """What a command that ended has said."""

    def __init__(self, process: "subprocess.CompletedProcess[bytes]") -> None:
        self.code = process.returncode
        self.out = process.stdout.decode()
        self.err = process.stderr.decode()


def hookline(*arguments: str, cwd: Path, given: str = "", **settings: str) -> Done:
    """Run a command to its end. `settings`: names without HOOKLINE_."""
    process = subprocess.run(
        [sys.executable, "-m", "hookline", *arguments],
        cwd=cwd,
        env=environ(settings),
        input=given.encode(),
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return Done(process)


class Running:
    """A command that stays."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._lines: list[str] = []
        self._said = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        with self._said:
            return "".join(self._lines)

    def until(self, text: str) -> str:
        """Wait for `text`; everything that was said."""
        with self._said:
            found = self._said.wait_for(lambda: text in "".join(self._lines), PATIENCE)
        assert found, f"{text!r} never came; it said:\n{self.output}"
        return self.output

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def end(self) -> int:
        """Its exit code."""
        code = self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.end()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._said:
                self._lines.append(line.decode())
                self._said.notify_all()


@contextmanager
def running(*arguments: str, cwd: Path, **settings: str) -> Iterator[Running]:
    with subprocess.Popen(
        [sys.executable, "-m", "hookline", *arguments],
        cwd=cwd,
        env=environ(settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            yield Running(process)
        finally:
            if process.poll() is None:
                process.kill()


def environ(settings: Mapping[str, str]) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("HOOKLINE_")}
    given = {f"HOOKLINE_{name.upper()}": value for name, value in settings.items()}
    return plain | {"PYTHONUNBUFFERED": "1", "COLUMNS": "100"} | given
