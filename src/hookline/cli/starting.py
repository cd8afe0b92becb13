"""Starting a gateway in a role: what `hookline serve | api | worker` do, whether the parser called them or not."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from hookline.app import Roles
from hookline.cli.exits import Exit, Failed
from hookline.cli.running import forever, gateway, run_until_stopped
from hookline.cli.settings import settings_of
from hookline.config import Settings
from hookline.declare.file import DeclaredFile

_DECLARED = frozenset({".yml", ".yaml"})


def serve(config: Path | None) -> int:
    if config is None or config.suffix not in _DECLARED:
        return _run(settings_of(config), Roles())
    return _run(settings_of(None), Roles(), DeclaredFile(config))


def api(config: Path | None) -> int:
    return _run(_shared(settings_of(config), "api"), Roles(worker=False))


def worker(config: Path | None) -> int:
    return _run(_shared(settings_of(config), "worker"), Roles(api=False))


ROLES: Mapping[str, Callable[[Path | None], int]] = MappingProxyType(
    {"serve": serve, "api": api, "worker": worker}
)


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
