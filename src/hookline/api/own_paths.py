"""Paths beside `/v1`: handlers of another part, and what comes before them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard

from hookline.api.auth import Auth
from hookline.api.parts import Parts
from hookline.api.reading import Scope

Inward: TypeAlias = Callable[[Scope], Awaitable[Scope | None]]


async def nowhere(_: Scope) -> Scope | None:
    """The `Inward` of a gateway without such paths."""
    return None


@dataclass(frozen=True, kw_only=True)
class OwnPaths:
    handlers: Sequence[HTTPRouteHandler]
    dependencies: Mapping[str, Callable[..., Any]]
    """What its handlers ask for beside those of `/v1`, by name."""
    guard: Callable[[Parts, Auth], Guard]
    """Made once; it runs after the guard of all routes, and says of its own routes who may."""
    inward: Callable[[Parts], Inward]
    """Made once: the request to a source that a request means which comes to no path of Hookline's own."""
    plain: Callable[[Scope], Scope]
    """A request as its handlers know its path."""
