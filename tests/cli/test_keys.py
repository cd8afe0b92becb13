"""Keys and tenants: how the first key comes to be, and that a token is shown once, on purpose."""

from pathlib import Path

import msgspec

from tests.cli.conftest import Dev
from tests.cli.program import hookline, running


def test_the_first_admin_key_is_made_on_the_database_itself(tmp_path: Path) -> None:
    """Alone on standard output, so that `export KEY=$(…)` works; then it opens the gateway."""
    done = hookline("keys", "create", "--admin", "--name", "me", cwd=tmp_path)
    token = done.out.strip()
    assert done.code == 0
    assert token.startswith("hk_")
    assert "\n" not in token
    assert token not in done.err
    with running("serve", cwd=tmp_path, port="0", log_format="json") as program:
        said = program.until("NodeStarted").splitlines()[-1]
        url = msgspec.json.decode(said)["address"]
        reach = {"api_key": token, "url": url}
        created = hookline("tenants", "create", "--id", "acme", "--name", "ACME", cwd=tmp_path, **reach)
        assert created.code == 0, created.err
        made = hookline("keys", "create", "--scope", "publish", "--tenant", "acme", cwd=tmp_path, **reach)
        assert made.out.startswith("hk_")
        publisher = {"api_key": made.out.strip(), "url": url}
        assert hookline("publish", "a.b", cwd=tmp_path, **publisher).code == 0
        assert hookline("events", "list", cwd=tmp_path, **publisher).code == 4
        assert program.stop() == 0
        assert token not in program.output
        assert made.out.strip() not in program.output


def test_while_a_server_runs_the_database_is_not_touched(dev: Dev) -> None:
    """A key is needed then; the error says so."""
    database = f"sqlite:///{dev.folder / 'data' / 'hookline.db'}"
    key = f"{dev.folder / 'data' / 'secret.key'}"
    other = dev.folder / "other"
    other.mkdir()
    done = hookline("keys", "create", "--admin", cwd=other, database=database, secret_key_file=key)
    assert done.code == 1
    assert "HOOKLINE_API_KEY" in done.err
    assert done.out == ""


def test_a_revoked_key_stops(dev: Dev) -> None:
    """Within five seconds everywhere, here at once."""
    made = msgspec.json.decode(dev("keys", "create", "--scope", "read", "--expires", "90d", "--json").out)
    url = msgspec.json.decode((dev.folder / "data" / "dev.json").read_bytes())["url"]
    assert dev("events", "list", api_key=made["token"], url=url).code == 0
    assert dev("keys", "revoke", made["id"]).code == 2  # nobody is here to agree
    assert dev("keys", "revoke", made["id"], "--yes").code == 0
    assert dev("events", "list", api_key=made["token"], url=url).code == 4
    listed = dev("keys", "list").out
    assert "revoked" in listed
    assert made["token"] not in listed


def test_a_tenant_goes_with_everything_inside(dev: Dev) -> None:
    """What that is, is said before."""
    assert dev("tenants", "create", "--id", "wayne", "--metadata", "plan=gold").code == 0
    changed = dev("tenants", "change", "wayne", "--name", "Wayne", "--json")
    assert msgspec.json.decode(changed.out)["metadata"] == {"plan": "gold"}
    asked = dev("tenants", "delete", "wayne")
    assert asked.code == 2
    assert "0 endpoints and 0 keys and 0 events" in asked.err
    assert dev("tenants", "delete", "wayne", "--yes").code == 0
    assert dev("tenants", "show", "wayne").code == 3
