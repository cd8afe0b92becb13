"""TLS as the client speaks it: 1.2 and newer, certificates verified, HTTP/1.1 only."""

import ssl
from functools import cache


def verifying_context(authorities: str = "") -> ssl.SSLContext:
    """Host names checked, and certificates by `authorities` (PEM) or, without any, by the machine's: reading those
    takes 20 ms. Fails closed: there is no switch that trusts everybody. Raises ssl.SSLError.
    """
    context = ssl.create_default_context(cadata=authorities or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


@cache
def shared_context() -> ssl.SSLContext:
    """By the machine's authorities, one for all clients of this process: nobody may change it. Cached for tests, where a
    process has hundreds of gateways and not one.
    """
    return verifying_context()
