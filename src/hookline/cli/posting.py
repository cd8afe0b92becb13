"""Posting one request to any URL, as it is: what a provider would do."""

import http.client

from hookline.cli.exits import Failed
from hookline.cli.raw_request import headers_of, target_of
from hookline.client.answers import Answer
from hookline.net.url import parse_url
from hookline.receive.inbound import Inbound

_TIMEOUT = 30.0


def post(url: str, inbound: Inbound) -> Answer:
    """`url`: where to, checked; `inbound` knows another one, perhaps. Raises Failed where nobody answers."""
    to = parse_url(url)
    kind = http.client.HTTPSConnection if to.scheme == "https" else http.client.HTTPConnection
    connection = kind(to.host, to.port, timeout=_TIMEOUT)
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
        why = str(error) or type(error).__name__
        hint = "Is the program that receives there running, and is it the right URL?"
        raise Failed(f"Nobody answers at {url}: {why}.", hint=hint) from error
    finally:
        connection.close()
