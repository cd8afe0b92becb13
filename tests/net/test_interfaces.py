"""What this machine answers to is known at start."""

import socket
from ipaddress import IPv4Address

from hookline.net.interfaces import own_addresses


def test_the_own_addresses_hold_loopback_and_the_one_that_requests_leave_from() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
            leaving = probe.getsockname()[0]
        except OSError:
            leaving = "127.0.0.1"
    assert {IPv4Address("127.0.0.1"), IPv4Address(leaving)} <= own_addresses()
