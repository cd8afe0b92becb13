"""Which addresses and which names the operator's settings allow: pure answers, without DNS."""

from collections.abc import Collection, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from hookline.errors import ConfigurationError, InvalidUrl
from hookline.net.ranges import METADATA_NAMES, PRIVATE_SUFFIXES, RANGES
from hookline.net.url import parse_url

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = IPv6Network("64:ff9b::/96")


class _Row(NamedTuple):
    network: Network
    reason: str
    sealed: bool


class AddressPolicy:
    def __init__(self, *, allowed: Sequence[Network], own: Collection[Address], nat64: bool) -> None:
        """`nat64`: this host reaches IPv4 through DNS64, so that its prefix is judged by the IPv4 address inside."""
        self._allowed = tuple(allowed)
        self._nat64 = nat64
        rows = [_Row(ip_network(row.network), row.reason, row.sealed) for row in RANGES]
        rows += [_Row(ip_network(address), "an address of this machine", sealed=False) for address in own]
        self._rows = sorted(rows, key=lambda row: row.network.prefixlen, reverse=True)

    def passed(self, text: str, *, trusted: bool = False) -> str | None:
        """The address as it is to be dialled, which is what was judged; None if it is refused."""
        try:
            address = _unwrapped(ip_address(text))
        except ValueError:
            return None
        return None if self._refusal(address, trusted=trusted) else str(address)

    def refusal(self, text: str) -> str | None:
        """Why an address is refused, for the operator; None if it is allowed."""
        return self._refusal(_unwrapped(ip_address(text)), trusted=False)

    def _refusal(self, address: Address, *, trusted: bool) -> str | None:
        judged = self._translated(address)
        rows = [row for row in self._rows if judged in row.network]
        if not rows:
            return None
        allowed = [network for network in self._allowed if judged in network]
        seal = next((row for row in rows if row.sealed), None)
        if seal is not None:
            opened = any(network.prefixlen >= seal.network.prefixlen for network in allowed)
            return None if opened else seal.reason
        return None if allowed or trusted else rows[0].reason

    def _translated(self, address: Address) -> Address:
        if self._nat64 and isinstance(address, IPv6Address) and address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
        return address


class NamePolicy:
    def __init__(self, *, allowed: Sequence[str], own: Sequence[str], private_allowed: bool) -> None:
        """`allowed` holds names, addresses and `*.parent`. `private_allowed`: some network inside is allowed, so that
        private names may lead there, and what they resolve to decides.
        """
        self._allowed = frozenset(_pattern(name) for name in allowed)
        self._own = frozenset(_pattern(name) for name in own)
        self._private_allowed = private_allowed

    def trusts(self, host: str) -> bool:
        return host in self._allowed or any(f"*.{parent}" in self._allowed for parent in _parents(host))

    def refuses(self, name: str) -> bool:
        if self.trusts(name):
            return False
        if name in METADATA_NAMES or name in self._own:
            return True
        return not self._private_allowed and _is_private(name)


def _unwrapped(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_private(name: str) -> bool:
    return "." not in name or name in PRIVATE_SUFFIXES or any(p in PRIVATE_SUFFIXES for p in _parents(name))


def _parents(host: str) -> Iterator[str]:
    while "." in host:
        host = host.partition(".")[2]
        yield host


def _pattern(text: str) -> str:
    prefix = "*." if text.startswith("*.") else ""
    name = text.removeprefix("*.")
    try:
        return prefix + parse_url(f"https://[{name}]/" if ":" in name else f"https://{name}/").host
    except InvalidUrl as error:
        raise ConfigurationError(
            f"{text!r} is not a host that can be allowed",
            hint="Give a name, an address or *.example.internal",
        ) from error
