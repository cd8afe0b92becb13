"""Processes: nodes that are started, killed and started again, and the history of their deaths."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import msgspec

from tests.torture.hooks import Plan

READY_IN = 30.0


class Death(msgspec.Struct, frozen=True, kw_only=True):
    """One kill -9."""

    at: float
    name: str
    hook: str
    """Empty: from outside."""
    node_id: str
    """Empty: it had not told yet."""


class NodeProcess:
    """One node: a port and settings that stay, and one process after the other."""

    def __init__(self, name: str, port: int, settings: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.url = f"http://127.0.0.1:{port}"
        self.deaths: list[Death] = []
        self.faults: list[str] = []
        """Ends that nobody ordered."""
        self.logs: list[Path] = []
        self.plan = Plan()
        self._settings = {**settings, "HOOKLINE_PORT": str(port), "HOOKLINE_NODE_NAME": name}
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, plan: Plan) -> None:
        self.plan = plan
        self.logs.append(self._folder / f"{self.name}-{len(self.logs):03}.log")
        with self.logs[-1].open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.torture.node",
                stdout=log,
                stderr=log,
                env={**plain_environ(), **self._settings, **plan.environ()},
                start_new_session=True,
            )

    async def ready(self, session: aiohttp.ClientSession) -> bool:
        """False: it ended before."""
        deadline = time.monotonic() + READY_IN
        while time.monotonic() < deadline:
            if self._running.returncode is not None:
                return False
            try:
                async with session.get(f"{self.url}/readyz") as answer:
                    if answer.status == 200:
                        return True
            except (aiohttp.ClientError, OSError):
                pass
            await asyncio.sleep(0.03)
        self.faults.append(f"{self.name} was not ready in {READY_IN:.0f} s")
        return False

    def arm(self) -> None:
        self._running.send_signal(signal.SIGUSR1)

    async def killed(self, *, patience: float = 0.0) -> Death:
        """Dead, by its own hand within `patience` seconds or else by ours."""
        try:
            await asyncio.wait_for(self._running.wait(), patience)
        except TimeoutError:
            self._running.kill()
        code = await self._running.wait()
        if code != -signal.SIGKILL:
            self.faults.append(
                f"{self.name} ended by itself with exit code {code}: {self.logs[-1].read_text()[-2000:]}"
            )
        return self._buried()

    async def pause(self, seconds: float) -> None:
        """It does nothing for so long, and knows nothing of it."""
        self._running.send_signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        self._running.send_signal(signal.SIGCONT)

    async def stop(self) -> int:
        """SIGTERM; its exit code."""
        self._running.terminate()
        return await self._running.wait()

    async def end(self) -> None:
        """Whatever it is doing."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def lines(self) -> Iterator[dict[str, str]]:
        """What all its starts logged."""
        for log in self.logs:
            yield from _lines(log)

    @property
    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None, f"{self.name} was never started"
        return self._process

    def _buried(self) -> Death:
        mark = Path(self.plan.mark)
        hook = mark.read_text() if self.plan.mark and mark.exists() else ""
        if hook:
            mark.unlink()
        started = (line for line in _lines(self.logs[-1]) if line["what"] == "NodeStarted")
        node_id = next(started, {}).get("node_id", "")
        death = Death(at=time.time(), name=self.name, hook=hook, node_id=node_id)
        self.deaths.append(death)
        return death


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _lines(log: Path) -> Iterator[dict[str, str]]:
    for line in log.read_bytes().splitlines():
        if line.startswith(b"{") and line.endswith(b"}"):  # the last one may be cut
            yield msgspec.json.decode(line)


def plain_environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("HOOKLINE_")}
