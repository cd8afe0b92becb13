"""Rules of a route: the scope that it asks for and the tenant that it is about. A route without a rule does not start."""

from enum import StrEnum
from typing import Any, TypeAlias, TypedDict, TypeVar, Unpack

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.exceptions import ImproperlyConfiguredException
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath, SkipValidation
from litestar.types import Guard

from hookline.api.auth import Auth, Caller
from hookline.api.body import convert_query
from hookline.api.lists import Paging
from hookline.api.parts import Parts
from hookline.api.reading import header_values
from hookline.errors import BadRequest
from hookline.model.api_key import Scope

T = TypeVar("T")
Query = TypeVar("Query", bound=msgspec.Struct)

PathText: TypeAlias = FromPath[str]
AnyRequest: TypeAlias = Request[Any, Any, Any]
Needs: TypeAlias = NamedDependency[SkipValidation[T]]
"""Given by Litestar as it is."""
NeedsParts: TypeAlias = Needs[Parts]
NeedsCaller: TypeAlias = Needs[Caller]
NeedsAuth: TypeAlias = Needs[Auth]
NeedsPaging: TypeAlias = Needs[Paging]
RULE = "hookline_rule"
_HEADERS = (b"authorization", b"hookline-tenant")


class Wall(StrEnum):
    """Whether a route is about one tenant."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    """An admin key that names no tenant means the admin keys themselves."""
    NONE = "none"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    scope: Scope | None
    """None: open to everybody."""
    wall: Wall = Wall.REQUIRED
    body: type[msgspec.Struct] | None = None
    """What the handler reads from the body, for the document."""
    optional: bool = False
    """The body may be left out."""
    query: type[msgspec.Struct] | None = None
    """The parameters that it takes; None: none."""
    conflicts: bool = False
    """It can answer 409."""
    also: int | None = None
    """Another status that it answers in the same form."""
    patch: bool = False
    """The body is a merge patch of `body`."""


class _More(TypedDict, total=False):
    body: type[msgspec.Struct]
    optional: bool
    query: type[msgspec.Struct]
    conflicts: bool
    also: int
    patch: bool


def rule(scope: Scope | None, wall: Wall = Wall.REQUIRED, **more: Unpack[_More]) -> dict[str, Rule]:
    """For a handler's `opt`."""
    return {RULE: Rule(scope=scope, wall=wall, **more)}


def rule_of(handler: BaseRouteHandler) -> Rule:
    found = handler.opt.get(RULE)
    if not isinstance(found, Rule):
        raise ImproperlyConfiguredException(f"the handler {handler.handler_name} has no rule")
    return found


def make_guard(auth: Auth) -> Guard:
    """Runs before anything of the body is read."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        if connection.scope.get("method") == "OPTIONS":  # Litestar's own answer: which methods there are
            return
        rule = rule_of(handler)
        if rule.scope is None:
            return
        authorization, tenant = header_values(dict(connection.scope), _HEADERS)
        if rule.wall is Wall.NONE:
            tenant = b""
        caller = await auth.caller(authorization, tenant, rule.scope)
        if rule.wall is Wall.REQUIRED:
            _ = caller.tenant  # raises when an admin key named none
        connection.scope["auth"] = caller
        read_query(connection, rule.query or _NoQuery)

    return guard


def caller_of(request: AnyRequest) -> Caller:
    """What the guard found."""
    caller = request.auth
    if not isinstance(caller, Caller):
        raise ImproperlyConfiguredException("a route that is open to everybody asks who calls")
    return caller


def query_of(request: AnyRequest) -> msgspec.Struct:
    """What the route's `rule(query=…)` asks for."""
    return read_query(request, rule_of(request.route_handler).query or _NoQuery)


def read_query(connection: ASGIConnection[Any, Any, Any, Any], kind: type[Query]) -> Query:
    """Unknown parameters, and those given twice, are refused: a filter that is not applied is worse than an error."""
    given: dict[str, str] = {}
    for name, value in connection.query_params.multi_items():
        if name in given or "\0" in value:
            raise BadRequest(f"The parameter {name[:64]!r} is given twice, or holds a NUL.", field=name[:64])
        given[name] = value
    return convert_query(given, kind)


class _NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass
