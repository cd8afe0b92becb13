"""What the harness asks of its processes, and what they answer: one JSON line each way."""

import msgspec


class Order(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Something to do."""


class Closed(Order, frozen=True, kw_only=True, tag=True):
    """Publish over `connections`, each sending its next request when its last is answered, until the board says stop."""

    port: int
    request: bytes
    connections: int
    fan_out: int = 1
    """Deliveries that each accepted event makes."""
    bound: int = 0
    """Hold back while more deliveries than this are outstanding; 0: never."""
    bare: bool = False
    """The port is the receiver's own: answers hold no ids, each counts as one accepted."""
    mark: bytes = b""
    """Stands in the request for its number, in as many digits: so each is another one."""
    acknowledged: str = ""
    """The file to write acknowledged events to."""


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """One open loop: `rate` requests a second, whatever becomes of them; `requests` in turn."""

    rate: float
    requests: tuple[bytes, ...]
    after: float = 0.0
    """Seconds after the others at which it begins."""
    first_kind: int = 0
    """Events of `requests[n]` are of kind `first_kind + n` (see `Audit.paths`)."""


class Open(Order, frozen=True, kw_only=True, tag=True):
    """Publish at fixed rates for `seconds`."""

    port: int
    streams: tuple[Stream, ...]
    seconds: float
    acknowledged: str


class Loop(Order, frozen=True, kw_only=True, tag=True):
    """A ceiling: POST `body` to the receiver over `connections`, until the board says stop."""

    client: str
    """`aiohttp` or `own`."""
    port: int
    body: bytes
    connections: int


class Audit(Order, frozen=True, kw_only=True, tag=True):
    """Compare what was acknowledged with what arrived."""

    acknowledged: str
    paths: tuple[tuple[str, ...], ...]
    """For each kind of event, the endpoints that it must have reached."""
    since: int = 0
    """Latencies of events scheduled earlier (monotonic ns) are left out."""


class Forget(Order, frozen=True, kw_only=True, tag=True):
    """Arrivals of earlier rows do not matter any more."""


AnyOrder = Closed | Open | Loop | Audit | Forget


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """`refused` counts answers other than 2xx and connections that broke; `fault` tells the last of them."""

    accepted: int
    refused: int
    fault: str = ""
    late_p99_ms: float = 0.0
    """How long after its scheduled time a request left (open loop)."""
    began: int = 0
    """Monotonic ns."""


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    expected: int
    lost: int
    duplicated: int
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0


class Done(msgspec.Struct, frozen=True, kw_only=True):
    pass
