"""Log lines: an emission as JSON for machines or as one sentence for people. No field can forge a second line."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from hookline.clock import SECOND, Clock
from hookline.emission import Emission, Level

_ENCODER = msgspec.json.Encoder()


class MachineLines:
    """A structlog processor. One JSON object a line: `time` (UTC), `level`, `what`, then the emission's fields."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._second = -1
        self._stamp = b""
        self._milli = tuple(b"%03dZ" % milli for milli in range(1000))
        self._level = {level.value: b'","level":"%s",' % level.encode() for level in Level}

    def __call__(self, _logger: object, level: str, event: Mapping[str, Any]) -> bytes:
        # Joined from parts made before: formatting each line costs as much as encoding it.
        now = self._clock.now()
        if now // SECOND != self._second:
            self._turn(now // SECOND)
        milli = self._milli[now // 1000 % 1000]
        return b"".join((self._stamp, milli, self._level[level], _json(event["event"])[1:], b"\n"))

    def _turn(self, second: int) -> None:
        self._stamp = f'{{"time":"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}.'.encode()
        self._second = second


class PeopleLines:
    """A structlog processor: `2025-12-07 12:00:00 - INFO - sentence`, in the machine's time zone; a trace is indented."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self, _logger: object, level: str, event: Mapping[str, Any]) -> bytes:
        emission: Emission = event["event"]
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self._clock.now() // SECOND))
        lines = [f"{moment} - {level.upper()} - {printable(emission.sentence())}"]
        lines += [f"    | {printable(line)}" for line in emission.trace_text().splitlines()]
        return "".join(f"{line}\n" for line in lines).encode()


def printable(text: str) -> str:
    """Escapes what a terminal or a reader of lines would act on: controls, line separators, bidi marks, surrogates."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _json(emission: Emission) -> bytes:
    try:
        body = _ENCODER.encode(emission)
    except UnicodeEncodeError:  # a lone surrogate
        return _ascii(emission)
    return body if body.isascii() or body.decode().isprintable() else _ascii(emission)


def _ascii(emission: Emission) -> bytes:
    return json.dumps(msgspec.to_builtins(emission), separators=(",", ":")).encode()
