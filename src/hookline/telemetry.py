"""Telemetry: one call tells what happened; the log line and the metrics follow from the table in `emissions`."""

import asyncio
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Protocol

import msgspec
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from hookline.clock import Clock
from hookline.emission import Emission, Level
from hookline.emissions import EMISSIONS, Fault
from hookline.emissions_library import LibraryDebug, LibraryError, LibraryNote, LibraryWarning
from hookline.late import absent
from hookline.log_lines import MachineLines, PeopleLines
from hookline.metrics import LINES_LOST, METRICS, Metric
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


class Stream(Protocol):
    """Where lines go; unbuffered, so that one line is one write: `open(1, "wb", buffering=0, closefd=False)`."""

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
    """Has its own registry; nothing is kept in the module, so that two of them never mix."""

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
        self._level = _LEVELS[log_level]
        self._sink = _Sink(stream, self._tallies)
        self._log = structlog.wrap_logger(
            self._sink,
            processors=[_lines(log_format, stream, clock)],
            wrapper_class=_Lines,
        ).bind()
        self._acts = {emission: self._plan(emission) for emission in EMISSIONS}

    def emit(self, emission: Emission) -> None:
        for act in self._acts[type(emission)]:
            act(emission)

    def fault(self, where: str, error: BaseException) -> None:
        """An exception that nobody expected, with its trace."""
        trace = "".join(traceback.format_exception(error))
        self.emit(Fault(where=where, error=f"{type(error).__name__}: {error}", trace=trace))

    def flush(self) -> None:
        """Write what has gathered: before the loop ends."""
        self._sink.flush()

    def watch(self, metric: Metric, read: Callable[[], float]) -> None:
        """A gauge that is read when the metrics are."""
        self._tallies.watch(metric, read)

    def render_metrics(self) -> bytes:
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
        others = tuple(
            self._tallies.act(metric, field) for metric, field in emission.observes + emission.sets
        )
        return counts + others + self._line(emission.level)

    def _line(self, level: Level) -> tuple[Act, ...]:
        if level is Level.SILENT or _NUMBERS[level] < self._level:
            return ()
        return (self._log.act(level),)


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
    as all else that is told of an attempt. An emission is the whole context, and there is one processor.
    """

    def act(self, level: Level) -> Act:
        """What one emission does at this level."""
        (render,), logger, name = self._processors, self._logger, level.value
        write = getattr(logger, name)
        return lambda emission: write(render(logger, name, {"event": emission}))


class _Sink:
    """What structlog writes to. A log that cannot be written is counted, and stops nothing.

    The lines of one turn of the event loop are written together: the write is what a line costs most. Errors go
    out at once, and so does everything where no loop runs.
    """

    def __init__(self, stream: Stream, tallies: Tallies) -> None:
        self._stream = stream
        self._tallies = tallies
        self._lines: list[bytes] = []

    def write(self, line: bytes) -> None:
        self._lines.append(line)
        if len(self._lines) > 1:
            return  # a flush is on its way
        try:
            asyncio.get_running_loop().call_soon(self.flush)
        except RuntimeError:
            self.flush()

    debug = info = warning = write

    def error(self, line: bytes) -> None:
        self._lines.append(line)
        self.flush()

    critical = error

    def flush(self) -> None:
        lines, self._lines = self._lines, []
        data = b"".join(lines)
        try:
            done = self._stream.write(data) if data else 0
            while done and done < len(data):  # a pipe or a disk took a part of it
                data = data[done:]
                done = self._stream.write(data)
        except (OSError, ValueError):  # ValueError: closed
            done = None
        if not done:
            for _ in lines:
                self._tallies.add(LINES_LOST)


class _LibraryHandler(logging.Handler):
    def __init__(self, telemetry: Telemetry) -> None:
        super().__init__()
        self._telemetry = telemetry

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
