"""Mutations of real requests: bits, bytes, headers, encodings, sizes. Every choice comes from one seeded generator."""

import gzip
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

JUNK = (
    b"",
    b"\xff\xfe\x00",
    b"null",
    b"[" * 5_000,
    b'{"a":' * 3_000,
    b"9" * 6_000,
    b'{"id":{},"type":[],"event":1e999}',
    b"%00%ff=%zz&&&=",
    b'{"type":"url_verification","challenge":{"a":1}}',
    b"\xf0\x9f\x98\x80" * 50,
)
VALUES = (
    b"",
    b"=",
    b"t=,v1=",
    b"t=1,t=2,v1=a",
    b"v1," * 5_000,
    b"sha256=",
    b"Bearer a.b.c",
    b"Bearer " + b"e30." * 2_000,
    b"Basic ====",
    b"\xe9\xff",
    b"9" * 4_000,
    b"-1",
    b"2026-13-99T99:99:99Z",
)
NAMES = (
    b"content-encoding",
    b"content-type",
    b"x-hook-secret",
    b"webhook-signature",
    b"authorization",
    b"x-junk",
)
MAX_BODY = 8_000_000
ENCODINGS = (b"gzip", b"deflate", b"br", b"identity", b"gzip, gzip", b"")


class Wire(NamedTuple):
    """A request as it goes out, but for its length."""

    method: bytes
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


Mutation = Callable[[random.Random, Wire], Wire]


def mutated(choose: random.Random, wire: Wire) -> Wire:
    for _ in range(choose.choice((0, 1, 1, 2, 4))):
        wire = choose.choice(MUTATIONS)(choose, wire)
    return wire


def _flip(choose: random.Random, text: bytes) -> bytes:
    if not text:
        return b"\x01"
    at = choose.randrange(len(text))
    return text[:at] + bytes([text[at] ^ (1 << choose.randrange(8))]) + text[at + 1 :]


def flip_body(choose: random.Random, wire: Wire) -> Wire:
    return wire._replace(body=_flip(choose, wire.body))


def cut_body(choose: random.Random, wire: Wire) -> Wire:
    return wire._replace(body=wire.body[: choose.randrange(len(wire.body) + 1)])


def junk_body(choose: random.Random, wire: Wire) -> Wire:
    return wire._replace(body=choose.choice(JUNK))


def repeat_body(choose: random.Random, wire: Wire) -> Wire:
    """Four in a row would be gigabytes, which the sender alone takes a minute for: nothing is learned behind some megabytes."""
    return wire._replace(body=(wire.body * choose.choice((2, 50)))[:MAX_BODY])


def compressed(choose: random.Random, wire: Wire) -> Wire:
    body = gzip.compress(choose.choice((wire.body, b"0" * 3_000_000)))
    return wire._replace(
        body=choose.choice((body, body[:-3], wire.body)),
        headers=(*wire.headers, (b"content-encoding", choose.choice(ENCODINGS))),
    )


def odd_header(choose: random.Random, wire: Wire) -> Wire:
    names = [name for name, _ in wire.headers] + list(NAMES)
    line = choose.choice(names), _printable(choose.choice((*VALUES, *(value for _, value in wire.headers))))
    return wire._replace(headers=(*wire.headers, line))


def other_value(choose: random.Random, wire: Wire) -> Wire:
    if not wire.headers:
        return wire
    at = choose.randrange(len(wire.headers))
    name, value = wire.headers[at]
    new = choose.choice((_flip(choose, value), choose.choice(VALUES)))
    return wire._replace(headers=(*wire.headers[:at], (name, _printable(new)), *wire.headers[at + 1 :]))


def no_header(choose: random.Random, wire: Wire) -> Wire:
    gone = choose.randrange(len(wire.headers) + 1)
    return wire._replace(headers=tuple(line for at, line in enumerate(wire.headers) if at != gone))


def other_method(choose: random.Random, wire: Wire) -> Wire:
    return wire._replace(method=choose.choice((b"GET", b"HEAD", b"PUT", b"PATCH", b"DELETE", b"OPTIONS")))


def odd_query(choose: random.Random, wire: Wire) -> Wire:
    query = choose.choice(
        (b"challenge=%0d%0aX: y", b"a=1&a=2", b"%ff=%00", b"validationToken=%3Cb%3E", b"crc_token=")
    )
    return wire._replace(target=wire.target.partition(b"?")[0] + b"?" + query)


def _printable(value: bytes) -> bytes:
    """What HTTP lets through: the server's own guards against the rest have tests of their own."""
    return bytes(byte if byte >= 0x20 and byte != 0x7F else 0x2A for byte in value).strip()


MUTATIONS: Sequence[Mutation] = (
    flip_body,
    cut_body,
    junk_body,
    repeat_body,
    compressed,
    odd_header,
    other_value,
    no_header,
    other_method,
    odd_query,
)
