"""Health, readiness and metrics, for the machines that look after this one."""

import secrets

import msgspec
from litestar import Response, get

from hookline import __version__
from hookline.api.reading import header_values
from hookline.api.rules import AnyRequest, NeedsParts, rule
from hookline.errors import HooklineError, Unauthorized

PROMETHEUS = "text/plain; version=0.0.4"


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The process answers."""

    status: str
    version: str


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether this node should get requests."""

    ready: bool
    database: str
    """`ok`, or why not."""
    node: str
    """`ok`, or why not."""
    backlog_age_seconds: float
    """How long the first waiting delivery is overdue. It does not make the node unready: publishing still works."""


@get("/healthz", opt=rule(None))
async def healthz() -> Health:
    """Whether the process answers at all."""
    return Health(status="ok", version=__version__)


@get("/readyz", opt=rule(None, also=503))
async def readyz(parts: NeedsParts) -> Response[Readiness]:
    """Whether the database answers and the node works: 200, or 503."""
    try:
        await parts.store.database.ping()
        database = "ok"
    except HooklineError as error:
        database = error.title
    works, why = parts.started_node.healthy()
    ready = works and database == "ok"
    told = Readiness(
        ready=ready,
        database=database,
        node="ok" if works else why,
        backlog_age_seconds=round(parts.shedder.oldest_seconds, 3),
    )
    return Response(told, status_code=200 if ready else 503)


@get("/metrics", opt=rule(None))
async def metrics(request: AnyRequest, parts: NeedsParts) -> Response[bytes]:
    """Prometheus metrics. They name no tenant. The setting `metrics_token`, when set, must come as bearer token."""
    token = parts.settings.metrics_token.reveal()
    if token:
        _check_token(request, token)
    return Response(parts.telemetry.render_metrics(), media_type=PROMETHEUS)


def _check_token(request: AnyRequest, token: str) -> None:
    (given,) = header_values(dict(request.scope), (b"authorization",))
    scheme, _, value = given.partition(b" ")
    if scheme.lower() != b"bearer" or not secrets.compare_digest(value, token.encode()):
        raise Unauthorized("The metrics need their token.", hint="Send it as bearer token.")


HANDLERS = (healthz, readyz, metrics)
