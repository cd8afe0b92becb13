"""Gateway: the shell of the SDK. It sends one request after the other over one connection of the standard library."""

import http.client
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Self
from urllib.parse import urlsplit

from hookline.client.answers import Answer, Page, read, read_page
from hookline.client.faults import Unreachable
from hookline.client.requests import Request

IDLE = 3.0
"""Seconds after which a kept connection is not trusted: Hookline closes it after five."""
TENANT_HEADER = "Hookline-Tenant"
_NO_HOST = "needs a host, as in https://hookline.example.com"


class Gateway:
    """Not for several threads at once."""

    def __init__(self, url: str, api_key: str = "", *, tenant: str = "", timeout: float = 30.0) -> None:
        """`tenant` is for admin keys; others belong to one. Raises ValueError for what is not an http(s) URL."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            raise ValueError("must begin with http:// or https://")
        if not parts.hostname:
            raise ValueError(_NO_HOST)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self.url = url.rstrip("/")
        self._base = parts.path.rstrip("/")
        self._connection = kind(parts.hostname, parts.port, timeout=timeout)
        self._headers = _headers(api_key, tenant)
        self._used = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def call(self, request: Request) -> Any:
        """What the API answers. Raises Problem, Unreachable."""
        return read(self.send(request))

    def page(self, request: Request) -> Page:
        return read_page(self.send(request))

    def pages(self, request: Request) -> Iterator[Page]:
        """The part of a list that `request` asks for, and all that follow."""
        page = self.page(request)
        yield page
        while page.next is not None:
            page = self.page(Request(method="GET", path=page.next))
            yield page

    def send(self, request: Request) -> Answer:
        """Raises Unreachable. A connection that was kept and has died meanwhile is dialled again, if that is safe."""
        if time.monotonic() - self._used > IDLE:
            self.close()
        kept = self._connection.sock is not None
        try:
            return self._exchange(request)
        except (http.client.HTTPException, OSError) as error:
            self.close()
            if not kept or isinstance(error, TimeoutError) or not request.repeatable:
                raise Unreachable(self.url, error) from error
        try:
            return self._exchange(request)
        except (http.client.HTTPException, OSError) as error:
            self.close()
            raise Unreachable(self.url, error) from error

    def _exchange(self, request: Request) -> Answer:
        headers = self._headers | dict(request.headers)
        if request.body:
            headers["Content-Type"] = "application/json"
        self._connection.request(request.method, self._base + request.path, request.body or None, headers)
        answer = self._connection.getresponse()
        self._used = time.monotonic()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(status=answer.status, headers=names, body=answer.read())


def _headers(api_key: str, tenant: str) -> dict[str, str]:
    headers = {"User-Agent": "hookline-client", "Accept": "application/json"}
    if api_key:
        headers["Authorization"] = f"Bearer {api_key}"
    if tenant:
        headers[TENANT_HEADER] = tenant
    with suppress(UnicodeEncodeError):
        "".join(headers.values()).encode("latin-1")
        return headers
    raise ValueError("the API key or the tenant holds letters that no header can carry")
