"""Every setting: name, type, default, one sentence. Read once, at start, from `HOOKLINE_*` and a TOML file; then frozen."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NoReturn, get_args

import msgspec

from hookline.errors import ConfigurationError
from hookline.setting_sources import PREFIX, Given, gather
from hookline.setting_types import (
    KIB,
    KINDS,
    MIB,
    DatabaseUrl,
    Kind,
    LogFormat,
    LogLevel,
    Names,
    Networks,
    ProxyUrl,
    Seconds,
    Secret,
    SecretKeys,
    Size,
)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    data_dir: Annotated[
        Path,
        msgspec.Meta(description="The folder of everything kept on this machine: SQLite and the secret key."),
    ] = Path("data")
    database: Annotated[
        DatabaseUrl,
        msgspec.Meta(description="Where events live; empty means SQLite in hookline.db of data_dir."),
    ] = DatabaseUrl(Secret(""))
    pool_size: Annotated[
        int,
        msgspec.Meta(
            ge=2,
            le=1000,
            description="Connections to PostgreSQL that one node keeps at most for events and deliveries; it has 6 more for the rest.",
        ),
    ] = 8

    host: Annotated[
        str, msgspec.Meta(description="The address to listen on; 0.0.0.0 or :: for all of this machine's.")
    ] = "127.0.0.1"
    port: Annotated[
        int, msgspec.Meta(ge=0, le=65_535, description="The TCP port to listen on; 0 takes a free one.")
    ] = 8080
    public_url: Annotated[
        str,
        msgspec.Meta(
            description="The URL under which others reach this gateway: those of sources begin so; refused as an endpoint. "
            "`hookline dev` takes its own address where it is empty, and does not refuse it."
        ),
    ] = ""
    trusted_proxies: Annotated[
        Networks,
        msgspec.Meta(description="Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."),
    ] = ()
    open_local_api: Annotated[
        bool,
        msgspec.Meta(
            description="Whether PBX's own paths are open without a key to programs on this machine, as the PBX's were."
        ),
    ] = False
    body_limit: Annotated[
        Size, msgspec.Meta(ge=KIB, description="The largest body of a published event or an inbound request.")
    ] = Size(MIB)
    batch_limit: Annotated[
        Size, msgspec.Meta(ge=KIB, description="The largest body of a published batch.")
    ] = Size(10 * MIB)
    batch_events: Annotated[
        int, msgspec.Meta(ge=1, le=100_000, description="How many events one published batch may hold.")
    ] = 1000
    header_limit: Annotated[
        Size, msgspec.Meta(ge=4 * KIB, description="The largest header section of a request to this gateway.")
    ] = Size(64 * KIB)
    read_timeout: Annotated[
        Seconds, msgspec.Meta(gt=0, description="How long a client may take to send its headers and body.")
    ] = Seconds(30)
    metrics_token: Annotated[
        Secret, msgspec.Meta(description="When set, /metrics asks for it as a bearer token.")
    ] = Secret("")

    secret_key: Annotated[
        SecretKeys,
        msgspec.Meta(
            description="The key that seals secrets at rest, then older ones that still open;"
            " empty means the file secret.key of data_dir."
        ),
    ] = SecretKeys(Secret(""))
    allow_http: Annotated[
        bool, msgspec.Meta(description="Whether endpoints may use http:// beside https://.")
    ] = False
    allow_networks: Annotated[
        Networks,
        msgspec.Meta(description="Private networks that endpoints may reach, as 10.0.0.0/8,127.0.0.0/8."),
    ] = ()
    allow_hosts: Annotated[
        Names,
        msgspec.Meta(description="Host names, or *.suffixes, that endpoints may reach at private addresses."),
    ] = ()
    nat64: Annotated[
        bool,
        msgspec.Meta(
            description="Whether this network uses NAT64: 64:ff9b::/96 is then judged by its IPv4 part."
        ),
    ] = False
    proxy: Annotated[
        ProxyUrl, msgspec.Meta(description="The HTTP CONNECT proxy that every outbound request takes.")
    ] = ProxyUrl(Secret(""))
    proxy_resolves_names: Annotated[
        bool,
        msgspec.Meta(
            description="Whether the proxy gets names, resolves and filters them; otherwise checked addresses."
        ),
    ] = False

    max_in_flight: Annotated[
        int, msgspec.Meta(ge=1, description="HTTP exchanges that one node holds at once.")
    ] = 1024
    max_in_hand: Annotated[
        int,
        msgspec.Meta(ge=1, description="Deliveries that one node holds in memory, sending or next to send."),
    ] = 2048
    lease: Annotated[
        Seconds, msgspec.Meta(ge=3, description="How long work belongs to a node that has gone silent.")
    ] = Seconds(15)
    heartbeat: Annotated[Seconds, msgspec.Meta(gt=0, description="How often a node renews its leases.")] = (
        Seconds(3)
    )
    poll_interval: Annotated[
        Seconds, msgspec.Meta(gt=0, description="How often an idle node looks for work that is due.")
    ] = Seconds(1)
    grace: Annotated[
        Seconds, msgspec.Meta(ge=0, description="How long a stopping node lets its exchanges finish.")
    ] = Seconds(25)
    backlog_limit: Annotated[
        int,
        msgspec.Meta(ge=0, description="Waiting deliveries beyond which publishing is refused; 0 for none."),
    ] = 5_000_000
    tenant_backlog_limit: Annotated[
        int, msgspec.Meta(ge=0, description="The same bound for one tenant alone; 0 for none.")
    ] = 2_000_000
    idempotency_days: Annotated[
        int, msgspec.Meta(ge=1, description="Days for which an idempotency key is remembered.")
    ] = 7
    retention_days: Annotated[
        int, msgspec.Meta(ge=0, description="Days for which finished events are kept; 0 for ever.")
    ] = 90
    restore_hold: Annotated[
        bool,
        msgspec.Meta(
            description="Start with every waiting delivery held: for a restored backup, so that nothing is resent."
        ),
    ] = False

    catalog: Annotated[
        Path | None,
        msgspec.Meta(
            description="A folder of your own providers, dialects and presets beside the built-in ones."
        ),
    ] = None
    node_name: Annotated[
        str, msgspec.Meta(description="A name of this node for people; empty means the host's name.")
    ] = ""
    log_level: Annotated[LogLevel, msgspec.Meta(description="The least severe log line to write.")] = (
        LogLevel.INFO
    )
    log_format: Annotated[
        LogFormat,
        msgspec.Meta(
            description="Lines for machines or for people; auto asks whether a terminal reads them."
        ),
    ] = LogFormat.AUTO
    url: Annotated[
        str,
        msgspec.Meta(
            description="Where the other commands find a running gateway; empty means host and port."
        ),
    ] = ""
    api_key: Annotated[
        Secret, msgspec.Meta(description="The API key that the other commands show to the gateway.")
    ] = Secret("")

    @property
    def database_url(self) -> str:
        return self.database.reveal() or f"sqlite:///{self.data_dir / 'hookline.db'}"

    @property
    def sqlite_file(self) -> Path | None:
        """The file when the database is SQLite, else None."""
        url = self.database_url
        return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None

    @property
    def key_file(self) -> Path:
        return self.data_dir / "secret.key"


class SettingDoc(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the page that lists every setting."""

    name: str
    variable: str
    kind: str
    default: str
    sentence: str
    secret: bool
    """Then `variable` + `_FILE` and `name` + `_file` name a file that holds the value."""


def load(environ: Mapping[str, str], file: Path | None = None) -> Settings:
    """Variables win over the file. Raises one ConfigurationError that lists everything that is wrong."""
    faults: list[str] = []
    secrets = {name: kind.secret for name, kind, _ in _settings()}
    given = gather(environ, file, secrets=secrets, faults=faults)
    values = {name: value for name, one in given.items() if (value := _value(name, one, faults)) is not None}
    settings = Settings(**values)
    faults.extend(_contradictions(settings))
    if faults:
        _refuse(faults)
    return settings


def describe() -> tuple[SettingDoc, ...]:
    blank = Settings()
    return tuple(
        SettingDoc(
            name=name,
            variable=PREFIX + name.upper(),
            kind=kind.words,
            default=_shown(kind, getattr(blank, name)),
            sentence=meta.description or "",
            secret=kind.secret,
        )
        for name, kind, meta in _settings()
    )


def masked(settings: Settings) -> dict[str, str]:
    """Every setting as text for people; of a secret, only what may be shown."""
    return {name: _shown(kind, getattr(settings, name)) for name, kind, _ in _settings()}


def _settings() -> Iterator[tuple[str, Kind, msgspec.Meta]]:
    for field in msgspec.structs.fields(Settings):
        hint, meta = get_args(field.type)
        yield field.name, KINDS[_base(hint)], meta


def _base(hint: Any) -> Any:
    """`Path | None` is read as a Path."""
    return Path if hint == Path | None else hint


def _shown(kind: Kind, value: Any) -> str:
    return "" if value is None else kind.show(value)


def _value(name: str, one: Given, faults: list[str]) -> Any:
    """None when it is not one, or out of bounds; then a fault tells."""
    kind, meta = next((kind, meta) for known, kind, meta in _settings() if known == name)
    try:
        value = kind.read(one.text)
    except ValueError:
        shown = "this" if kind.secret else repr(one.text)
        faults.append(f"{one.source}: {shown} is not {kind.words}")
        return None
    bound = _out_of_bounds(kind, meta, value)
    if bound:
        faults.append(f"{one.source}: {one.text} is out of bounds: {bound}")
    return None if bound else value


def _out_of_bounds(kind: Kind, meta: msgspec.Meta, value: Any) -> str:
    if meta.ge is not None and value < meta.ge:
        return f"at least {kind.show(meta.ge)}"
    if meta.gt is not None and value <= meta.gt:
        return f"more than {kind.show(meta.gt)}"
    if meta.le is not None and value > meta.le:
        return f"at most {kind.show(meta.le)}"
    return ""


def _contradictions(settings: Settings) -> Iterator[str]:
    if settings.lease < 3 * settings.heartbeat:
        yield "lease: must be at least three heartbeats, or one that is late loses its work"
    if settings.max_in_hand < settings.max_in_flight:
        yield "max_in_hand: must be at least max_in_flight"
    if settings.batch_limit < settings.body_limit:
        yield "batch_limit: must be at least body_limit"
    if settings.proxy_resolves_names and not settings.proxy:
        yield "proxy_resolves_names: needs proxy"


def _refuse(faults: list[str]) -> NoReturn:
    raise ConfigurationError(
        "; ".join(faults) if len(faults) == 1 else "\n".join(f"- {fault}" for fault in faults),
        hint="Mend these and start again. Every setting is listed in docs/reference/settings.md.",
    )
