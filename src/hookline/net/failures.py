"""Failures: what the sockets and TLS of the machine raise, as causes that a person can act on."""

import os
import ssl

from hookline.model.attempt import Cause

_EXPIRED = frozenset({9, 10})
"""OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID and _CERT_HAS_EXPIRED."""
_WRONG_NAME = frozenset({62, 63, 64})
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH, _EMAIL_MISMATCH, _IP_ADDRESS_MISMATCH."""

_OUR_CERTIFICATE = {
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the receiver wants a client certificate",
    "TLSV1_ALERT_UNKNOWN_CA": "the receiver does not know the authority of our client certificate",
    "TLSV1_ALERT_ACCESS_DENIED": "the receiver does not let our client certificate in",
    "SSLV3_ALERT_BAD_CERTIFICATE": "the receiver refused our client certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "our client certificate has expired",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "our client certificate was revoked",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the receiver refused our client certificate",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "the receiver does not take client certificates of this kind",
}
"""A server's alerts (RFC 8446, 6.2) that can mean nothing else, by OpenSSL's names for them."""


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
    return SendError(Cause.CONNECT_FAILED, f"no connection: {reason_of(error)}")


def handshaking(error: OSError) -> SendError:
    """Why there is no TLS on the connection."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return SendError(
            _certificate(error.verify_code), f"the certificate was refused: {error.verify_message}"
        )
    if alert := _alert(error):
        return SendError(Cause.CLIENT_CERTIFICATE, alert)
    if isinstance(error, ssl.SSLError):
        return SendError(Cause.TLS_FAILED, f"the TLS handshake failed: {reason_of(error)}")
    return SendError(Cause.TLS_FAILED, f"the connection ended in the TLS handshake: {reason_of(error)}")


def losing(error: Exception) -> tuple[Cause, str]:
    """Why an open connection was lost."""
    if isinstance(error, ssl.SSLEOFError):
        return Cause.CLOSED, "the connection was closed without TLS's farewell"
    if alert := _alert(error):  # TLS 1.3 tells it after the handshake
        return Cause.CLIENT_CERTIFICATE, alert
    if isinstance(error, ssl.SSLError):
        return Cause.TLS_FAILED, f"TLS failed ({reason_of(error)})"
    return Cause.RESET, "the connection was reset"


def reason_of(error: OSError) -> str:
    """What OpenSSL or the machine calls it."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "no reason given").lower().replace("_", " ")
    return os.strerror(error.errno) if error.errno else str(error) or type(error).__name__


def _certificate(code: int) -> Cause:
    if code in _EXPIRED:
        return Cause.CERTIFICATE_EXPIRED
    return Cause.CERTIFICATE_NAME if code in _WRONG_NAME else Cause.CERTIFICATE_UNTRUSTED


def _alert(error: Exception) -> str:
    """What the receiver says of our certificate, if it does."""
    return _OUR_CERTIFICATE.get(error.reason or "", "") if isinstance(error, ssl.SSLError) else ""
