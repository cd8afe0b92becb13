"""events-and-metrics.md, from the table of what is told."""

from hookline.docs.markdown import code, codes, page, table
from hookline.metrics import METRICS, Metric
from hookline.telemetry import LineDoc, describe

_LINES = """With `log_format` `json` each line is one object: `time`, `level`, `what` (the name below) and the fields; a field
that has its default value is left out. With `text` it is the sentence in the third column. No line holds a payload or a
secret; a URL stands without its user, query and fragment. Durations are seconds."""
_METRICS = """`GET /metrics` answers in the text format of Prometheus. Labels are bounded: no metric names a tenant, an
endpoint, a URL or an event type. The usual `process_…` metrics of the Prometheus client stand beside these."""


def telemetry_page() -> str:
    lines = sorted(describe(), key=lambda one: one.name)
    return page(
        "Log lines and metrics",
        "src/hookline/emissions.py and src/hookline/metrics.py",
        "## Log lines",
        _LINES,
        table(("what", "level", "for people", "fields", "when"), map(_line, lines)),
        "## Metrics",
        _METRICS,
        table(
            ("metric", "kind", "labels", "what it counts"),
            map(_metric, sorted(METRICS, key=lambda one: one.name)),
        ),
    )


def _line(one: LineDoc) -> tuple[str, ...]:
    return (code(one.name), one.level, code(one.words), codes(one.fields), one.sentence)


def _metric(one: Metric) -> tuple[str, ...]:
    return (code(one.name), one.kind, codes(one.labels), one.sentence)
