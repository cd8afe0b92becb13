"""The addresses of this machine, so that the guard keeps tenants from what listens here on a public address."""

import fcntl
import socket
import struct
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

_SIOCGIFADDR = 0x8915
_INET6 = Path("/proc/net/if_inet6")


def own_addresses() -> frozenset[IPv4Address | IPv6Address]:
    """Read once at start, on Linux; empty where the system does not tell. Not behind NAT: name those in the settings."""
    return frozenset([*_ipv4(), *_ipv6()])


def _ipv4() -> list[IPv4Address]:
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                answer = fcntl.ioctl(probe, _SIOCGIFADDR, request)
            except OSError:  # an interface without an IPv4 address, or no Linux
                continue
            found.append(IPv4Address(answer[20:24]))
    return found


def _ipv6() -> list[IPv6Address]:
    try:
        lines = _INET6.read_text().splitlines()
    except OSError:
        return []
    return [IPv6Address(bytes.fromhex(line.split()[0])) for line in lines]


def addresses_by_name() -> list[IPv4Address | IPv6Address]:
    """The machine's addresses, as its own name resolves; private ones are refused anyway."""
    try:
        found = socket.getaddrinfo(socket.gethostname(), None)
    except OSError:
        return []
    return [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
