"""`hookline serve | api | worker`."""

from hookline.app import Roles
from hookline.cli.exits import Exit, Failed
from hookline.cli.reach import Config, settings_of
from hookline.cli.running import forever, gateway, run_until_stopped
from hookline.config import Settings
from hookline.declare.file import DeclaredFile

_DECLARED = frozenset({".yml", ".yaml"})


def serve(*, config: Config = None) -> int:
    """Run everything in one process: API and delivery.

    SIGTERM or Ctrl-C stops it in order: requests under way are answered, exchanges finish or are handed over,
    within HOOKLINE_GRACE. A second one stops it at once; nothing acknowledged is lost by that either.

    For example:

        hookline keys create --admin      # once, before the first start
        hookline serve
        HOOKLINE_DATABASE=postgresql://hookline@db/hookline hookline serve --config hookline.toml
        hookline serve --config config.yml      # tenants, endpoints, sources; or a PBX's own file
    """
    if config is None or config.suffix not in _DECLARED:
        return _run(settings_of(config), Roles())
    return _run(settings_of(None), Roles(), DeclaredFile(config))


def api(*, config: Config = None) -> int:
    """Run only the API. Other nodes deliver, so this needs PostgreSQL.

    For example:

        HOOKLINE_DATABASE=postgresql://hookline@db/hookline hookline api
    """
    return _run(_shared(settings_of(config), "api"), Roles(worker=False))


def worker(*, config: Config = None) -> int:
    """Run only delivery. Other nodes take events in, so this needs PostgreSQL.

    At HOOKLINE_HOST and HOOKLINE_PORT it answers /healthz, /readyz and /metrics, and nothing else.

    For example:

        HOOKLINE_DATABASE=postgresql://hookline@db/hookline hookline worker
    """
    return _run(_shared(settings_of(config), "worker"), Roles(api=False))


def _run(settings: Settings, roles: Roles, declared: DeclaredFile | None = None) -> int:
    return run_until_stopped(_serve(settings, roles, declared))


async def _serve(settings: Settings, roles: Roles, declared: DeclaredFile | None) -> None:
    async with gateway(settings, roles, declared=declared):
        await forever()


def _shared(settings: Settings, role: str) -> Settings:
    if settings.sqlite_file is not None:
        raise Failed(
            f"`hookline {role}` is one of several processes; SQLite serves one.",
            hint="Use `hookline serve`, or set HOOKLINE_DATABASE to PostgreSQL.",
            exit_code=Exit.USAGE,
        )
    return settings
