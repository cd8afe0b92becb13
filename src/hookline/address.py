"""Address: where a gateway that listens on a host and a port is found from this machine."""

import ipaddress


def address_of(host: str, port: int) -> str:
    """The URL. Who listens on all of a machine's addresses is found on its own."""
    name = _reachable(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _reachable(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "::1" if isinstance(address, ipaddress.IPv6Address) else "127.0.0.1"
