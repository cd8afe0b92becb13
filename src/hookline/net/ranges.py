"""The addresses, names and ports that nothing outside needs: our own table, because Python's changes with its patches.

Sources: IANA's special-purpose registries for IPv4 and IPv6 (RFC 6890 and its updates), its multicast registry, the
documents of the cloud vendors, and the "bad ports" of the Fetch standard.
"""

from typing import NamedTuple


class Range(NamedTuple):
    network: str
    reason: str
    sealed: bool = False
    """Opened only by an allowed network that is no wider than this one: `0.0.0.0/0` does not open metadata."""


RANGES: tuple[Range, ...] = (
    # IPv4
    Range("0.0.0.0/8", "this host on this network", sealed=True),
    Range("10.0.0.0/8", "private"),
    Range("100.64.0.0/10", "carrier-grade NAT"),
    Range("100.100.100.200/32", "metadata of Alibaba Cloud", sealed=True),
    Range("127.0.0.0/8", "loopback"),
    Range("168.63.129.16/32", "WireServer of Azure", sealed=True),
    Range("169.254.0.0/16", "link-local, metadata of most clouds", sealed=True),
    Range("169.254.0.23/32", "metadata of Tencent Cloud", sealed=True),
    Range("169.254.169.254/32", "metadata of most clouds", sealed=True),
    Range("169.254.170.2/32", "task credentials of AWS ECS", sealed=True),
    Range("169.254.170.23/32", "pod identity of AWS EKS", sealed=True),
    Range("172.16.0.0/12", "private"),
    Range("192.0.0.0/24", "IETF protocol assignments"),
    Range("192.0.0.192/32", "metadata of Oracle Cloud", sealed=True),
    Range("192.0.2.0/24", "documentation"),
    Range("192.31.196.0/24", "AS112 anycast"),
    Range("192.52.193.0/24", "AMT anycast"),
    Range("192.88.99.0/24", "6to4 relay anycast, deprecated"),
    Range("192.168.0.0/16", "private"),
    Range("192.175.48.0/24", "AS112 direct delegation"),
    Range("198.18.0.0/15", "benchmarking"),
    Range("198.51.100.0/24", "documentation"),
    Range("203.0.113.0/24", "documentation"),
    Range("224.0.0.0/4", "multicast", sealed=True),
    Range("240.0.0.0/4", "reserved"),
    Range("255.255.255.255/32", "broadcast", sealed=True),
    # IPv6: only 2000::/3 is given out as global unicast, so that all else is refused, known or not
    Range("::/3", "not global unicast"),
    Range("4000::/2", "not global unicast"),
    Range("8000::/1", "not global unicast"),
    Range("::/128", "unspecified", sealed=True),
    Range("::1/128", "loopback"),
    Range("::/96", "IPv4-compatible, deprecated"),
    Range("::ffff:0:0/96", "IPv4-mapped"),  # judged as IPv4; the row keeps the table whole
    Range("::ffff:0:0:0/96", "IPv4-translated"),
    Range("64:ff9b::/96", "NAT64"),
    Range("64:ff9b:1::/48", "NAT64 for local use"),
    Range("100::/64", "discard-only"),
    Range("100:0:0:1::/64", "dummy prefix"),
    Range("2001::/23", "IETF protocol assignments"),
    Range("2001::/32", "Teredo"),
    Range("2001:2::/48", "benchmarking"),
    Range("2001:db8::/32", "documentation"),
    Range("2002::/16", "6to4, deprecated"),
    Range("2620:4f:8000::/48", "AS112 direct delegation"),
    Range("3fff::/20", "documentation"),
    Range("5f00::/16", "segment routing"),
    Range("fc00::/7", "unique local"),
    Range("fd00:ec2::/64", "metadata of AWS", sealed=True),
    Range("fd20:ce::254/128", "metadata of Google Cloud", sealed=True),
    Range("fd00:c1::a9fe:a9fe/128", "metadata of Oracle Cloud", sealed=True),
    Range("fd00:42::42/128", "metadata of Scaleway", sealed=True),
    Range("fe80::/10", "link-local", sealed=True),
    Range("fec0::/10", "site-local, deprecated"),
    Range("ff00::/8", "multicast", sealed=True),
)

METADATA_NAMES = frozenset(
    {
        "instance-data",
        "instance-data.ec2.internal",
        "metadata",
        "metadata.azure.internal",
        "metadata.goog",
        "metadata.google.internal",
        "metadata.packet.net",
        "metadata.platformequinix.com",
        "metadata.tencentyun.com",
        "rancher-metadata",
    }
)
"""Refused whatever they resolve to."""

PRIVATE_SUFFIXES = frozenset({"home.arpa", "internal", "local", "localdomain", "localhost"})
"""Reserved for private use (RFC 6761, 6762, 8375, ICANN), so that no public receiver has such a name."""

BAD_PORTS = frozenset(
    (1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113,
     115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548,
     554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3306, 3659, 4045, 4190, 5060, 5061, 5432, 6000, 6379,
     6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 11211, 27017)
)  # fmt: skip
"""Ports of other protocols: the Fetch standard's list, and MySQL, PostgreSQL, Redis, memcached and MongoDB."""
