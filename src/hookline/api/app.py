"""The API as one ASGI application: the two hot routes first, then Litestar with everything else."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeAlias, cast

from litestar import Litestar, Request, Response
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin

from hookline.api import (
    apply,
    deliveries,
    endpoints,
    event_types,
    events,
    health,
    keys,
    pages,
    presets,
    providers,
    receipts,
    records,
    secrets,
    sources,
    systems,
    templates,
    tenants,
)
from hookline.api.auth import Auth
from hookline.api.faults import Faults, Routes
from hookline.api.hot import HOT
from hookline.api.openapi import Json, build_document
from hookline.api.own_paths import OwnPaths, nowhere
from hookline.api.parts import Parts
from hookline.api.problem import NO_CONTENT, Answer
from hookline.api.publish import MANY, ONE, Publishing
from hookline.api.reading import ClientGone, Message, Receive, Scope, Send
from hookline.api.receive import PATH, Receiving
from hookline.api.rules import caller_of, make_guard, query_of
from hookline.emissions import RequestAnswered, Route, StatusClass
from hookline.errors import Unavailable

ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Hot: TypeAlias = Callable[[Scope, Receive], Awaitable[Answer]]

NOUNS = (
    events,
    deliveries,
    endpoints,
    secrets,
    event_types,
    records,
    sources,
    receipts,
    presets,
    templates,
    providers,
    systems,
    keys,
    tenants,
    apply,
    health,
    pages,
)
_IN = PATH.encode()
_AGAIN = "Publish again with the same idempotency key."
_CLASSES: tuple[StatusClass, ...] = ("2xx", "2xx", "2xx", "3xx", "4xx", "5xx")
_ROUTES = {"/healthz": Route.HEALTH, "/readyz": Route.HEALTH, "/metrics": Route.HEALTH}


def build_api(parts: Parts, own: OwnPaths | None = None) -> ASGIApp:
    """`own`: paths beside `/v1`."""
    return Api(parts, own)


def build_probes(parts: Parts) -> ASGIApp:
    """For a node that only delivers: the routes for machines that look after it, by the same handlers, and no others."""
    routes = Routes(
        _methods(health.HANDLERS),
        absent="This node only delivers: it answers /healthz, /readyz and /metrics, and nothing else.",
        hint="Ask a node that runs `hookline serve` or `hookline api`.",
    )
    auth = Auth(parts.store.keys, parts.store.tenants, parts.clock)
    return Calm(parts, auth, routes, health.HANDLERS)


class Calm:
    """Routes that Litestar serves; each answer is counted."""

    def __init__(
        self,
        parts: Parts,
        auth: Auth,
        routes: Routes,
        handlers: Sequence[HTTPRouteHandler],
        own: OwnPaths | None = None,
    ) -> None:
        self._telemetry = parts.telemetry
        self._routes = routes
        self.faults = Faults(parts, routes)
        self._plain = own.plain if own else (lambda scope: scope)
        litestar = build_litestar(parts, auth, self.faults, handlers, own)
        self._rest = cast("ASGIApp", litestar)  # its types name each message

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._rest(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        if "\0" in scope["path"]:
            await send_answer(watched, self.faults.answer(scope, self._routes.nothing()))
        else:
            await self._rest(self._plain(scope), _while_there(receive), watched)
        self.tell(_route(scope["path"]), status, started)

    def tell(self, route: Route, status: int, started: float) -> None:
        self._telemetry.emit(
            RequestAnswered(
                route=route, status=_CLASSES[status // 100], seconds=time.perf_counter() - started
            )
        )


def _while_there(receive: Receive) -> Receive:
    """Raises ClientGone where Litestar would raise an error of ours."""

    async def heard() -> Message:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        return message

    return heard


class Api:
    def __init__(self, parts: Parts, own: OwnPaths | None) -> None:
        auth = Auth(parts.store.keys, parts.store.tenants, parts.clock)
        self._publishing = Publishing(parts, auth)
        self._receiving = Receiving(parts)
        self._inward = own.inward(parts) if own else nowhere
        self._hot: dict[str, Hot] = {
            ONE.path: self._publishing.one,
            MANY.path: self._publishing.many,
        }
        self._targets = frozenset(path.encode() for path in self._hot)
        hot = [(path, "POST") for path in self._hot]
        handlers = [handler for noun in NOUNS for handler in noun.HANDLERS]
        routes = Routes([*hot, *_methods([*handlers, *(own.handlers if own else ())])])
        self._calm = Calm(parts, auth, routes, handlers, own)

    def is_hot(self, target: bytes) -> bool:
        """A target with escapes takes the long way, which reads them."""
        return target in self._targets or (target.startswith(_IN) and b"%" not in target)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._calm(scope, receive, send)
            return
        try:
            ours = scope if self._is_ours(scope) else await self._inward(scope)
        except Exception as error:  # noqa: BLE001  whatever it is, the caller gets an answer
            await send_answer(send, self._failed({**scope, "path": PATH}, error, time.perf_counter()))
            return
        if ours is None:
            await self._calm(scope, receive, send)
            return
        answer = await self.direct(ours, receive)
        if answer is not None:
            await send_answer(send, answer, head=scope["method"] == "HEAD")

    def begin(self, scope: Scope, body: bytes, done: Callable[[Answer], None]) -> bool:
        """The hottest routes without a task: True when `done` will be called with the answer, later than this call."""
        if scope["path"] == MANY.path:
            return False
        started = time.perf_counter()
        try:
            under_way = self._begun(scope, body)
        except Exception as error:  # noqa: BLE001  whatever it is, the caller gets an answer
            asyncio.get_running_loop().call_soon(done, self._failed(scope, error, started))
            return True
        if under_way is None:
            return False
        future, answer = under_way

        def committed(_: asyncio.Future[Any]) -> None:
            try:
                told = answer()
            except asyncio.CancelledError:  # the node stops
                told = self._failed(scope, Unavailable("The gateway is stopping.", hint=_AGAIN), started)
            except Exception as error:  # noqa: BLE001  whatever it is, the caller gets an answer
                told = self._failed(scope, error, started)
            else:
                self._calm.tell(_hot_route(scope), told.status, started)
            done(told)

        future.add_done_callback(committed)
        return True

    def _begun(self, scope: Scope, body: bytes) -> tuple[asyncio.Future[Any], Callable[[], Answer]] | None:
        if scope["path"] == ONE.path:
            published = self._publishing.at_once(scope, body)
            return published and (published[0], lambda: published[1](published[0].result()))
        received = self._receiving.at_once(scope, body)
        return received and (received[0].all, received[1])

    def _is_ours(self, scope: Scope) -> bool:
        path = scope["path"]
        return bool(path.startswith(PATH) or (scope["method"] == "POST" and path in self._hot))

    def _failed(self, scope: Scope, error: Exception, started: float) -> Answer:
        route = _hot_route(scope)
        shown = {**scope, "path": f"{PATH}…"} if route is Route.RECEIVE else scope  # who knows it, may knock
        answer = self._calm.faults.answer(shown, error)
        self._calm.tell(route, answer.status, started)
        return answer

    async def direct(self, scope: Scope, receive: Receive) -> Answer | None:
        """A hot route's answer, whatever happens; None when the client is gone. The server may ask for it without
        the rest of ASGI.
        """
        started = time.perf_counter()
        try:
            hot = self._hot.get(scope["path"], self._receiving.answer)
            answer = await hot(scope, receive)
        except ClientGone:
            return None
        except Exception as error:  # noqa: BLE001  whatever it is, the caller gets an answer
            return self._failed(scope, error, started)
        self._calm.tell(_hot_route(scope), answer.status, started)
        return answer


async def send_answer(send: Send, answer: Answer, *, head: bool = False) -> None:
    """`head`: a HEAD request, whose answer has no body."""
    empty = answer.status in NO_CONTENT
    length = () if empty else [(b"content-length", str(len(answer.body)).encode())]
    headers = [*answer.headers, *length]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head or empty else answer.body})


def _hot_route(scope: Scope) -> Route:
    return Route.RECEIVE if scope["path"].startswith(PATH) else Route.PUBLISH


class _Bare(Litestar):
    """Without plugins for libraries that nothing here uses: pydantic alone, which a dependency brings, takes 9 MB."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def build_litestar(
    parts: Parts,
    auth: Auth,
    faults: Faults,
    handlers: Sequence[HTTPRouteHandler],
    own: OwnPaths | None,
) -> Litestar:
    def failed(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        answer = faults.answer(dict(request.scope), error)
        headers = {name.decode(): value.decode() for name, value in answer.headers}
        media_type = headers.pop("content-type")
        return Response(answer.body, status_code=answer.status, headers=headers, media_type=media_type)

    document = Document()
    return _Bare(
        route_handlers=[*handlers, *(own.handlers if own else ())],
        dependencies={
            "parts": Provide(lambda: parts, sync_to_thread=False),
            "document": Provide(document.read),
            "auth": Provide(lambda: auth, sync_to_thread=False),
            "caller": Provide(caller_of, sync_to_thread=False),
            "asked": Provide(query_of, sync_to_thread=False),
            **{
                name: Provide(made, sync_to_thread=False)
                for name, made in (own.dependencies if own else {}).items()
            },
        },
        guards=[make_guard(auth), *([own.guard(parts, auth)] if own else ())],
        exception_handlers={Exception: failed, 404: failed, 405: failed},
        request_max_body_size=parts.settings.body_limit,
        openapi_config=None,
        logging_config=None,
    )


def _methods(handlers: Sequence[HTTPRouteHandler]) -> Iterator[tuple[str, str]]:
    for handler in handlers:
        yield from ((path, str(method)) for path in handler.paths for method in handler.http_methods)


class Document:
    """The OpenAPI document, made when somebody first asks for it."""

    def __init__(self) -> None:
        self._made: asyncio.Task[Json] | None = None

    async def read(self) -> Json:
        if self._made is None:  # in a thread: it takes a while, and deliveries go on meanwhile
            self._made = asyncio.create_task(asyncio.to_thread(build_document, NOUNS, HOT))
        return await asyncio.shield(self._made)


def _route(path: str) -> Route:
    if path in _ROUTES:
        return _ROUTES[path]
    if path.startswith("/v1/"):
        return Route.API
    return Route.PAGE if path.startswith(("/docs", "/openapi.json")) else Route.OTHER
