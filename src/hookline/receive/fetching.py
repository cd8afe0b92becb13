"""Fetching: keys that a provider makes us get, and URLs that it makes us visit, through the one guarded door.

Host and path are held to the provider's file before any request is made: both come from a stranger's request.
"""

import re
from collections import OrderedDict
from collections.abc import Sequence

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding as Form
from cryptography.x509 import Certificate, load_pem_x509_certificates
from cryptography.x509.oid import NameOID

from hookline.clock import Clock, Micros
from hookline.errors import HooklineError, InvalidField, InvalidUrl, Unavailable
from hookline.model.json import parse_json
from hookline.model.provider import Algorithm, Fetch, KeyForm, Scheme
from hookline.net.client import Client, Request
from hookline.net.url import Url, parse_url
from hookline.receive.inbound import Absent, Malformed, look_up
from hookline.receive.keys import NamedKey, read_keys
from hookline.receive.view import View, compile_text, compile_tree, filled

KEPT = 3600.0
"""Seconds for which a key is not fetched again."""
ABSENT = 10.0
"""Seconds for which a key that was not to be had is not asked for again."""
MAX_KEPT = 1_000
TIMEOUT = 10.0
_PORT = 443


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A key to fetch for one request."""

    url: str
    rule: Fetch
    algorithm: Algorithm
    name: str
    """What it is kept under."""
    body: bytes = b""


class FetchRule:
    """A scheme's `fetch`, compiled."""

    def __init__(self, scheme: Scheme) -> None:
        assert scheme.fetch is not None
        self._rule = scheme.fetch
        self._algorithm = scheme.algorithm
        self._url = compile_text(scheme.fetch.url)
        self._name = compile_text(scheme.fetch.cache or scheme.fetch.url)
        self._body = None if scheme.fetch.body is None else compile_tree(scheme.fetch.body)

    def of(self, view: View) -> Wanted:
        """Raises Absent or Malformed."""
        return Wanted(
            url=self._url(view).decode("latin-1"),
            rule=self._rule,
            algorithm=self._algorithm,
            name=self._name(view).decode("latin-1"),
            body=b"" if self._body is None else msgspec.json.encode(filled(self._body, view)),
        )


class Fetcher:
    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str, bytes], tuple[float, Sequence[NamedKey]]] = OrderedDict()

    async def keys(self, tenant: str, wanted: Wanted) -> Sequence[NamedKey]:
        """Empty where there is none to be had: then the request is refused, and the provider comes again.

        Kept for each tenant: what one has fetched tells another nothing.
        """
        place = (tenant, wanted.name, wanted.body)
        known = self._kept.get(place)
        if known is not None and self._clock.monotonic() < known[0]:
            return known[1]
        try:
            found = await self._fetched(tenant, wanted)
        except (HooklineError, Absent, Malformed, ValueError):
            found = []
        life = KEPT if found else ABSENT
        self._kept[place] = (self._clock.monotonic() + life, found)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return found

    async def visit(self, tenant: str, text: str, host: str) -> None:
        """Raises Unavailable when it does not answer 2xx: whoever asked for it comes again."""
        exchange = await self._client.send(_request(tenant, _held(text, host, ".*")))
        if exchange.status is None or exchange.status // 100 != 2:  # noqa: PLR2004  of HTTP
            raise Unavailable(
                "The provider's URL could not be visited.", hint="The provider asks again by itself."
            )

    async def _fetched(self, tenant: str, wanted: Wanted) -> Sequence[NamedKey]:
        url = _held(wanted.url, wanted.rule.host, wanted.rule.path)
        exchange = await self._client.send(_request(tenant, url, wanted.body))
        if exchange.status != 200 or exchange.truncated:  # noqa: PLR2004  of HTTP
            raise Unavailable("The key could not be fetched.")
        text = _part(exchange.body, wanted.rule.key)
        if wanted.rule.form is KeyForm.CERTIFICATE:
            text = _leaf(text, wanted.rule.subject, self._clock.now())
        return read_keys(text, wanted.rule.form, wanted.algorithm)


def _held(text: str, host: str, path: str) -> Url:
    """Raises InvalidUrl for any but https, port 443, and the host and path that the provider's file names."""
    url = parse_url(text)
    target = url.target.partition("?")[0]
    fits = re.fullmatch(host, url.host) and re.fullmatch(path, target)
    if url.scheme != "https" or url.port != _PORT or not fits:
        raise InvalidUrl("The URL is not one of the provider's.")
    return url


def _request(tenant: str, url: Url, body: bytes = b"") -> Request:
    headers = (("Content-Type", "application/json"),) if body else ()
    method = "POST" if body else "GET"
    return Request(
        url=url, method=method, headers=headers, body=body, timeout=TIMEOUT, tenant=f"receive:{tenant}"
    )


def _part(body: bytes, path: str) -> str:
    if not path:
        return body.decode()
    return msgspec.json.encode(look_up(parse_json(body), path)).decode()


def _leaf(text: str, subject: str, now: Micros) -> str:
    """The first of a chain. Raises InvalidField unless it is the provider's and valid now."""
    certificate: Certificate = load_pem_x509_certificates(text.encode())[0]
    names = [str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    valid = (
        certificate.not_valid_before_utc.timestamp()
        <= now / 1e6
        <= certificate.not_valid_after_utc.timestamp()
    )
    if not valid or not names or not names[0].endswith(subject):
        raise InvalidField("The certificate is not one of the provider's, or not valid now.", field="secrets")
    return certificate.public_bytes(Form.PEM).decode()
