"""`hookline serve | api | worker`."""

from hookline.cli import starting
from hookline.cli.reach import Config


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
    return starting.serve(config)


def api(*, config: Config = None) -> int:
    """Run only the API. Other nodes deliver, so this needs PostgreSQL.

    For example:

        HOOKLINE_DATABASE=postgresql://hookline@db/hookline hookline api
    """
    return starting.api(config)


def worker(*, config: Config = None) -> int:
    """Run only delivery. Other nodes take events in, so this needs PostgreSQL.

    At HOOKLINE_HOST and HOOKLINE_PORT it answers /healthz, /readyz and /metrics, and nothing else.

    For example:

        HOOKLINE_DATABASE=postgresql://hookline@db/hookline hookline worker
    """
    return starting.worker(config)
