"""Limits: how much of a stranger's answer is read, and how many connections are kept."""

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    head_bytes: int = 65_536
    """Raw bytes of status lines and headers together, 1xx answers included."""
    headers: int = 256
    body_bytes: int = 65_536
    """Kept of a body; the connection is dropped when more comes."""
    framing: int = 8
    """Raw bytes of a body section, in multiples of `body_bytes`: bounds chunk extensions and trailers."""
    idle: int = 1_024
    """Idle connections in all."""
    idle_per_key: int = 512
    idle_seconds: float = 4.0
    """Less than the 5 s after which uvicorn, Node and others close: a request must not meet that close."""
