"""Telemetry: one emission becomes one line and its metrics; nothing forges a line, and nothing secret is in one."""

import asyncio
import io
import json
import logging
import os
import re
import sys
import threading
import warnings
from datetime import datetime
from enum import EnumType
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from hookline import emissions, metrics
from hookline.clock import SECOND, Micros, SystemClock
from hookline.emission import Emission, Level, bare_url
from hookline.emissions import EMISSIONS, AttemptDelivered, AttemptFailed, EventReceived
from hookline.emissions_library import LibraryNote
from hookline.metrics import METRICS
from hookline.model.attempt import Cause
from hookline.setting_types import LogFormat, LogLevel
from hookline.telemetry import Telemetry, describe


class Noon(SystemClock):
    def now(self) -> Micros:
        return Micros(int(datetime(2025, 12, 7, 12).astimezone().timestamp()) * SECOND + 42_000)


class Page(io.BytesIO):
    """A stream that keeps each write apart."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        self.writes.append(data)
        return len(data)


@pytest.fixture
def page() -> Page:
    return Page()


def telemetry(
    page: io.BytesIO, log_format: LogFormat = LogFormat.JSON, level: LogLevel = LogLevel.INFO
) -> Telemetry:
    return Telemetry(stream=page, clock=Noon(), log_format=log_format, log_level=level)


IDS: dict[str, Any] = {
    "tenant_id": "ten_a",
    "event_id": "evt_a",
    "endpoint_id": "ep_a",
    "delivery_id": "dlv_a",
}


def delivered(**changed: Any) -> AttemptDelivered:
    fields = {"type": "call.started", "url": bare_url("https://a.test/hook"), "status": 200, "number": 1}
    return AttemptDelivered(**(IDS | fields | {"seconds": 0.02, "age": 0.05} | changed))


def failed(**changed: Any) -> AttemptFailed:
    fields: dict[str, Any] = {
        "type": "call.started",
        "url": bare_url("https://a.test/hook"),
        "cause": Cause.TIMEOUT,
        "number": 1,
    }
    return AttemptFailed(**(IDS | fields | {"max_attempts": 3, "seconds": 15.0} | changed))


def received(**changed: Any) -> EventReceived:
    fields: dict[str, Any] = {
        "tenant_id": "ten_a",
        "event_id": "evt_a",
        "type": "a.b",
        "size": 9,
        "matched": 2,
        "seconds": 0.003,
    }
    return EventReceived(**(fields | changed))


def example(kind: type[Emission], text: str = "x") -> Emission:
    """One of any kind, with `text` in every field that holds text."""
    values: dict[Any, Any] = {str: text, int: 2, float: 1.5, float | None: 1.5, int | None: 500, bool: True}
    hints = {field.name: field.type for field in msgspec.structs.fields(kind)}
    return kind(**{name: _value(hint, values) for name, hint in hints.items()})


def _value(hint: Any, values: dict[Any, Any]) -> Any:
    if get_origin(hint) is Literal:
        return get_args(hint)[0]
    if isinstance(hint, EnumType):
        return next(iter(hint))
    return values[getattr(hint, "__supertype__", hint)]


def samples(told: Telemetry) -> dict[str, float]:
    families = text_string_to_metric_families(told.render_metrics().decode())
    found = {}
    for sample in (sample for family in families for sample in family.samples):
        labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
        found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_people_read_these_exact_words(page: Page) -> None:
    told = telemetry(page, LogFormat.TEXT)
    told.emit(delivered())
    told.emit(failed(detail="Connection timeout"))
    told.emit(failed(cause=Cause.STATUS, status=503, number=2))
    failure = "2025-12-07 12:00:00 - WARNING - Webhook delivery failed"
    assert b"".join(page.writes).decode().splitlines() == [
        "2025-12-07 12:00:00 - INFO - Webhook delivered: call.started -> https://a.test/hook (status: 200)",
        f"{failure} (attempt 1/3): call.started -> https://a.test/hook - Connection timeout",
        f"{failure} (attempt 2/3): call.started -> https://a.test/hook - HTTP 503",
    ]


def test_machines_read_one_json_object_a_line_with_time_level_and_fields(page: Page) -> None:
    telemetry(page).emit(failed(cause=Cause.STATUS, status=503, next_seconds=5.0))
    line = json.loads(page.writes[0])
    assert re.fullmatch(r"2025-12-0\dT\d\d:00:00\.042Z", line.pop("time"))
    assert line == IDS | {
        "level": "warning",
        "what": "AttemptFailed",
        "type": "call.started",
        "url": "https://a.test/hook",
        "cause": "status",
        "status": 503,
        "number": 1,
        "max_attempts": 3,
        "seconds": 15.0,
        "next_seconds": 5.0,
    }


def test_auto_writes_for_people_on_a_terminal_and_for_machines_elsewhere() -> None:
    leader, follower = os.openpty()
    with os.fdopen(leader, "rb", buffering=0) as seen, os.fdopen(follower, "wb", buffering=0) as terminal:
        Telemetry(stream=terminal, clock=Noon()).emit(delivered())
        assert b" - INFO - Webhook delivered" in seen.read(200)
    page = Page()
    telemetry(page, LogFormat.AUTO).emit(delivered())
    assert page.writes[0].startswith(b'{"time":')


@pytest.mark.parametrize("log_format", [LogFormat.JSON, LogFormat.TEXT])
@pytest.mark.parametrize("kind", EMISSIONS)
@settings(max_examples=25)
@given(text=st.text() | st.text(alphabet="\r\n\t\x00\x1b\x7f\x85\x9b\u2028\u202e\ud800{}%\\a"))
def test_no_field_can_forge_a_line(kind: type[Emission], log_format: LogFormat, text: str) -> None:
    page = Page()
    telemetry(page, log_format, LogLevel.DEBUG).emit(example(kind, text))
    assert len(page.writes) == (kind.level is not Level.SILENT)
    for line in page.writes:
        first, *more = line.decode().removesuffix("\n").split("\n")
        assert first.replace("\x7f", "").isprintable()
        assert all(one.startswith("    | ") and one.isprintable() for one in more)
        if log_format is LogFormat.JSON:
            assert not more
            assert json.loads(first)["what"] == kind.__name__


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("https://a.test/hook?token=s3cret#s3cret", "https://a.test/hook"),
        ("https://me:s3cret@a.test:8443/h@b", "https://a.test:8443/h@b"),
        ("https://me:s3@cret@a.test", "https://a.test"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
    ],
)
def test_a_url_is_told_without_user_password_query_and_fragment(url: str, bare: str) -> None:
    assert bare_url(url) == bare


def test_an_emission_below_the_level_writes_nothing_and_still_counts(page: Page) -> None:
    told = telemetry(page, level=LogLevel.WARNING)
    told.emit(delivered())
    assert page.writes == []
    assert samples(told)["hookline_attempts_total{outcome=delivered}"] == 1


def test_attempts_and_events_drive_their_metrics(page: Page) -> None:
    told = telemetry(page)
    for emission in (delivered(), delivered(), failed(), failed(cause=Cause.STATUS, status=500), received()):
        told.emit(emission)
    found = samples(told)
    assert found["hookline_attempts_total{outcome=delivered}"] == 2
    assert found["hookline_attempts_total{outcome=timeout}"] == 1
    assert found["hookline_attempts_total{outcome=status}"] == 1
    assert found["hookline_attempt_seconds_bucket{le=0.01}"] == 0
    assert found["hookline_attempt_seconds_bucket{le=0.025}"] == 2
    assert found["hookline_attempt_seconds_bucket{le=15.0}"] == 4
    assert found["hookline_attempt_seconds_bucket{le=+Inf}"] == 4
    assert found["hookline_attempt_seconds_count{}"] == 4
    assert found["hookline_attempt_seconds_sum{}"] == pytest.approx(30.04)
    assert found["hookline_events_accepted_total{}"] == 1


def test_silent_emissions_drive_labelled_metrics_and_gauges(page: Page) -> None:
    told = telemetry(page)
    told.emit(emissions.RequestAnswered(route=emissions.Route.PUBLISH, status="2xx", seconds=0.5))
    told.emit(emissions.GroupCommitted(work="publish", rows=40, seconds=0.004))
    told.emit(emissions.BacklogMeasured(waiting=7, oldest_seconds=3.5))
    told.watch(metrics.IN_FLIGHT, lambda: 12)
    found = samples(told)
    assert found["hookline_requests_total{route=publish,status=2xx}"] == 1
    assert found["hookline_request_seconds_bucket{le=1.0,route=publish}"] == 1
    assert found["hookline_commit_group_rows_bucket{le=50.0,work=publish}"] == 1
    assert found["hookline_backlog{}"] == 7
    assert found["hookline_backlog_age_seconds{}"] == 3.5
    assert found["hookline_in_flight{}"] == 12
    assert page.writes == []


def test_two_telemetries_share_nothing(page: Page) -> None:
    one, other = telemetry(page), telemetry(page)
    one.emit(received())
    assert samples(other)["hookline_events_accepted_total{}"] == 0


@pytest.mark.parametrize("kind", EMISSIONS)
def test_every_emission_is_listed_told_in_words_and_has_only_bounded_labels(kind: type[Emission]) -> None:
    assert kind.__doc__
    assert bool(kind.words) is (kind.level is not Level.SILENT)
    hints = get_type_hints(kind)
    for label in (
        label for metric in (*kind.counts, *(m for m, _ in kind.observes)) for label in metric.labels
    ):
        hint = hints.get(label) or get_type_hints(getattr(kind, label).fget)["return"]
        assert isinstance(hint, EnumType) or get_origin(hint) in (Literal, ClassVar), f"{label} may grow"


def test_no_emission_or_metric_is_forgotten_in_its_table() -> None:
    made = {
        value for value in vars(emissions).values() if isinstance(value, type) and issubclass(value, Emission)
    }
    assert made - {Emission} == set(EMISSIONS)
    assert {value for value in vars(metrics).values() if isinstance(value, metrics.Metric)} == set(METRICS)


def test_the_docs_describe_every_line_and_metric() -> None:
    told = {doc.name: doc for doc in describe()}
    assert told["AttemptDelivered"].metrics[0] == "hookline_attempts_total"
    assert "url" in told["AttemptDelivered"].fields
    assert all(doc.sentence.endswith(".") for doc in told.values())
    assert all(metric.sentence.endswith(".") for metric in METRICS)


def test_lines_and_warnings_of_libraries_join_the_same_stream(page: Page) -> None:
    with telemetry(page).libraries(), warnings.catch_warnings():
        logging.getLogger("some.library").info("Started %d", 7)
        logging.getLogger("asyncio").error("bad %d", "arguments")
        logging.getLogger("asyncio").debug("too fine")
        warnings.simplefilter("always")
        warnings.warn("old thing", stacklevel=1)
    lines = [json.loads(line) for line in page.writes]
    assert [(line["what"], line["logger"]) for line in lines] == [
        ("LibraryNote", "some.library"),
        ("LibraryError", "asyncio"),
        ("LibraryWarning", "py.warnings"),
    ]
    assert lines[0]["message"] == "Started 7"


def test_the_logging_of_the_process_is_as_before_afterwards(page: Page) -> None:
    root = logging.getLogger()
    before = (root.handlers, root.level)
    with telemetry(page).libraries():
        assert root.handlers != before[0]
    assert (root.handlers, root.level) == before


def test_an_unexpected_error_is_told_with_its_trace_below_the_line(page: Page) -> None:
    told = telemetry(page, LogFormat.TEXT)
    try:
        raise ValueError("odd\nforged")  # noqa: TRY301
    except ValueError as error:
        told.fault("upkeep", error)
    first, *more = page.writes[0].decode().splitlines()
    assert first.endswith(r"ERROR - Unexpected error in upkeep: ValueError: odd\nforged")
    assert more
    assert all(line.startswith("    | ") for line in more)
    assert samples(told)["hookline_faults_total{}"] == 1


def test_a_log_that_cannot_be_written_is_counted_and_stops_nothing() -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        told = Telemetry(stream=full, clock=Noon(), log_format=LogFormat.JSON)
        told.emit(delivered())
    told.emit(delivered())  # closed by now
    assert samples(told)["hookline_log_lines_lost_total{}"] == 2


def test_a_line_that_is_taken_in_parts_arrives_whole() -> None:
    class Narrow(Page):
        def write(self, data: bytes, /) -> int:  # type: ignore[override]
            self.writes.append(data[:10])
            return len(data[:10])

    page = Narrow()
    telemetry(page).emit(delivered())
    assert json.loads(b"".join(page.writes))["what"] == "AttemptDelivered"


def test_text_of_other_scripts_stays_readable(page: Page) -> None:
    telemetry(page).emit(LibraryNote(logger="a", message="Grüße 你好"))
    assert "Grüße 你好".encode() in page.writes[0]


async def test_what_is_told_in_one_turn_is_one_write_in_the_order_of_its_telling(page: Page) -> None:
    told = telemetry(page)
    for emission in (delivered(number=1), failed(number=2), delivered(number=3), received()):
        told.emit(emission)
    assert page.writes == []
    await asyncio.sleep(0)
    (lines,) = page.writes
    read = [json.loads(line) for line in lines.splitlines()]
    assert [(line["level"], line["what"], line.get("number")) for line in read] == [
        ("info", "AttemptDelivered", 1),
        ("warning", "AttemptFailed", 2),
        ("info", "AttemptDelivered", 3),
        ("info", "EventReceived", None),
    ]
    await asyncio.sleep(0)
    assert page.writes == [lines]


async def test_metrics_that_are_read_within_the_turn_hold_all_of_it_once(page: Page) -> None:
    told = telemetry(page)
    told.emit(delivered())
    assert samples(told)["hookline_attempts_total{outcome=delivered}"] == 1
    told.emit(delivered())
    await asyncio.sleep(0)
    found = samples(told)
    assert found["hookline_attempts_total{outcome=delivered}"] == 2
    assert found["hookline_attempt_seconds_count{}"] == 2
    assert len(b"".join(page.writes).splitlines()) == 2


async def test_an_error_is_written_at_once_behind_what_was_told_before_it(page: Page) -> None:
    told = telemetry(page)
    told.emit(delivered())
    told.fault("upkeep", ValueError("odd"))
    (lines,) = page.writes
    assert [json.loads(line)["what"] for line in lines.splitlines()] == ["AttemptDelivered", "Fault"]
    told.emit(delivered())
    await asyncio.sleep(0)
    assert len(page.writes) == 2


async def test_a_thread_of_a_library_tells_without_waiting_for_the_loop(page: Page) -> None:
    told = telemetry(page)
    thread = threading.Thread(target=told.emit, args=(LibraryNote(logger="a", message="from a thread"),))
    thread.start()
    thread.join()
    assert b"from a thread" in page.writes[0]
    told.emit(delivered())
    await asyncio.sleep(0)
    assert len(page.writes) == 2


async def test_a_line_that_must_be_escaped_leaves_its_neighbours_as_they_are(page: Page) -> None:
    told = telemetry(page)
    for message in ("Grüße", "\ud800", 'a\n{"time":1}', "\x9b", "plain"):
        told.emit(LibraryNote(logger="a", message=message))
    await asyncio.sleep(0)
    lines = b"".join(page.writes).decode().splitlines()
    assert [json.loads(line)["message"] for line in lines] == [
        "Grüße",
        "\ud800",
        'a\n{"time":1}',
        "\x9b",
        "plain",
    ]
    assert all(line.startswith('{"time":"2025-12-0') and line.isprintable() for line in lines)
    assert "Grüße" in lines[0]


async def test_an_emission_that_makes_no_line_costs_no_other(page: Page) -> None:
    told = telemetry(page)
    for message in ("first", object(), "last"):
        told.emit(LibraryNote(logger="a", message=message))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    lines = b"".join(page.writes).splitlines()
    assert [json.loads(line)["message"] for line in lines] == ["first", "last"]
    assert samples(told)["hookline_log_lines_lost_total{}"] == 1


async def test_a_value_that_no_metric_takes_costs_neither_the_others_nor_the_lines(page: Page) -> None:
    told = telemetry(page)
    told.emit(delivered(seconds="odd"))
    told.emit(received())
    await asyncio.sleep(0)
    found = samples(told)
    assert found["hookline_events_accepted_total{}"] == 1
    assert found["hookline_attempts_total{outcome=delivered}"] == 1
    assert found["hookline_faults_total{}"] == 1
    assert len(b"".join(page.writes).splitlines()) == 2


@pytest.mark.parametrize("by", ["emission", "library"])
async def test_what_is_told_while_lines_are_written_is_written_once_behind_them(by: str) -> None:
    class Telling(Page):
        def write(self, data: bytes, /) -> int:  # type: ignore[override]
            super().write(data)
            if len(self.writes) == 1 and by == "library":
                logging.getLogger("asyncio").error("in the middle")
            elif len(self.writes) == 1:
                told.emit(emissions.Fault(where="a", error="in the middle", trace=""))
            return len(data)

    page = Telling()
    told = telemetry(page)
    with told.libraries():
        told.emit(delivered())
        await asyncio.sleep(0)
    first, second = page.writes
    assert b"AttemptDelivered" in first
    assert b"in the middle" in second
    assert samples(told)["hookline_attempts_total{outcome=delivered}"] == 1


async def test_threads_and_the_loop_lose_none_of_what_they_tell(page: Page) -> None:
    told, interval = telemetry(page), sys.getswitchinterval()

    def tell() -> None:
        for _ in range(1000):
            told.emit(LibraryNote(logger="thread", message="x"))

    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=tell) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(100):
            told.emit(LibraryNote(logger="loop", message="x"))
            await asyncio.sleep(0)
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    await asyncio.sleep(0)
    lines = [json.loads(line)["logger"] for line in b"".join(page.writes).splitlines()]
    assert (lines.count("thread"), lines.count("loop")) == (3000, 100)
