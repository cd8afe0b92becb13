"""`hookline config`, `doctor`, `openapi`, `completion`: looking at things."""

from pathlib import Path

import msgspec
import pytest

from hookline.cli.doctor_disk import _kind, file_system
from hookline.cli.findings import Level
from hookline.config import Settings
from tests.cli.conftest import Dev
from tests.cli.program import hookline

SECRET = "hunter2hunter2"


def test_effective_settings_are_shown_without_their_secrets(tmp_path: Path) -> None:
    """From a file and from variables, which win."""
    (tmp_path / "hookline.toml").write_text(f'port = 1234\nmetrics_token = "{SECRET}"\n')
    for form in ((), ("--json",)):
        done = hookline(
            *("config", "show", "--config", "hookline.toml", *form),
            cwd=tmp_path,
            api_key=f"hk_{SECRET}",
            database=f"postgresql://u:{SECRET}@db/x",
            proxy=f"http://u:{SECRET}@proxy:3128",
        )
        assert done.code == 0, done.err
        assert SECRET not in done.out
        assert "postgresql://u:***@db/x" in done.out
        assert "1234" in done.out


def test_check_lists_everything_that_is_wrong(tmp_path: Path) -> None:
    """All at once, so that one start mends them."""
    done = hookline("config", "check", cwd=tmp_path, port="99999", lease="1s", nosuch="1")
    assert done.code == 1
    for name in ("HOOKLINE_PORT", "HOOKLINE_LEASE", "HOOKLINE_NOSUCH"):
        assert name in done.err


def test_the_doctor_finds_a_running_gateway_well(dev: Dev) -> None:
    """Every check has a line; none fails on a machine that just delivered."""
    url = msgspec.json.decode((dev.folder / "data" / "dev.json").read_bytes())["url"]
    done = dev("doctor", url=url, port=url.rpartition(":")[2])
    assert done.code == 0, done.out
    assert f"{url} is ready" in done.out
    assert "taken by a gateway that runs" in done.out
    found = msgspec.json.decode(dev("doctor", "--json", port="0").out)
    names = {one["check"] for one in found}
    assert {
        "settings",
        "data folder",
        "file system",
        "SQLite",
        "database",
        "secret key",
        "DNS",
        "port",
    } <= names


def test_the_doctor_says_how_to_mend(tmp_path: Path) -> None:
    """A data folder that is a file, a proxy that is not there, no key."""
    (tmp_path / "data").write_text("")
    done = hookline("doctor", cwd=tmp_path, proxy="http://127.0.0.1:9", port="0")
    assert done.code == 1
    assert "✗ data folder" in done.out
    assert "✗ proxy" in done.out
    assert "! secret key" in done.out
    assert done.out.count("fix:") >= 3


def test_the_doctor_changes_nothing(tmp_path: Path) -> None:
    """Not even a folder."""
    hookline("doctor", cwd=tmp_path, port="0")
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_looks_into_postgres(empty_postgres_url: str, tmp_path: Path) -> None:
    """Reachable, empty, its clock near ours; and what is wrong when it is not there."""
    key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    done = hookline("doctor", cwd=tmp_path, port="0", database=empty_postgres_url, secret_key=key)
    assert done.code == 0, done.out
    assert "it answers, and is empty" in done.out
    assert "away from the database's" in done.out
    gone = "postgresql://u:hunter2@127.0.0.1:9/x"
    done = hookline("doctor", cwd=tmp_path, port="0", database=gone, secret_key=key)
    assert done.code == 1
    assert "✗ database" in done.out
    assert "hunter2" not in done.out + done.err


@pytest.mark.parametrize(
    ("kind", "level"),
    [("ext4", Level.OK), ("nfs4", Level.WARN), ("tmpfs", Level.WARN), ("fuse.sshfs", Level.WARN)],
)
def test_file_systems_that_lose_data_are_warned_of(
    kind: str, level: Level, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's promise is the disk's."""
    monkeypatch.setattr("hookline.cli.doctor_disk._mounts", lambda: [("/", kind)])
    assert file_system(Settings()).level is level


def test_the_nearest_mount_decides() -> None:
    """Not the first of the list."""
    mounts = [("/", "ext4"), ("/data", "nfs4"), ("/database", "xfs")]
    assert _kind(Path("/data/x"), mounts) == "nfs4"
    assert _kind(Path("/database"), mounts) == "xfs"
    assert _kind(Path("/home"), mounts) == "ext4"
    assert _kind(Path("/home"), []) == "unknown"


def test_the_document_of_the_api_needs_no_server(tmp_path: Path) -> None:
    """It is this version's."""
    document = msgspec.json.decode(hookline("openapi", cwd=tmp_path).out)
    assert document["openapi"].startswith("3.1")
    assert "/v1/events" in document["paths"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_every_shell_can_complete(tmp_path: Path, shell: str) -> None:
    """Nouns and verbs are in the script."""
    done = hookline("completion", shell, cwd=tmp_path)
    assert done.code == 0, done.err
    assert "endpoints" in done.out
    assert "rotate-keys" in done.out


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("presets", "show", ""), "jira"),
        (("presets", "test", "ji"), "jira_cloud"),
        (("presets", "show", ""), "lamps"),
        (("endpoints", "create", "--preset", ""), "slack"),
        (("sources", "create", ""), "stripe"),
        (("systems", "enable", ""), "pbx"),
    ],
)
def test_names_of_the_catalogue_complete_without_a_gateway(
    tmp_path: Path, words: tuple[str, ...], name: str
) -> None:
    """A user's own too. The scripts ask so, whatever the shell."""
    (tmp_path / "mine" / "presets" / "lamps").mkdir(parents=True)
    done = hookline("__complete", *words, cwd=tmp_path, catalog="mine")
    assert name in done.out.split()
