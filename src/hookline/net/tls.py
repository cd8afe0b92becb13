"""TLS as the client speaks it: 1.2 and newer, certificates verified, HTTP/1.1 only."""

import ssl


def verifying_context() -> ssl.SSLContext:
    """The machine's authorities, host names checked. Fails closed: there is no switch that trusts everybody."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
