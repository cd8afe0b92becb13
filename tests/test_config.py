"""Settings: read once, from variables and a file, and refused all at once when something is wrong."""

import base64
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.config import SettingDoc, Settings, describe, load, masked
from hookline.errors import ConfigurationError
from hookline.setting_types import KINDS, Kind, LogLevel, Seconds, Secret, Size, masked_url

KEY = base64.b64encode(bytes(32)).decode()
OTHER = base64.urlsafe_b64encode(b"\xfb" * 32).decode().rstrip("=")


def toml(folder: Path, text: str) -> Path:
    file = folder / "hookline.toml"
    file.write_text(text)
    return file


def refusal(environ: dict[str, str], file: Path | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(environ, file)
    return caught.value.detail


@pytest.mark.parametrize("doc", describe(), ids=lambda doc: doc.name)
def test_every_setting_has_a_sentence_and_a_default_that_works(doc: SettingDoc) -> None:
    assert doc.sentence.endswith(".")
    assert len(doc.sentence) > 20
    assert doc.variable == "HOOKLINE_" + doc.name.upper()
    assert load({doc.variable: doc.default}) == Settings()


def test_nothing_given_means_the_defaults() -> None:
    settings = load({"PATH": "/bin", "HOME": "/"})
    assert settings == Settings()
    assert settings.database_url == "sqlite:///data/hookline.db"
    assert settings.sqlite_file == Path("data/hookline.db")


def test_each_type_is_read_from_text() -> None:
    settings = load(
        {
            "HOOKLINE_PORT": " 9000 ",
            "HOOKLINE_BODY_LIMIT": "256KiB",
            "HOOKLINE_GRACE": "5m",
            "HOOKLINE_POLL_INTERVAL": "250ms",
            "HOOKLINE_ALLOW_HTTP": "On",
            "HOOKLINE_ALLOW_NETWORKS": "10.0.0.0/8, fd00::/8",
            "HOOKLINE_ALLOW_HOSTS": "a.internal,*.b.internal",
            "HOOKLINE_LOG_LEVEL": "warning",
            "HOOKLINE_CATALOG": "/etc/hookline",
        }
    )
    assert settings.port == 9000
    assert settings.body_limit == Size(262_144)
    assert settings.grace == Seconds(300)
    assert settings.poll_interval == Seconds(0.25)
    assert settings.allow_http
    assert settings.allow_networks == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    assert settings.allow_hosts == ("a.internal", "*.b.internal")
    assert settings.log_level is LogLevel.WARNING
    assert settings.catalog == Path("/etc/hookline")


def test_a_file_is_read_and_variables_win_over_it(tmp_path: Path) -> None:
    file = toml(tmp_path, 'port = 1\nhost = "::"\nnat64 = true\nallow_hosts = ["a", "b"]\nlease = 20.5\n')
    for settings in (
        load({"HOOKLINE_PORT": "2"}, file),
        load({"HOOKLINE_PORT": "2", "HOOKLINE_CONFIG": str(file)}),
    ):
        assert (settings.port, settings.host, settings.nat64, settings.lease) == (2, "::", True, 20.5)
        assert settings.allow_hosts == ("a", "b")


def test_a_secret_may_lie_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n{OTHER}\n")
    (tmp_path / "token").write_text("t0ken\n")
    file = toml(tmp_path, f'metrics_token_file = "{tmp_path / "token"}"')
    settings = load({"HOOKLINE_SECRET_KEY_FILE": str(tmp_path / "key")}, file)
    assert settings.secret_key.reveal() == f"{KEY}\n{OTHER}"
    assert settings.metrics_token.reveal() == "t0ken"


def test_a_secret_given_twice_is_refused_but_a_variable_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    path = str(tmp_path / "key")
    detail = refusal({"HOOKLINE_SECRET_KEY": KEY, "HOOKLINE_SECRET_KEY_FILE": path})
    assert detail == "HOOKLINE_SECRET_KEY_FILE: HOOKLINE_SECRET_KEY is set too; keep one of them"
    settings = load({"HOOKLINE_SECRET_KEY": OTHER}, toml(tmp_path, f'secret_key_file = "{path}"'))
    assert settings.secret_key.reveal() == OTHER


def test_everything_wrong_is_told_at_once_with_where_it_stands(tmp_path: Path) -> None:
    file = toml(tmp_path, 'hots = "x"\nbody_limit = "much"\n[grace]\nseconds = 1\n')
    lines = refusal(
        {"HOOKLINE_PROT": "1", "HOOKLINE_PORT": "99999", "HOOKLINE_NAT64": "maybe"}, file
    ).splitlines()
    assert lines == [
        f"- {file}:hots: no such setting; did you mean host?",
        f"- {file}:grace: a text, a number, true, false or a list of texts is expected",
        "- HOOKLINE_PROT: no such setting; did you mean HOOKLINE_PORT?",
        f"- {file}:body_limit: 'much' is not a size as 65536, 64KiB or 1MiB",
        "- HOOKLINE_NAT64: 'maybe' is not true or false",
        "- HOOKLINE_PORT: 99999 is out of bounds: at most 65535",
    ]


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"HOOKLINE_LEASE": "4s"}, "lease: must be at least three heartbeats"),
        ({"HOOKLINE_MAX_IN_HAND": "10"}, "max_in_hand: must be at least max_in_flight"),
        ({"HOOKLINE_BODY_LIMIT": "1GiB"}, "batch_limit: must be at least body_limit"),
        ({"HOOKLINE_PROXY_RESOLVES_NAMES": "1"}, "proxy_resolves_names: needs proxy"),
        ({"HOOKLINE_READ_TIMEOUT": "0"}, "more than 0s"),
        ({"HOOKLINE_ALLOW_NETWORKS": "10.0.0.1/8"}, "is not a list of networks"),
        ({"HOOKLINE_DATABASE": "mysql://x"}, "HOOKLINE_DATABASE: this is not sqlite:///PATH"),
        ({"HOOKLINE_CONFIG": "/absent.toml"}, "/absent.toml: No such file or directory"),
        ({"HOOKLINE_SECRET_KEY_FILE": "/absent"}, "HOOKLINE_SECRET_KEY_FILE: /absent: No such file"),
        ({"HOOKLINE_HOST_FILE": "/x"}, "HOOKLINE_HOST_FILE: no such setting"),
    ],
)
def test_settings_that_cannot_work_are_refused(environ: dict[str, str], told: str) -> None:
    assert told in refusal(environ)


def test_a_broken_file_is_told_with_its_line(tmp_path: Path) -> None:
    assert "line 2" in refusal({}, toml(tmp_path, "port = 1\nport = = 2\n"))


def test_what_kubernetes_sets_for_a_service_named_hookline_is_not_ours() -> None:
    links = {
        "HOOKLINE_PORT": "tcp://10.0.0.7:8080",
        "HOOKLINE_SERVICE_HOST": "10.0.0.7",
        "HOOKLINE_SERVICE_PORT_HTTP": "8080",
        "HOOKLINE_PORT_8080_TCP_ADDR": "10.0.0.7",
        "HOOKLINE_PORT_8080_TCP": "tcp://10.0.0.7:8080",
    }
    assert load(links) == Settings()


def test_no_secret_is_printed_by_repr_masked_or_an_error(tmp_path: Path) -> None:
    secrets = {
        "HOOKLINE_DATABASE": "postgresql://me:hunter2@db/x?sslpassword=hunter2&a=1",
        "HOOKLINE_PROXY": "http://me:hunter2@proxy:3128",
        "HOOKLINE_SECRET_KEY": f"{KEY},{OTHER}",
        "HOOKLINE_METRICS_TOKEN": "hunter2",
        "HOOKLINE_API_KEY": "hk_hunter2",
    }
    settings = load(secrets)
    shown = masked(settings)
    assert shown["database"] == "postgresql://me:***@db/x?sslpassword=***&a=1"
    assert shown["proxy"] == "http://me:***@proxy:3128"
    assert (shown["secret_key"], shown["metrics_token"], shown["url"]) == ("***", "***", "")
    told = refusal(dict.fromkeys(secrets, "hunter2") | {"HOOKLINE_ADMIN_PASSWORD": "hunter2"})
    for text in (repr(settings), str(shown), f"{settings.proxy}", told):
        assert "hunter2" not in text
        assert KEY not in text


@pytest.mark.parametrize("password", ["a/b", "a@b", "a:b", "a?b#c", "a@b/c@d"])
def test_a_password_without_percent_encoding_is_masked_too(password: str) -> None:
    assert masked_url(f"postgresql://me:{password}@host:5432/db") == "postgresql://me:***@host:5432/db"


@given(
    st.dictionaries(st.sampled_from([doc.variable for doc in describe()]), st.text(max_size=20), max_size=3)
)
def test_any_text_is_read_or_refused_and_never_crashes(environ: dict[str, str]) -> None:
    with suppress(ConfigurationError):
        load(environ)


AMOUNTS = st.from_regex(r"\A[0-9]{1,7}(\.[0-9]{1,3})?(ms|s|m|h|d|KiB|MB|)\Z")


@given(st.sampled_from([kind for kind in KINDS.values() if not kind.secret]), st.text(max_size=12) | AMOUNTS)
def test_what_is_shown_reads_back_as_the_same_value(kind: Kind, text: str) -> None:
    try:
        value = kind.read(text)
    except ValueError:
        return
    assert kind.read(kind.show(value)) == value


def test_an_empty_secret_is_false_and_equal_secrets_are_equal() -> None:
    assert not Secret("")
    assert Secret("a") == Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a")}) == 1
