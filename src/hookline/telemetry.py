"""Telemetry: one call tells what happened; the log line and the metrics follow from the table in `emissions`."""

import asyncio
import logging
import threading
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Protocol

import msgspec
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from hookline.clock import Clock
from hookline.emission import Emission, Level
from hookline.emissions import EMISSIONS, Fault
from hookline.emissions_library import LibraryDebug, LibraryError, LibraryNote, LibraryWarning
from hookline.late import absent
from hookline.log_lines import MachineLines, PeopleLines
from hookline.metrics import FAULTS, LINES_LOST, METRICS, Metric
from hookline.setting_types import LogFormat, LogLevel
from hookline.tallies import Act, Tallies

with absent("rich"):  # it would draw traces, which are plain here
    import structlog

_LEVELS: Mapping[LogLevel, int] = MappingProxyType(
    {
        LogLevel.DEBUG: logging.DEBUG,
        LogLevel.INFO: logging.INFO,
        LogLevel.WARNING: logging.WARNING,
        LogLevel.ERROR: logging.ERROR,
    }
)


_NUMBERS: Mapping[Level, int] = MappingProxyType(
    {
        Level[name]: logging.getLevelNamesMapping()[name]
        for name in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
    }
)

_AT_ONCE = frozenset({Level.ERROR, Level.CRITICAL})
"""Written when they happen, with all that was told before them: the process may be about to end."""
_level_of = attrgetter("level")


class Stream(Protocol):
    """Where lines go; unbuffered, so that a turn's lines are one write: `open(1, "wb", buffering=0, closefd=False)`."""

    def write(self, data: bytes, /) -> int | None: ...

    def isatty(self) -> bool: ...


class LineDoc(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the generated page of log lines."""

    name: str
    level: Level
    sentence: str
    words: str
    fields: tuple[str, ...]
    metrics: tuple[str, ...]


class Telemetry:
    """Has its own registry; nothing is kept in the module, so that two of them never mix.

    What is told in one turn of the event loop is counted and written together, when the turn ends: of what a line costs
    by itself, nearly all is what can be done once for many. Where no loop runs it is done at once.
    """

    def __init__(
        self,
        *,
        stream: Stream,
        clock: Clock,
        log_format: LogFormat = LogFormat.AUTO,
        log_level: LogLevel = LogLevel.INFO,
    ) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._tallies = Tallies(METRICS)
        self._registry.register(self._tallies)
        self._log = structlog.wrap_logger(
            _Sink(stream, self._tallies),
            processors=[_lines(log_format, stream, clock)],
            wrapper_class=_Lines,
        ).bind()
        self._acts = {emission: self._plan(emission) for emission in EMISSIONS}
        self._level = _LEVELS[log_level]
        self._shown = frozenset(one for one in EMISSIONS if _shown(one.level, self._level))
        self._told: list[Emission] = []
        self._asked = False
        """Whether a flush is on its way."""
        self._lock = threading.RLock()  # libraries log from threads of their own
        self._flushing = False

    def emit(self, emission: Emission) -> None:
        self._told.append(emission)
        if emission.level in _AT_ONCE:
            self.flush()
        elif not self._asked:
            self._ask()

    def _ask(self) -> None:
        self._asked = True
        try:
            asyncio.get_running_loop().call_soon(self.flush)
        except RuntimeError:
            self._asked = False
            self.flush()

    def fault(self, where: str, error: BaseException) -> None:
        """An exception that nobody expected, with its trace."""
        trace = "".join(traceback.format_exception(error))
        self.emit(Fault(where=where, error=f"{type(error).__name__}: {error}", trace=trace))

    def flush(self) -> None:
        """Count and write what has gathered: before the loop ends, and before metrics are read. It never raises."""
        with self._lock:
            if self._flushing:
                return  # something was told in the middle of it, and is taken by the loop below
            self._flushing = True
            try:
                self._flush()
            finally:
                self._flushing = False

    def _flush(self) -> None:
        self._asked = False  # before the look: who tells something behind it asks again
        while told := self._told[:]:
            del self._told[: len(told)]
            self._count(told)
            self._write([one for one in told if type(one) in self._shown])

    def _count(self, told: Sequence[Emission]) -> None:
        by_kind: dict[type[Emission], list[Emission]] = defaultdict(list)
        for one in told:
            by_kind[type(one)].append(one)
        for act, some in [(act, some) for kind, some in by_kind.items() for act in self._acts.get(kind, ())]:
            try:
                act(some)
            except Exception:  # noqa: BLE001  it must not cost the other metrics, nor the lines
                self._tallies.add(FAULTS)

    def _write(self, told: Sequence[Emission]) -> None:
        """Together; if one of them makes no line, each by itself, so that it costs no other."""
        try:
            self._log.write(told)
        except Exception:  # noqa: BLE001  a fault of ours
            if len(told) == 1:
                self._tallies.add(LINES_LOST)
                return
            for one in told:
                self._write([one])

    def watch(self, metric: Metric, read: Callable[[], float]) -> None:
        """A gauge that is read when the metrics are."""
        self._tallies.watch(metric, read)

    def render_metrics(self) -> bytes:
        self.flush()
        return generate_latest(self._registry)

    @contextmanager
    def libraries(self) -> Iterator[None]:
        """Take the lines of every library that logs by `logging`, and warnings, into this stream."""
        root = logging.getLogger()
        before = (root.handlers, root.level)
        root.handlers = [_LibraryHandler(self)]
        root.setLevel(self._level)
        logging.captureWarnings(capture=True)
        try:
            yield
        finally:
            logging.captureWarnings(capture=False)
            root.handlers, root.level = before

    def _plan(self, emission: type[Emission]) -> tuple[Act, ...]:
        """Looked up once for each class, so that an emission costs no look-ups."""
        counts = tuple(self._tallies.act(metric) for metric in emission.counts)
        return counts + tuple(
            self._tallies.act(metric, field) for metric, field in emission.observes + emission.sets
        )


def _shown(level: Level, lowest: int) -> bool:
    return level is not Level.SILENT and _NUMBERS[level] >= lowest


def describe() -> tuple[LineDoc, ...]:
    """Every line of the log; `hookline.metrics.METRICS` has every metric."""
    return tuple(_described(emission) for emission in EMISSIONS if emission.level is not Level.SILENT)


def _described(emission: type[Emission]) -> LineDoc:
    driven = emission.counts + tuple(metric for metric, _ in emission.observes + emission.sets)
    return LineDoc(
        name=emission.__name__,
        level=emission.level,
        sentence=emission.__doc__ or "",
        words=emission.words,
        fields=emission.__struct_fields__,
        metrics=tuple(metric.name for metric in driven),
    )


def _lines(log_format: LogFormat, stream: Stream, clock: Clock) -> structlog.typing.Processor:
    people = stream.isatty() if log_format is LogFormat.AUTO else log_format is LogFormat.TEXT
    return PeopleLines(clock) if people else MachineLines(clock)


class _Lines(structlog.BoundLoggerBase):
    """structlog's own bound loggers copy their context and walk their processors for each line, which costs as much
    as all else that is told of an attempt. An emission is the whole context, and there is one processor, which takes
    all that have one level together.
    """

    def write(self, told: Sequence[Emission]) -> None:
        (render,), sink = self._processors, self._logger
        runs = groupby(told, _level_of)
        lines: list[Any] = [render(sink, level.value, {"event": list(some)}) for level, some in runs]
        sink.write(b"".join(lines), len(told))


class _Sink:
    """What structlog writes to. A log that cannot be written is counted, and stops nothing."""

    def __init__(self, stream: Stream, tallies: Tallies) -> None:
        self._stream = stream
        self._tallies = tallies

    def write(self, data: bytes, count: int) -> None:
        """In one write: it is what a line costs most."""
        try:
            done = self._stream.write(data) if data else 0
            while done and done < len(data):  # a pipe or a disk took a part of it
                data = data[done:]
                done = self._stream.write(data)
        except (OSError, ValueError):  # ValueError: closed
            done = None
        if not done:
            for _ in range(count):
                self._tallies.add(LINES_LOST)


class _LibraryHandler(logging.Handler):
    def __init__(self, telemetry: Telemetry) -> None:
        super().__init__()
        self._telemetry = telemetry

    def handle(self, record: logging.LogRecord) -> bool:
        """Without the lock of `logging`: who holds it may wait for that of telemetry, whose holder may log."""
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        trace = "".join(traceback.format_exception(record.exc_info[1])) if record.exc_info else ""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # its arguments do not fit: a library's slip must not become ours
            message = str(record.msg)
        self._telemetry.emit(_library(record.levelno)(logger=record.name, message=message, trace=trace))


def _library(level: int) -> type[LibraryNote]:
    if level >= logging.ERROR:
        return LibraryError
    if level >= logging.WARNING:
        return LibraryWarning
    return LibraryNote if level >= logging.INFO else LibraryDebug
