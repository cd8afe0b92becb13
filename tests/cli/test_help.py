"""Help: every command has some, with an example that is a command."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hookline.cli.commands import COMMANDS, Command, Noun
from hookline.cli.main import run
from tests.cli.program import hookline

PATHS = [
    (one.name, verb.name) if verb else (one.name,)
    for one in COMMANDS
    for verb in (one.verbs if isinstance(one, Noun) else (None,))
]


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_command_explains_itself_by_an_example(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """What it does, then a line to copy."""
    assert run([*path, "--help"]) == 0
    said = capsys.readouterr().out
    assert "For example:" in said
    assert " ".join(["    hookline", *path]) in said or f"hookline {' '.join(path)}" in said


def test_the_list_names_every_command(tmp_path: Path) -> None:
    """With one line each."""
    done = hookline("--help", cwd=tmp_path)
    assert done.code == 0
    for one in COMMANDS:
        assert f"  {one.name}: {one.help}" in done.out
    assert all(isinstance(one, Command | Noun) for one in COMMANDS)


@pytest.mark.parametrize("arguments", [["version"], ["--help"], ["endpoints", "--help"], ["tenatns"]])
def test_light_commands_load_nothing_heavy(arguments: list[str]) -> None:
    """Time differs between machines; what is loaded does not."""
    heavy = ("hookline.app", "sqlalchemy", "litestar", "alembic", "uvicorn", "http.client", "asyncpg")
    code = (
        "import sys\nfrom hookline.cli.main import run\n"
        f"run({arguments!r})\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=60, check=True, text=True
    )
    assert process.stderr.splitlines()[-1] == "[]"


def test_reads_do_not_load_the_gateway(tmp_path: Path) -> None:
    """`endpoints list` speaks HTTP; it needs no database."""
    code = (
        "import sys\nfrom hookline.cli.main import run\nrun(['endpoints', 'list'])\n"
        "print('sqlalchemy' in sys.modules, 'litestar' in sys.modules)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=60, check=True, text=True, cwd=tmp_path
    )
    assert process.stdout == "False False\n"


def test_a_gateway_on_sqlite_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    """Each of these takes megabytes. Its first start makes the tables, which takes Alembic."""
    heavy = (
        *("alembic", "asyncpg", "attr", "babel", "cel.cel", "cyclopts", "jsonschema_rs", "liquid", "mako"),
        *("pydantic", "pygments", "rich"),
    )
    code = (
        "import os, sys\nfrom hookline.cli import running\n"
        f"def stop(): print([name for name in {heavy!r} if name in sys.modules], flush=True); os._exit(0)\n"
        "running._settle_garbage = stop\n"
        "from hookline.cli.main import run\nrun(['serve'])"
    )
    settings = {
        **os.environ,
        "HOOKLINE_PORT": "0",
        "HOOKLINE_SECRET_KEY": base64.b64encode(bytes(32)).decode(),
        "HOOKLINE_DATABASE": f"sqlite:///{tmp_path / 'h.db'}",
    }
    loaded = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            timeout=60,
            check=True,
            text=True,
            cwd=tmp_path,
            env=settings,
        ).stdout.splitlines()[-1]
        for _ in range(2)
    ]
    assert loaded == ["['alembic', 'mako']", "[]"]
