"""What Hookline emits of records, and of what follows from deliveries: a part of the table in `emissions`."""

from hookline import metrics
from hookline.emission import Emission, Level


class RecordSaved(Emission, frozen=True, kw_only=True):
    """A record was saved: each of the events of its change has a line of its own."""

    level = Level.SILENT
    counts = (metrics.RECORDS,)
    tenant_id: str
    system: str
    type: str
    events: int


class RecordRuleFailed(Emission, frozen=True, kw_only=True):
    """A rule of a record could not be applied: the record is saved without its event."""

    level = Level.WARNING
    words = "Record rule failed: {rule} of {type} {record_id} - {reason}"
    tenant_id: str
    system: str
    type: str
    record_id: str
    rule: str
    reason: str


class DeadlinePassed(Emission, frozen=True, kw_only=True):
    """A date of a record has passed while it is open."""

    words = "Deadline passed: {deadline} of {type} {record_id}"
    tenant_id: str
    system: str
    type: str
    record_id: str
    deadline: str
    late: float
    """Seconds between the date and its event."""


class DeliveryExhausted(Emission, frozen=True, kw_only=True):
    """A delivery was given up for good, and its event `hookline.delivery.exhausted` was made: once for each."""

    level = Level.CRITICAL
    words = "Delivery exhausted: {type} ({delivery_id}) for endpoint {endpoint_id} after {attempts} attempts - {reason}"
    tenant_id: str
    event_id: str
    endpoint_id: str
    delivery_id: str
    type: str
    attempts: int
    reason: str
