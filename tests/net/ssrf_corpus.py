"""URLs and what must become of each on its whole way: our own, and a larger corpus where one lies beside the checkout."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Literal

import msgspec

from hookline.model.attempt import Cause
from tests.net.ssrf_cases import ALLOWED, BLOCKED, PUBLIC, Case

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "data" / "ssrf-corpus.json"
OTHER_PUBLIC = "1.1.1.1"
REFUSED, CREATED, DELIVERED, REDIRECTED = "refused", "created", "200", "302"


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: str
    must: Literal["block", "allow"]
    why: str
    dns: tuple[tuple[str, ...], ...] = ((PUBLIC,),)
    """Answers of the first, second … look-up. Without any of its own a name is public: nothing is refused only because
    it does not resolve."""
    redirect: str | None = None
    """The Location that the receiver answers with. Never followed, so that such an entry is created and reached."""

    @property
    def lookups(self) -> tuple[tuple[str, ...], ...]:
        """One for the creation and one for each dial; a name that only has one answer keeps it."""
        return self.dns if len(self.dns) > 1 else self.dns * 2

    @property
    def refused_by_its_text(self) -> bool:
        """No answer is to blame."""
        return self.must == "block" and self.redirect is None and all(map(_public, self.dns))

    def steps(self) -> list[str]:
        """What has to happen when it is created, then sent to until the answers run out."""
        first, *later = self.lookups
        if self.refused_by_its_text or any(map(is_forbidden, first)):
            return [REFUSED]
        return [CREATED, *map(self._exchange, later)]

    def steps_without_creation(self) -> list[str]:
        """What has to happen when it is sent to at each of its answers, and nobody looked before."""
        if self.refused_by_its_text:
            return [Cause.ADDRESS_REFUSED.value] * len(self.lookups)
        return [self._exchange(answer) for answer in self.lookups]

    def _exchange(self, answer: Sequence[str]) -> str:
        if not answer:
            return Cause.DNS_FAILED.value
        if not _public(answer):
            return Cause.ADDRESS_REFUSED.value
        return DELIVERED if self.redirect is None else REDIRECTED


def is_forbidden(text: str) -> bool:
    """A second opinion, made from the standard library and not from our table of ranges."""
    try:
        address = ip_address(text)
    except ValueError:
        return True
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    looks_public = any(address in network for network in _LOOKS_PUBLIC)
    return looks_public or not address.is_global or address.is_multicast or not _given_out(address)


def entries() -> tuple[Entry, ...]:
    """Read anew: ours always, the corpus where it is."""
    shared = msgspec.json.decode(CORPUS.read_bytes(), type=tuple[Entry, ...]) if CORPUS.exists() else ()
    return OWN + shared


_LOOKS_PUBLIC = tuple(
    map(
        ip_network,
        ("168.63.129.16/32", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24", "2001::/23",
         "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
    )
)  # fmt: skip
"""What `ipaddress` calls global, in some of its versions, and no receiver has."""


def _given_out(address: IPv4Address | IPv6Address) -> bool:
    return address.version == 4 or address in ip_network("2000::/3")


def _public(answer: Sequence[str]) -> bool:
    return bool(answer) and not any(map(is_forbidden, answer))


def _own(case: Case, must: Literal["block", "allow"]) -> Entry:
    return Entry(url=case.url, must=must, why=case.why, dns=case.dns)


def _turning(why: str, *answers: Sequence[str], url: str = "https://turn.example/hook") -> Entry:
    return Entry(url=url, must="block", why=why, dns=tuple(map(tuple, answers)))


def _redirecting(location: str) -> Entry:
    url = "https://moved.example/hook"
    return Entry(url=url, must="block", why=f"redirect to {location or 'nowhere'}", redirect=location)


OWN: tuple[Entry, ...] = (
    *(_own(case, "block") for case in BLOCKED),
    *(_own(case, "allow") for case in ALLOWED),
    _turning("public when created, loopback at the dial", [PUBLIC], ["127.0.0.1"]),
    _turning("a connection is open when the name turns", [PUBLIC], [PUBLIC], ["10.0.0.8"], [PUBLIC]),
    _turning("turns to metadata over plain http", [PUBLIC], ["169.254.169.254"], url="http://turn.example/"),
    _turning("turns among public answers", [PUBLIC], [OTHER_PUBLIC, PUBLIC, "192.168.7.7"]),
    _turning("turns to IPv6", [PUBLIC], [PUBLIC, "fd00::1"], ["::1"], ["::ffff:127.0.0.1"]),
    _turning("nothing at first, then private", [], ["172.16.3.4"]),
    _turning("disappears, then comes back inside", [PUBLIC], [], ["100.64.0.9"]),
    Entry(
        url="https://moving.example/hook",
        must="allow",
        why="moves from one public address to another",
        dns=((PUBLIC,), (PUBLIC,), (OTHER_PUBLIC,), ("2606:4700::1",)),
    ),
    *map(
        _redirecting,
        (
            "http://127.0.0.1/",
            "https://[::1]:8443/",
            "http://169.254.169.254/latest/meta-data/",
            "//metadata.google.internal/",
            "/elsewhere",
            "https://moved.example/hook",
            "https://public.example/",
            "file:///etc/passwd",
            "gopher://10.0.0.1:6379/_INFO",
            "",
        ),
    ),
)
