"""Bodies that come compressed: one layer at most, bounded, and never before what was signed is known."""

import zlib

from hookline.receive.inbound import Inbound, Malformed

MAX_RATIO = 20
"""A body may become so many times as large, and never larger than the source allows."""
_WBITS = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}


_OF_ENCODED = frozenset({b"content-encoding", b"content-length"})


def encoding_of(inbound: Inbound) -> bytes:
    """Of the body; empty for none."""
    if b"content-encoding" not in inbound.by_name:
        return b""
    found = (inbound.by_name[b"content-encoding"] or b"several").strip().lower()
    return b"" if found == b"identity" else found


def plain_of(inbound: Inbound, limit: int) -> Inbound:
    """With what is in its body, where that is compressed; the headers that say otherwise go. Raises Malformed."""
    encoding = encoding_of(inbound)
    if not encoding:
        return inbound
    headers = [line for line in inbound.headers if line[0] not in _OF_ENCODED]
    body = decoded(inbound.body, encoding, limit)
    return Inbound(method=inbound.method, url=inbound.url, headers=headers, body=body)


def decoded(body: bytes, encoding: bytes, limit: int) -> bytes:
    """Raises Malformed for an encoding that is not known, for what is not in it, and for bombs."""
    wbits = _WBITS.get(encoding.strip().lower())
    if wbits is None:
        raise Malformed("the body is in an encoding that is not read here")
    most = min(limit, MAX_RATIO * len(body))
    reader = zlib.decompressobj(wbits)
    try:
        plain = reader.decompress(body, most + 1)
    except zlib.error:
        raise Malformed("the body is not in the encoding that it names") from None
    if len(plain) > most:
        raise Malformed("the body grows too much when it is decoded")
    if not reader.eof or reader.unused_data:
        raise Malformed("the body is cut short, or goes on behind its end")
    return plain
