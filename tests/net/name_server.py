"""A name server on loopback, UDP and TCP on one port, which answers, fails, lies or hangs as its zone says."""

import asyncio
import ipaddress
import struct
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

A, CNAME, AAAA = 1, 5, 28
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
UDP_LIMIT = 1232


@dataclass(frozen=True)
class Name:
    """What the server says of one name."""

    addresses: tuple[str, ...] = ()
    ttl: int = 300
    code: int = NOERROR
    alias_of: str = ""
    hangs: bool = False
    hangs_on: int = 0
    """A query type that never gets an answer."""


@dataclass
class NameServer:
    zone: dict[str, Name]
    asked: Counter[str] = field(default_factory=Counter)
    """Queries for A records, by name."""
    port: int = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def reply(self, query: bytes, limit: int) -> bytes | None:
        name, kind, question = _question(query)
        self.asked[name] += kind == A
        entry = self.zone.get(name, Name(code=NXDOMAIN))
        if entry.hangs or entry.hangs_on == kind:
            return None
        records = self._records(name, kind) if entry.code == NOERROR else []
        answer = _message(query, question, entry.code, records)
        return answer if len(answer) <= limit else _message(query, question, NOERROR, [], truncated=True)

    def _records(self, name: str, kind: int) -> list[bytes]:
        entry = self.zone[name]
        if entry.alias_of:
            alias = _record(name, CNAME, entry.ttl, _wire(entry.alias_of))
            return [alias, *self._records(entry.alias_of, kind)]
        parsed = [ipaddress.ip_address(text) for text in entry.addresses]
        wanted = [address for address in parsed if (address.version == 4) == (kind == A)]
        return [_record(name, kind, entry.ttl, address.packed) for address in wanted]


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server
        self.transport: asyncio.DatagramTransport | None = None

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._server.reply(data, UDP_LIMIT)
        if answer is not None and self.transport is not None:
            self.transport.sendto(answer, addr)


@asynccontextmanager
async def name_server(zone: dict[str, Name]) -> AsyncIterator[NameServer]:
    server = NameServer(zone)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while size := await reader.readexactly(2):
                answer = server.reply(await reader.readexactly(int.from_bytes(size, "big")), 65535)
                if answer is not None:
                    writer.write(len(answer).to_bytes(2, "big") + answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    tcp = await asyncio.start_server(serve, "127.0.0.1", 0)
    server.port = tcp.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    udp, protocol = await loop.create_datagram_endpoint(
        lambda: _Udp(server), local_addr=("127.0.0.1", server.port)
    )
    protocol.transport = udp
    try:
        yield server
    finally:
        udp.close()
        tcp.close()


def _question(query: bytes) -> tuple[str, int, bytes]:
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    kind = int.from_bytes(query[at + 1 : at + 3], "big")
    return ".".join(labels).lower(), kind, query[12 : at + 5]


def _message(
    query: bytes, question: bytes, code: int, records: list[bytes], *, truncated: bool = False
) -> bytes:
    flags = 0x8180 | code | (0x0200 if truncated else 0)
    return query[:2] + struct.pack("!HHHHH", flags, 1, len(records), 0, 0) + question + b"".join(records)


def _record(name: str, kind: int, ttl: int, data: bytes) -> bytes:
    return _wire(name) + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def _wire(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
