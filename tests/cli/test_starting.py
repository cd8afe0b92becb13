"""`hookline serve | api | worker` as they are started mostly go without the parser, and nobody can tell."""

from pathlib import Path

import pytest

from hookline.cli.commands import COMMANDS, Command
from hookline.cli.starting import ROLES
from tests.cli.program import hookline, running

KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@pytest.mark.parametrize(
    ("role", "file", "text"),
    [
        ("serve", "absent.toml", None),
        ("serve", "wrong.toml", "prot = 1"),
        ("api", "wrong.toml", "prot = 1"),
        ("worker", "wrong.toml", "prot = 1"),
        ("serve", "broken.toml", "port = "),
        ("serve", "plain.toml", 'secret_key = "short"'),
        ("serve", "absent.yml", None),
        ("serve", "wrong.yaml", "tennants: {}"),
    ],
)
def test_what_is_wrong_reads_the_same_with_and_without_the_parser(
    tmp_path: Path, role: str, file: str, text: str | None
) -> None:
    """`--config=FILE` goes by the parser, `--config FILE` does not. Settings are read alike for every role."""
    if text is not None:
        (tmp_path / file).write_text(text)
    plain = hookline(role, "--config", file, cwd=tmp_path)
    parsed = hookline(role, f"--config={file}", cwd=tmp_path)
    assert plain.code in {1, 2}
    assert (plain.code, plain.out, plain.err) == (parsed.code, parsed.out, parsed.err)
    assert plain.err.startswith("error: ")


def test_a_wrong_setting_reads_the_same_without_options(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_text("")
    plain = hookline("serve", cwd=tmp_path, prot="1")
    parsed = hookline("serve", "--config=empty.toml", cwd=tmp_path, prot="1")
    assert "HOOKLINE_PROT" in plain.err
    assert (plain.code, plain.out, plain.err) == (parsed.code, parsed.out, parsed.err)


@pytest.mark.parametrize("arguments", [("--confg", "x"), ("--config",), ("x",), ("--config", "-x")], ids=str)
def test_wrong_use_is_told_by_the_parser(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = hookline("serve", *arguments, cwd=tmp_path)
    assert done.code == 2
    assert "fix:   `hookline serve --help` shows how it is used." in done.err


@pytest.mark.parametrize("form", [("--config", "own.toml"), ("--config=own.toml",)], ids=str)
def test_a_file_of_settings_is_read_either_way(tmp_path: Path, form: tuple[str, ...]) -> None:
    """Started, and stopped by the signal with exit code 0."""
    (tmp_path / "own.toml").write_text(f'port = 0\nnode_name = "own"\nsecret_key = "{KEY}"\n')
    with running("serve", *form, cwd=tmp_path) as program:
        assert '"node_name":"own"' in program.until("NodeStarted")
        assert program.stop() == 0


def test_the_roles_are_commands_of_the_table() -> None:
    """Of the module that calls them."""
    table = {one.name: one.target for one in COMMANDS if isinstance(one, Command)}
    assert {role: table[role] for role in ROLES} == {role: f"serve:{role}" for role in ROLES}
