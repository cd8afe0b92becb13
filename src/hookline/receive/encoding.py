"""Bodies that come compressed: one layer at most, bounded, and never before what was signed is known."""

import zlib

from hookline.receive.inbound import Malformed

MAX_RATIO = 20
"""A body may become so many times as large, and never larger than the source allows."""
_WBITS = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}


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
