"""One run: a source of every provider, and mutated samples of all of them at all of them, over real HTTP."""

import asyncio
import ctypes
import gc
import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hookline.model.sample import Sample
from tests.api.conftest import make_keys
from tests.api.running import Running, serving, settings_for
from tests.catalog.provider_cases import PROVIDERS, all_samples, source_of
from tests.fuzz.mutate import Wire, mutated

PAGE_KB = 4
AT_ONCE = 8
LONG_LOG = 1024 * 1024
LARGE, TOO_LATE = 64 * 1024, -1
"""A body that is refused while it streams: whoever goes on writing may find the connection reset."""


class Told(NamedTuple):
    requests: int
    statuses: Counter[int]
    faults: Sequence[str]
    broken: int
    """Connections that ended without an answer, though the request was whole."""
    first_mb: float
    """Resident, once everything was used a little."""
    last_mb: float


async def fuzz(folder: Path, seed: int, seconds: float) -> Told:
    choose, statuses, broken = random.Random(seed), Counter[int](), 0
    async with serving(settings_for(folder)) as api:
        wires, faults = await _wires(api), list[str]()
        began, requests, first = time.monotonic(), 0, 0.0
        while time.monotonic() - began < seconds:
            some = [mutated(choose, _aimed(choose, wires)) for _ in range(AT_ONCE)]
            told = await asyncio.gather(*(_sent(api.port, wire) for wire in some))
            requests += len(told)
            statuses.update(told)
            broken += told.count(0)
            faults += _read_log(api)
            if not first and time.monotonic() - began > seconds / 3:
                first = _resident_mb()
        return Told(requests, statuses, faults + api.faults(), broken, first, _resident_mb())


def _read_log(api: Running) -> list[str]:
    """The faults in it, once it is long; then it begins anew: what grows shall be the gateway alone."""
    if api.log.tell() < LONG_LOG:
        return []
    faults = api.faults()
    api.log.seek(0)
    api.log.truncate()
    return faults


async def _wires(api: Running) -> list[tuple[str, Wire]]:
    """Every sample with the path of a source that it fits."""
    keys, found = await make_keys(api), []
    for name, sample in all_samples():
        rule = PROVIDERS[name].shown.handshakes.get(sample.rule.handshake)
        if rule is not None and rule.visit is not None:
            continue  # a URL of the provider's that nobody serves here: 503, so that it comes again
        given = {
            **source_of(name, sample),
            "verification": "required" if sample.secrets else "optional",
            "tolerance": 0,
            "body_limit": 200_000,
        }
        told = await api.call("POST", "/v1/sources", keys["manage"], json=given)
        assert told.status == 201, (name, sample.name, told.body)
        path = told.json["receive_url"]
        found.append((path, _wire(path, sample)))
    return found


def _wire(path: str, sample: Sample) -> Wire:
    query = sample.url.partition("?")[2]
    headers = tuple(
        (name.lower().encode(), value.encode("latin-1"))
        for name, value in sample.headers
        if name.lower() not in {"host", "content-length", "connection"}
    )
    target = f"{path}?{query}" if query else path
    return Wire(sample.method.encode(), target.encode("latin-1"), headers, sample.body)


def _aimed(choose: random.Random, wires: Sequence[tuple[str, Wire]]) -> Wire:
    """Mostly at its own source, now and then at another's, or at nobody's."""
    _, wire = choose.choice(wires)
    other = choose.choice(("", "", "", choose.choice(wires)[0], "/in/in_nobody"))
    if not other:
        return wire
    query = wire.target.partition(b"?")[1:]
    return wire._replace(target=other.encode() + b"".join(query))


async def _sent(port: int, wire: Wire) -> int:
    """The status; 0 when the connection ended without one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = [b"%b %b HTTP/1.1" % (wire.method, wire.target), b"host: x", b"connection: close"]
        head += [name + b": " + value for name, value in wire.headers]
        head.append(b"content-length: %d" % len(wire.body))
        writer.write(b"\r\n".join(head) + b"\r\n\r\n" + wire.body)
        await writer.drain()
        line = await asyncio.wait_for(reader.readline(), 30)
        await reader.read()
        return int(line.split(b" ")[1]) if line.startswith(b"HTTP/1.1 ") else 0
    except ConnectionError:
        return TOO_LATE if len(wire.body) > LARGE else 0
    finally:
        writer.close()


def _resident_mb() -> float:
    """Of what is kept: what the allocator holds for the next large body, it gives back first."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc
    if trim is not None:
        trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_KB / 1024
