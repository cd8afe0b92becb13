"""Failures: what the sockets and TLS of the machine raise, as causes that a person can act on."""

import os
import ssl

from hookline.model.attempt import Cause

_EXPIRED = frozenset({9, 10})
"""OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID and _CERT_HAS_EXPIRED."""
_WRONG_NAME = frozenset({62, 63, 64})
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH, _EMAIL_MISMATCH, _IP_ADDRESS_MISMATCH."""


class SendError(Exception):
    """There will be no answer: `cause` and `detail` are what the exchange will tell."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail


def connecting(error: OSError) -> SendError:
    """Why there is no TCP connection."""
    if isinstance(error, ConnectionRefusedError):
        return SendError(Cause.CONNECT_REFUSED, "the connection was refused")
    if isinstance(error, TimeoutError):
        return SendError(Cause.CONNECT_FAILED, "the host did not answer the connection")
    return SendError(Cause.CONNECT_FAILED, f"no connection: {_reason(error)}")


def handshaking(error: OSError) -> SendError:
    """Why there is no TLS on the connection."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return SendError(
            _certificate(error.verify_code), f"the certificate was refused: {error.verify_message}"
        )
    if isinstance(error, ssl.SSLError):
        return SendError(Cause.TLS_FAILED, f"the TLS handshake failed: {_reason(error)}")
    return SendError(Cause.TLS_FAILED, f"the connection ended in the TLS handshake: {_reason(error)}")


def losing(error: Exception) -> tuple[Cause, str]:
    """Why an open connection was lost."""
    if isinstance(error, ssl.SSLEOFError):
        return Cause.CLOSED, "the connection was closed without TLS's farewell"
    if isinstance(error, ssl.SSLError):
        return Cause.TLS_FAILED, f"TLS failed ({_reason(error)})"
    return Cause.RESET, "the connection was reset"


def _certificate(code: int) -> Cause:
    if code in _EXPIRED:
        return Cause.CERTIFICATE_EXPIRED
    return Cause.CERTIFICATE_NAME if code in _WRONG_NAME else Cause.CERTIFICATE_UNTRUSTED


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "no reason given").lower().replace("_", " ")
    return os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
