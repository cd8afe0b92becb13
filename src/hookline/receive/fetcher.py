"""Fetcher: gets the keys that requests name, and visits the URLs that they ask for, through the one guarded door.

What is asked for comes from strangers: what they name is bounded for each tenant, and takes the place of nothing that
was found. A tenant's keys are its own: what one has fetched tells another nothing.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding as Form
from cryptography.x509 import Certificate, load_pem_x509_certificates
from cryptography.x509.oid import NameOID

from hookline.clock import Clock, Micros
from hookline.errors import InvalidField, InvalidJson, Unavailable
from hookline.model.attempt import Exchange
from hookline.model.json import parse_json
from hookline.model.provider import KeyForm
from hookline.net.client import Request
from hookline.net.url import Url
from hookline.receive.fetching import Wanted
from hookline.receive.inbound import Absent, Malformed, look_up
from hookline.receive.keys import NamedKey, read_keys

KEPT = 3600.0
"""Seconds for which a key is not fetched again."""
AGAIN = 60.0
"""Seconds after which it is, where a token names one that is not among those kept: providers change keys."""
ABSENT = 10.0
"""Seconds for which a key that the provider does not have is not asked for again."""
FAULT = 2.0
"""Seconds for which a provider that could not be reached is not asked again."""
MAX_FOUND, MAX_LOST, MAX_UNDER_WAY = 50, 50, 8
"""Of each tenant: keys kept, failures kept, fetches at once."""
MAX_TENANTS = 1_000
TIMEOUT = 10.0
_OK, _TOO_MANY, _FAULTS = 200, 429, 500


class KeyUnavailable(Exception):
    """The key could not be had just now: whether the request is genuine, nobody knows yet."""


class Sender(Protocol):
    """The part of a Client that is needed here."""

    async def send(self, request: Request) -> Exchange: ...


class _Found(NamedTuple):
    at: float
    keys: Sequence[NamedKey]


class _Lost(NamedTuple):
    until: float
    fault: bool
    """It could not be reached; else there is none."""


class _Shelf:
    """What is known, and asked for, of one tenant's keys."""

    def __init__(self) -> None:
        self.found: OrderedDict[bytes, _Found] = OrderedDict()
        self.lost: OrderedDict[bytes, _Lost] = OrderedDict()
        self.under_way: dict[bytes, asyncio.Task[Sequence[NamedKey]]] = {}


class Fetcher:
    def __init__(self, client: Sender, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._shelves: OrderedDict[str, _Shelf] = OrderedDict()

    async def keys(self, tenant: str, wanted: Wanted, max_age: float = KEPT) -> Sequence[NamedKey]:
        """Empty where the provider has none. Raises KeyUnavailable: then whoever sent the request must come again."""
        shelf, now = self._shelf(tenant), self._clock.monotonic()
        found, lost = shelf.found.get(wanted.name), shelf.lost.get(wanted.name)
        if found is not None and now - found.at < max_age:
            shelf.found.move_to_end(wanted.name)
            return found.keys
        if lost is None or now >= lost.until:
            return await self._shared(shelf, tenant, wanted)
        if lost.fault:
            raise KeyUnavailable
        return ()

    async def visit(self, tenant: str, url: Url) -> None:
        """Raises Unavailable when it does not answer 2xx: whoever asked for it comes again."""
        exchange = await self._client.send(_request(tenant, url))
        if exchange.status is None or exchange.status // 100 != 2:  # noqa: PLR2004  of HTTP
            raise Unavailable(
                "The provider's URL could not be visited.", hint="The provider asks again by itself."
            )

    def _shelf(self, tenant: str) -> _Shelf:
        shelf = self._shelves.setdefault(tenant, _Shelf())
        self._shelves.move_to_end(tenant)
        _cut(self._shelves, MAX_TENANTS)
        return shelf

    async def _shared(self, shelf: _Shelf, tenant: str, wanted: Wanted) -> Sequence[NamedKey]:
        """One fetch for all who ask at once; shielded, so that one who leaves takes nobody along."""
        task = shelf.under_way.get(wanted.name)
        if task is None:
            if len(shelf.under_way) >= MAX_UNDER_WAY:
                raise KeyUnavailable
            task = asyncio.get_running_loop().create_task(self._kept(shelf, tenant, wanted))
            shelf.under_way[wanted.name] = task
            task.add_done_callback(lambda done: _landed(shelf, wanted.name, done))
        return await asyncio.shield(task)

    async def _kept(self, shelf: _Shelf, tenant: str, wanted: Wanted) -> Sequence[NamedKey]:
        try:
            keys = await self._fetched(tenant, wanted)
        except KeyUnavailable:
            self._note_lost(shelf, wanted.name, FAULT, fault=True)
            raise
        except (InvalidField, InvalidJson, Absent, Malformed, ValueError):
            keys = ()
        if keys:
            shelf.found[wanted.name] = _Found(self._clock.monotonic(), keys)
            _cut(shelf.found, MAX_FOUND)
        else:
            self._note_lost(shelf, wanted.name, ABSENT, fault=False)
        return keys

    def _note_lost(self, shelf: _Shelf, name: bytes, seconds: float, *, fault: bool) -> None:
        shelf.lost[name] = _Lost(self._clock.monotonic() + seconds, fault)
        _cut(shelf.lost, MAX_LOST)

    async def _fetched(self, tenant: str, wanted: Wanted) -> Sequence[NamedKey]:
        """Raises KeyUnavailable, or what `_kept` takes for the absence of a key."""
        exchange = await self._client.send(_request(tenant, wanted.url, wanted.body))
        status = exchange.status
        if (
            status is None
            or status == _TOO_MANY
            or status >= _FAULTS
            or (status == _OK and exchange.truncated)
        ):
            raise KeyUnavailable
        if status != _OK:
            raise Absent("the key")
        text = _part(exchange.body, wanted.rule.key)
        if wanted.rule.form is KeyForm.CERTIFICATE:
            text = _leaf(text, wanted.rule.subject, self._clock.now())
        return read_keys(text, wanted.rule.form, wanted.algorithm)


def _landed(shelf: _Shelf, name: bytes, task: "asyncio.Task[Sequence[NamedKey]]") -> None:
    del shelf.under_way[name]
    if not task.cancelled():
        task.exception()  # those who waited have heard it, or have left


def _cut(
    shelf: "OrderedDict[bytes, _Found] | OrderedDict[bytes, _Lost] | OrderedDict[str, _Shelf]", most: int
) -> None:
    while len(shelf) > most:
        shelf.popitem(last=False)


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
