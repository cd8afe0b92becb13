"""Ports for programs that must be told theirs before they start."""

import socket


def free_port() -> int:
    """Nobody has it now; whoever comes first takes it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port
