"""Log lines: an emission as JSON for machines or as one sentence for people. No field can forge a second line."""

import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from hookline.clock import SECOND, Clock
from hookline.emission import Emission

_ENCODER = msgspec.json.Encoder()


class MachineLines:
    """A structlog processor. One JSON object a line: `time` (UTC), `level`, `what`, then the emission's fields."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._second = -1
        self._stamp = b""

    def __call__(self, _logger: object, level: str, event: Mapping[str, Any]) -> bytes:
        """Of all emissions at once: what begins each line is put in by one replacement, since a line end stands nowhere
        in JSON but between lines. They have the time of this call, the end of the turn in which they were told.
        """
        now = self._clock.now()
        if now // SECOND != self._second:
            self._turn(now // SECOND)
        begins = b'\n%s%03dZ","level":"%s",' % (self._stamp, now // 1000 % 1000, level.encode())
        return (b"\n" + _json(event["event"])).replace(b"\n{", begins)[1:]

    def _turn(self, second: int) -> None:
        self._stamp = f'{{"time":"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}.'.encode()
        self._second = second


class PeopleLines:
    """A structlog processor: `2025-12-07 12:00:00 - INFO - sentence`, in the machine's time zone; a trace is indented."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self, _logger: object, level: str, event: Mapping[str, Any]) -> bytes:
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self._clock.now() // SECOND))
        lines: list[str] = []
        for emission in event["event"]:
            lines.append(f"{moment} - {level.upper()} - {printable(emission.sentence())}\n")
            lines += [f"    | {printable(line)}\n" for line in emission.trace_text().splitlines()]
        return "".join(lines).encode()


def printable(text: str) -> str:
    """Escapes what a terminal or a reader of lines would act on: controls, line separators, bidi marks, surrogates."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _json(emissions: Sequence[Emission]) -> bytes:
    """A line for each. Together, unless one holds what has to be escaped: then each by itself."""
    try:
        lines = _ENCODER.encode_lines(emissions)
    except UnicodeEncodeError:  # a lone surrogate
        return b"".join(map(_one, emissions))
    if lines.isascii() or lines.decode().replace("\n", "").isprintable():
        return lines
    return b"".join(map(_one, emissions))


def _one(emission: Emission) -> bytes:
    try:
        body = _ENCODER.encode(emission)
    except UnicodeEncodeError:
        return _ascii(emission)
    return body + b"\n" if body.isascii() or body.decode().isprintable() else _ascii(emission)


def _ascii(emission: Emission) -> bytes:
    return json.dumps(msgspec.to_builtins(emission), separators=(",", ":")).encode() + b"\n"
