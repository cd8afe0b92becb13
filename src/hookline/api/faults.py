"""Exceptions as answers: ours, Litestar's, and the ones that nobody expected."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from ipaddress import ip_address

from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
)
from litestar.exceptions.http_exceptions import RequestEntityTooLarge

from hookline.api.parts import Parts
from hookline.api.problem import Answer, answer_of, internal_problem, problem_answer
from hookline.api.reading import ClientGone, Scope, too_large
from hookline.emissions import RequestRefused
from hookline.errors import BadRequest, HooklineError, MethodNotAllowed, NotFound

ABSENT = "There is nothing at this path."


class Routes:
    """Which methods a path takes, and what is said of all other paths."""

    def __init__(
        self,
        methods: Iterable[tuple[str, str]],
        *,
        absent: str = ABSENT,
        hint: str = "See /docs for what there is.",
    ) -> None:
        """Pairs of a path, with its places as `{name:str}`, and a method."""
        self._routes = [(path.split("/"), method) for path, method in methods]
        self._absent = absent
        self._hint = hint

    def nothing(self) -> NotFound:
        return NotFound(self._absent, hint=self._hint)

    def methods(self, path: str) -> str:
        steps = path.rstrip("/").split("/")
        found = {method for route, method in self._routes if _fits(route, steps)}
        return ", ".join(sorted({*found, "OPTIONS"}))


def _fits(route: Sequence[str], steps: Sequence[str]) -> bool:
    if len(route) != len(steps):
        return False
    return all(one == step or one.startswith("{") for one, step in zip(route, steps, strict=True))


class Faults:
    def __init__(self, parts: Parts, routes: Routes) -> None:
        self._routes = routes
        self._telemetry = parts.telemetry
        self._ids = parts.ids
        self._limit = parts.settings.body_limit

    def answer(self, scope: Scope, error: Exception) -> Answer:
        """Tells the log too: by its code where we know the error, with its trace where we do not."""
        known = self._known(scope, error)
        if known is None or known.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            return self._unexpected(scope, error)
        answer = problem_answer(known)
        if known.status == MethodNotAllowed.status:
            answer.headers.append((b"allow", self._routes.methods(scope["path"]).encode()))
        self._tell(scope, answer.status, known.code)
        return answer

    def _known(self, scope: Scope, error: Exception) -> HooklineError | None:
        if isinstance(error, HooklineError):
            return error
        if isinstance(error, RequestEntityTooLarge):
            return too_large(self._limit)
        if isinstance(error, ClientGone):  # nobody reads the answer; the log does
            return BadRequest("The client closed the connection before its request was whole.")
        return self._routing(scope["method"], error) if isinstance(error, HTTPException) else None

    def _routing(self, method: str, error: HTTPException) -> HooklineError | None:
        """Bodies and parameters are read by us: what is left is where a request goes."""
        match error:
            case NotFoundException():
                return self._routes.nothing()
            case MethodNotAllowedException():
                return MethodNotAllowed(
                    f"This path does not take {method}.", hint="The header `Allow` lists what it takes."
                )
            case HTTPException() if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
                return BadRequest(error.detail)
        return None

    def _unexpected(self, scope: Scope, error: Exception) -> Answer:
        problem = internal_problem(self._ids)
        self._telemetry.fault(f"{scope['method']} {scope['path']} ({problem.id})", error)
        self._tell(scope, problem.status, problem.code)
        return answer_of(problem)

    def _tell(self, scope: Scope, status: int, code: str) -> None:
        caller = scope.get("auth")
        tenant = getattr(caller, "tenant_id", None) or ""
        self._telemetry.emit(
            RequestRefused(
                tenant_id=tenant,
                method=scope["method"],
                path=scope["path"],
                status=status,
                code=code,
                remote=_remote(scope),
            )
        )


def _remote(scope: Scope) -> str:
    """An address or nothing: a proxy that does not look may pass on whatever a caller wrote into X-Forwarded-For."""
    host = (scope.get("client") or ("",))[0]
    try:
        return str(ip_address(host))
    except ValueError:
        return ""
