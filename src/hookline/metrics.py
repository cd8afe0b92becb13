"""The table of metrics. Labels are bounded: a tenant, an endpoint, a URL or an event type is never one."""

from enum import StrEnum

import msgspec

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 30.0)
LONG = (0.01, 0.05, 0.25, 1.0, 5.0, 30.0, 300.0, 3600.0, 86_400.0)
COUNTS = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0)


class MetricKind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    kind: MetricKind
    sentence: str
    labels: tuple[str, ...] = ()
    """Each is filled from the emission's attribute of the same name, which is an enum or a literal."""
    buckets: tuple[float, ...] = ()


EVENTS_ACCEPTED = Metric(
    name="hookline_events_accepted_total",
    kind=MetricKind.COUNTER,
    sentence="Events committed and acknowledged.",
)
EVENTS_DUPLICATE = Metric(
    name="hookline_events_duplicate_total",
    kind=MetricKind.COUNTER,
    sentence="Publishes answered with an earlier event of the same idempotency key.",
)
RECEIPTS = Metric(
    name="hookline_receipts_total",
    kind=MetricKind.COUNTER,
    sentence="Requests to sources, by what became of them.",
    labels=("outcome",),
)
RECEIPTS_DROPPED = Metric(
    name="hookline_receipts_dropped_total",
    kind=MetricKind.COUNTER,
    sentence="Receipts of refused requests that were not kept, because too many came or the database was lost.",
)
RECORDS = Metric(
    name="hookline_records_total",
    kind=MetricKind.COUNTER,
    sentence="Records that were saved with a new state.",
)
PUBLISH_SECONDS = Metric(
    name="hookline_publish_seconds",
    kind=MetricKind.HISTOGRAM,
    sentence="From a request to publish until its event is committed.",
    buckets=FAST,
)
ATTEMPTS = Metric(
    name="hookline_attempts_total",
    kind=MetricKind.COUNTER,
    sentence="HTTP exchanges with endpoints that ended: delivered, or the cause why not.",
    labels=("outcome",),
)
ATTEMPT_SECONDS = Metric(
    name="hookline_attempt_seconds",
    kind=MetricKind.HISTOGRAM,
    sentence="The length of one exchange, from DNS to the end of the answer.",
    buckets=SLOW,
)
DELIVERY_SECONDS = Metric(
    name="hookline_delivery_seconds",
    kind=MetricKind.HISTOGRAM,
    sentence="From an event's acceptance until a receiver has it, retries included.",
    buckets=LONG,
)
GIVEN_UP = Metric(
    name="hookline_deliveries_given_up_total",
    kind=MetricKind.COUNTER,
    sentence="Deliveries that ended without success, by state.",
    labels=("state",),
)
IN_FLIGHT = Metric(
    name="hookline_in_flight", kind=MetricKind.GAUGE, sentence="Exchanges going on in this node now."
)
IN_HAND = Metric(
    name="hookline_in_hand", kind=MetricKind.GAUGE, sentence="Deliveries that this node holds in memory."
)
UNWRITTEN = Metric(
    name="hookline_unwritten_results",
    kind=MetricKind.GAUGE,
    sentence="Results of exchanges that wait in memory to be written.",
)
BACKLOG = Metric(
    name="hookline_backlog", kind=MetricKind.GAUGE, sentence="Deliveries that are due and wait, on all nodes."
)
BACKLOG_AGE = Metric(
    name="hookline_backlog_age_seconds",
    kind=MetricKind.GAUGE,
    sentence="How long the oldest of them has been due.",
)
GROUP_ROWS = Metric(
    name="hookline_commit_group_rows",
    kind=MetricKind.HISTOGRAM,
    sentence="How many callers shared one commit.",
    labels=("work",),
    buckets=COUNTS,
)
GROUP_SECONDS = Metric(
    name="hookline_commit_group_seconds",
    kind=MetricKind.HISTOGRAM,
    sentence="How long one shared commit took.",
    labels=("work",),
    buckets=FAST,
)
REQUESTS = Metric(
    name="hookline_requests_total",
    kind=MetricKind.COUNTER,
    sentence="Requests answered, by class of route and of status.",
    labels=("route", "status"),
)
REQUEST_SECONDS = Metric(
    name="hookline_request_seconds",
    kind=MetricKind.HISTOGRAM,
    sentence="How long a request took, by class of route.",
    labels=("route",),
    buckets=FAST,
)
ENDPOINTS_DISABLED = Metric(
    name="hookline_endpoints_disabled_total",
    kind=MetricKind.COUNTER,
    sentence="Endpoints that were disabled after failures or a 410.",
)
FILTERS_OFF = Metric(
    name="hookline_filters_switched_off_total",
    kind=MetricKind.COUNTER,
    sentence="Filters that were switched off because they were slow.",
)
TAKEOVERS = Metric(
    name="hookline_takeovers_total",
    kind=MetricKind.COUNTER,
    sentence="Silent nodes whose work this node took over.",
)
DATABASE_LOST = Metric(
    name="hookline_database_lost_total", kind=MetricKind.COUNTER, sentence="How often the database was lost."
)
FAULTS = Metric(
    name="hookline_faults_total",
    kind=MetricKind.COUNTER,
    sentence="Unexpected errors: each is a bug worth a report.",
)
LINES_LOST = Metric(
    name="hookline_log_lines_lost_total",
    kind=MetricKind.COUNTER,
    sentence="Log lines that could not be written.",
)

METRICS: tuple[Metric, ...] = (
    EVENTS_ACCEPTED,
    EVENTS_DUPLICATE,
    RECEIPTS,
    RECEIPTS_DROPPED,
    RECORDS,
    PUBLISH_SECONDS,
    ATTEMPTS,
    ATTEMPT_SECONDS,
    DELIVERY_SECONDS,
    GIVEN_UP,
    IN_FLIGHT,
    IN_HAND,
    UNWRITTEN,
    BACKLOG,
    BACKLOG_AGE,
    GROUP_ROWS,
    GROUP_SECONDS,
    REQUESTS,
    REQUEST_SECONDS,
    ENDPOINTS_DISABLED,
    FILTERS_OFF,
    TAKEOVERS,
    DATABASE_LOST,
    FAULTS,
    LINES_LOST,
)
