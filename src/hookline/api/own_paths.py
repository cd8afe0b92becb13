"""Paths beside `/v1`: handlers of another part, and what comes before them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard

from hookline.api.auth import Auth
from hookline.api.parts import Parts
from hookline.api.reading import Scope


@dataclass(frozen=True, kw_only=True)
class OwnPaths:
    handlers: Sequence[HTTPRouteHandler]
    dependencies: Mapping[str, Callable[..., Any]]
    """What its handlers ask for beside those of `/v1`, by name."""
    guard: Callable[[Parts, Auth], Guard]
    """Made once; it runs after the guard of all routes, and says of its own routes who may."""
    plain: Callable[[Scope], Scope]
    """A request as its handlers know its path."""
