"""Posting one request to any URL, as it is: what a provider would do."""

import http.client
from urllib.parse import urlsplit

from hookline.cli.exits import Exit, Failed
from hookline.cli.raw_request import headers_of, target_of
from hookline.client.answers import Answer
from hookline.client.faults import Unreachable
from hookline.receive.inbound import Inbound

_TIMEOUT = 30.0


def post(url: str, inbound: Inbound) -> Answer:
    """`url`: where to; `inbound` knows another one, perhaps. Raises Failed, Unreachable."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Failed(
            f"{url!r:.200} is no URL to send to.", hint="Write it as https://host/path.", exit_code=Exit.USAGE
        )
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=_TIMEOUT)
    try:
        connection.putrequest(inbound.method, target_of(url), skip_accept_encoding=True)
        for name, value in headers_of(inbound):  # each as often as it is given
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(inbound.body)))
        connection.endheaders(inbound.body)
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(status=answer.status, headers=headers, body=answer.read())
    except (http.client.HTTPException, OSError) as error:
        raise Unreachable(url, error) from error
    finally:
        connection.close()
