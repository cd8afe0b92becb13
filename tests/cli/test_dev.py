"""`hookline dev`: the first minutes with Hookline."""

import signal
import socket
import stat
from pathlib import Path

import msgspec
import pytest

from tests.cli.conftest import READY, Dev
from tests.cli.program import hookline, running
from tests.cli.test_sources import gone, made


def test_a_first_delivery_is_on_the_screen_with_everything_to_go_on(dev: Dev) -> None:
    """Signed, verified, answered; then address, key and two commands to paste."""
    said = dev.program.output
    home = msgspec.json.decode((dev.folder / "data" / "dev.json").read_bytes())
    assert "✓ First delivery: call.started was signed, sent and answered 204" in said
    assert "signature ok" in said
    assert f"curl {home['url']}/v1/events -H 'Authorization: Bearer {home['api_key']}'" in said
    assert f"curl {home['url']}/v1/endpoints" in said
    assert f"{home['url']}/docs" in said
    assert "http:// and loopback addresses" in said


def test_its_keys_are_for_this_user_alone(dev: Dev) -> None:
    """The folder holds a key that may do everything, and the key that seals secrets."""
    for name in ("dev.json", "secret.key"):
        assert stat.S_IMODE((dev.folder / "data" / name).stat().st_mode) == 0o600


def test_only_the_key_to_paste_is_printed(dev: Dev) -> None:
    """Neither the admin key nor the signing secret."""
    home = msgspec.json.decode((dev.folder / "data" / "dev.json").read_bytes())
    said = dev.program.output
    assert home["admin_key"] not in said
    assert home["secret"] not in said
    assert home["secret"].removeprefix("whsec_") not in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_restart_keeps_keys_secret_and_endpoint(tmp_path: Path, number: int) -> None:
    """Whatever was pasted somewhere yesterday works today; either signal ends it cleanly."""
    homes, endpoints = [], []
    for _ in range(2):
        with running("dev", cwd=tmp_path, port="0") as program:
            program.until(READY)
            homes.append(msgspec.json.decode((tmp_path / "data" / "dev.json").read_bytes()) | {"url": ""})
            endpoints.append(msgspec.json.decode(hookline("endpoints", "list", "--json", cwd=tmp_path).out))
            program.signal(number)
            assert program.end() == 0
    assert homes[0] == homes[1]
    ids = [[one["id"] for one in page["items"]] for page in endpoints]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 1


def test_a_source_is_at_its_own_address(dev: Dev) -> None:
    """The URL is whole, to be copied; and providers that sign it need nothing else."""
    home = msgspec.json.decode((dev.folder / "data" / "dev.json").read_bytes())
    source = made(dev, "twilio", "--secret", "s")
    assert source["receive_url"].startswith(f"{home['url']}/in/in_")
    done = dev("send", "--source", source["id"])
    assert done.code == 0, done.out + done.err
    gone(dev, source)


def test_a_public_url_that_is_set_stays_and_ones_own_name_may_be_an_endpoint(tmp_path: Path) -> None:
    """A tunnel's URL is for providers; receivers of one's own run beside the gateway, under the same name."""
    public = "https://tunnel.example.com"
    with running("dev", cwd=tmp_path, port="0", host="localhost", public_url=public) as program:
        program.until(READY)
        dev = Dev(tmp_path, program)
        assert made(dev, "stripe", "--secret", "s")["receive_url"].startswith(f"{public}/in/in_")
        assert program.stop() == 0
    with running("dev", cwd=tmp_path, port="0", host="localhost") as program:
        program.until(READY)
        dev = Dev(tmp_path, program)
        assert made(dev, "stripe", "--secret", "s")["receive_url"].startswith("http://localhost:")
        assert dev("endpoints", "create", "http://localhost:3000/hooks").code == 0
        assert program.stop() == 0


def test_a_busy_port_says_what_to_do(tmp_path: Path) -> None:
    """Not a trace, but the setting to change."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = hookline("dev", cwd=tmp_path, port=str(taken.getsockname()[1]))
    assert done.code == 1
    assert "Cannot listen on 127.0.0.1 port" in done.err
    assert "HOOKLINE_PORT" in done.err
    assert "Traceback" not in done.err


def test_a_second_one_on_the_same_folder_is_refused(dev: Dev) -> None:
    """Two processes on one SQLite file would lose events."""
    done = dev("dev", port="0")
    assert done.code == 1
    assert "has the database data/hookline.db open" in done.err
    assert "HOOKLINE_DATA_DIR" in done.err
