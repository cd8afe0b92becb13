"""Fetching: which key a request makes us get, as its provider's file says it.

Host and path are held to that file before anything is kept or asked for: both come from a stranger's request.
"""

import hashlib
import re

import msgspec

from hookline.errors import InvalidUrl
from hookline.model.provider import Algorithm, Fetch, Scheme
from hookline.net.url import Url, parse_url
from hookline.receive.inbound import Malformed
from hookline.receive.view import View, compile_text, compile_tree, filled

_PORT = 443
_MAX_URL = 2_000


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A key to fetch for one request."""

    url: Url
    rule: Fetch
    algorithm: Algorithm
    name: bytes
    """What it is kept under: 32 bytes, whatever the request says."""
    body: bytes = b""


class FetchRule:
    """A scheme's `fetch`, compiled."""

    def __init__(self, scheme: Scheme) -> None:
        assert scheme.fetch is not None
        self._rule = scheme.fetch
        self._algorithm = scheme.algorithm
        self._url = compile_text(scheme.fetch.url)
        self._body = None if scheme.fetch.body is None else compile_tree(scheme.fetch.body)

    def of(self, view: View) -> Wanted:
        """Raises Absent, or Malformed for a URL that is none of the provider's."""
        url = self._url(view)
        if len(url) > _MAX_URL:
            raise Malformed("the key's URL is too long")
        body = b"" if self._body is None else msgspec.json.encode(filled(self._body, view))
        return Wanted(
            url=held(url.decode("latin-1"), self._rule.host, self._rule.path),
            rule=self._rule,
            algorithm=self._algorithm,
            name=hashlib.sha256(url + b"\0" + body).digest(),
            body=body,
        )


def held(text: str, host: str, path: str) -> Url:
    """Raises Malformed for any but https, port 443, and the host and path that the provider's file names."""
    try:
        url = parse_url(text)
    except InvalidUrl as error:
        raise Malformed(error.detail) from None
    target = url.target.partition("?")[0]
    fits = re.fullmatch(host, url.host) and re.fullmatch(path, target)
    if url.scheme != "https" or url.port != _PORT or not fits:
        raise Malformed("the URL is not one of the provider's")
    return url
