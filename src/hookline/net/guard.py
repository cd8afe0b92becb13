"""The SSRF guard: no request leaves for an address that the operator does not allow, checked at every dial."""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

from hookline.errors import InvalidUrl
from hookline.model.attempt import Cause
from hookline.net.dial import DialRefused
from hookline.net.dns import Resolver
from hookline.net.host import literal, refused
from hookline.net.policy import Address, AddressPolicy, NamePolicy, Network
from hookline.net.ranges import BAD_PORTS
from hookline.net.url import Url

REFUSED = "The address is not allowed"
"""One sentence for every blocked address and name: a tenant learns nothing about what is inside."""
_REMEMBERED = 4096


class _Standing(NamedTuple):
    """What is known of a host without DNS."""

    refused: bool
    trusted: bool
    """The operator allowed it by name: private answers pass, sealed ranges do not."""
    answers: tuple[str, ...] | None
    """The address itself, where the host is one."""
    passed: tuple[str, ...] = ()
    """The same as it is to be dialled, if it may be."""


class Guard:
    """Fails closed: what it does not understand is refused."""

    def __init__(
        self,
        *,
        resolver: Resolver,
        allow_networks: Sequence[Network] = (),
        allow_hosts: Sequence[str] = (),
        allow_http: bool = False,
        own_addresses: Collection[Address] = (),
        own_hosts: Sequence[str] = (),
        nat64: bool = False,
    ) -> None:
        """`allow_hosts` takes names, addresses and `*.parent`; `own_…` are this machine's addresses and public name."""
        self._resolver = resolver
        self._allow_http = allow_http
        self._addresses = AddressPolicy(allowed=allow_networks, own=own_addresses, nat64=nat64)
        self._names = NamePolicy(allowed=allow_hosts, own=own_hosts, private_allowed=bool(allow_networks))
        # Both depend on their arguments and the settings alone: what they remember never goes stale.
        self._standing = lru_cache(_REMEMBERED)(self._stand)
        self._passed = lru_cache(_REMEMBERED)(self._pass_all)

    def check(self, url: Url) -> None:
        """The part that needs no DNS. Raises InvalidUrl."""
        if url.scheme == "http" and not self._allow_http:
            raise refused(
                "Only https:// URLs are allowed", "Use https://, or ask the operator to allow http://"
            )
        if url.port in BAD_PORTS:
            raise refused(f"Port {url.port} belongs to another protocol than HTTP", "Use another port")
        standing = self._standing(url.host)
        if standing.refused or (standing.answers and not self._passed(standing)):
            raise _not_allowed()

    async def check_resolved(self, url: Url, deadline: float) -> None:
        """`check`, and every address that the name has now. One without any may get some: each dial looks again."""
        self.check(url)
        try:
            await self.addresses(url.host, url.port, deadline)
        except DialRefused as error:
            if error.cause is Cause.ADDRESS_REFUSED:
                raise _not_allowed() from None

    async def addresses(self, host: str, port: int, deadline: float) -> Sequence[str]:
        """The addresses to dial. One answer that is not allowed refuses the name: DialRefused."""
        standing = self._dialable(host, port)
        if standing.answers is None:
            standing = standing._replace(answers=tuple(await self._resolver.resolve(host, deadline)))
        return self._approved(standing)

    def cached(self, host: str, port: int) -> Sequence[str] | None:
        """As `addresses`, or None where that needs a look-up."""
        standing = self._dialable(host, port)
        if standing.passed:
            return standing.passed
        if standing.answers is None:
            known = self._resolver.cached(host)
            if known is None:
                return None
            standing = standing._replace(answers=tuple(known))
        return self._approved(standing)

    def reason(self, address: str) -> str | None:
        """Why an address is refused, for the operator's eyes alone; None if it is allowed."""
        return self._addresses.refusal(address)

    def _dialable(self, host: str, port: int) -> _Standing:
        standing = self._standing(host)
        if standing.refused or port in BAD_PORTS:
            raise DialRefused(Cause.ADDRESS_REFUSED, REFUSED)
        return standing

    def _approved(self, standing: _Standing) -> Sequence[str]:
        if not standing.answers:
            raise DialRefused(Cause.DNS_FAILED, "The host name has no address")
        passed = self._passed(standing)
        if not passed:
            raise DialRefused(Cause.ADDRESS_REFUSED, REFUSED)
        return passed

    def _stand(self, host: str) -> _Standing:
        address = literal(host)
        if address is not None:
            known = _Standing(refused=False, trusted=self._names.trusts(host), answers=(str(address),))
            return known._replace(passed=self._pass_all(known))
        return _Standing(refused=self._names.refuses(host), trusted=self._names.trusts(host), answers=None)

    def _pass_all(self, standing: _Standing) -> tuple[str, ...]:
        """All answers as they are to be dialled, or none of them."""
        answers = standing.answers or ()
        passed = [self._addresses.passed(answer, trusted=standing.trusted) for answer in answers]
        kept = tuple(address for address in passed if address is not None)
        return kept if len(kept) == len(answers) else ()


def _not_allowed() -> InvalidUrl:
    return refused(REFUSED, "Use an address on the public internet, or ask the operator to allow this one")
