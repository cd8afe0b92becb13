"""One `hookline dev` for all tests that only need some gateway to talk to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import Done, Running, hookline, running

READY = "Ctrl-C stops."


class Dev:
    """A gateway that runs, and its folder: commands that are run in it find it by themselves."""

    def __init__(self, folder: Path, program: Running) -> None:
        self.folder = folder
        self.program = program

    def __call__(self, *arguments: str, given: str = "", **settings: str) -> Done:
        return hookline(*arguments, cwd=self.folder, given=given, **settings)


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    folder = tmp_path_factory.mktemp("dev")
    with running("dev", cwd=folder, port="0") as program:
        program.until(READY)
        yield Dev(folder, program)
        assert program.stop() == 0
