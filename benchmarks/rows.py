"""Rows: what one measurement of the gateway brings, and how it is taken."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from benchmarks.databases import Database
from benchmarks.figures import ratio
from benchmarks.gateway import Gateway, Tenant
from benchmarks.messages import Audited, Closed, Open, Published, Stream
from benchmarks.options import Options
from benchmarks.rig import Rig, Window
from benchmarks.traffic import (
    SOURCE,
    batch_request,
    endpoint_at,
    publish_request,
    received_request,
    saved_request,
)

_FLAT = 0.05
"""Growth of the backlog within a window, as a part of what it delivered, up to which it counts as flat."""
_MICRO = 1e6
_SECRET = "a secret of the benchmark"
_MARK = b"#" * 9
Counted = tuple[float, dict[str, int]]
"""Accepted in a second, and the fields of Row."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A running gateway, and what measures it."""

    rig: Rig
    gateway: Gateway
    database: Database
    options: Options

    def tenant(self, paths: Sequence[str]) -> Tenant:
        """A new one, with an endpoint at each of these paths of the receiver. Begins a row."""
        tenant = self.gateway.tenant([endpoint_at(self.rig.receiver.port, path) for path in paths])
        self.rig.begin_row()
        return tenant

    def publish(
        self, request: bytes, *, fan_out: int = 1, bound: int = 0, bare: bool = False, mark: bytes = b""
    ) -> None:
        """Begin the closed loop. `bare`: an answer counts by its status, and holds no id."""
        order = Closed(
            port=self.gateway.port,
            request=request,
            connections=self.options.connections,
            fan_out=fan_out,
            bound=bound,
            bare=bare,
            mark=mark,
            acknowledged="" if bare else self.rig.acknowledged,
        )
        self.rig.publisher.begin(order)

    def publish_openly(self, streams: Sequence[Stream], seconds: float) -> Published:
        order = Open(
            port=self.gateway.port,
            streams=tuple(streams),
            seconds=seconds,
            acknowledged=self.rig.acknowledged,
        )
        return self.rig.publisher.ask(order, Published)


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """The bare aiohttp loop of the same run."""

    posts_per_s: float
    cpu_us_per_post: float


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What every row has. Over several runs: sums of the first four, medians of the others."""

    lost: int = 0
    duplicated: int = 0
    refused: int = 0
    expected: int = 0
    """Deliveries that acknowledged events must make."""


class FanOut(Row, frozen=True, kw_only=True):
    accepted_per_s: float
    delivered_per_s: float
    ratio_to_aiohttp: float
    """delivered/s ÷ POST/s of the bare aiohttp loop."""
    cpu_us_per_delivery: float
    """Gateway and database together."""
    cpu_us_gateway: float
    cpu_us_database: float
    cpu_ratio_to_aiohttp: float
    """CPU a delivery ÷ CPU a POST of the bare aiohttp loop."""
    backlog_growth: float
    """Of what the window delivered; flat up to 0.05."""
    held_back: float
    """Part of the publishers' turns at which they waited for the backlog."""
    publisher_load: float
    receiver_load: float
    """Of one core each: below 0.9, the harness is not what saturates."""

    @property
    def flat(self) -> bool:
        return self.backlog_growth <= _FLAT


class Accepted(Row, frozen=True, kw_only=True):
    """Publishing at full speed, for a moment; the backlog may grow, and is delivered afterwards."""

    single_per_s: float
    batch_per_s: float
    batch_to_single: float
    ratio_to_aiohttp: float
    """Events accepted in batches ÷ POST/s of the bare aiohttp loop."""


class Beside(Row, frozen=True, kw_only=True):
    """Another way in, beside single events that are published, each at full speed for a moment."""

    published_per_s: float
    per_s: float
    """Of the other way."""
    ratio_to_published: float


class OpenLoop(Row, frozen=True, kw_only=True):
    """Latency from the scheduled time of the request to the arrival at the receiver."""

    rate: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    late_p99_ms: float
    """Of it, what the harness itself was late."""
    ratio_to_aiohttp: float
    """The rate ÷ POST/s of the bare aiohttp loop."""


def fan_out(subject: Subject, base: Base, count: int) -> FanOut:
    """Closed loop, for as long as the backlog stays flat: `bound` sees to that."""
    rig, options = subject.rig, subject.options
    paths = [f"/fan{count}/{number}" for number in range(count)]
    tenant = subject.tenant(paths)
    request = publish_request(tenant.token, options.size)
    subject.publish(request, fan_out=count, bound=options.bound)
    time.sleep(options.warm_up)
    groups = {"gateway": [subject.gateway.pid], "database": subject.database.roots}
    window = rig.window(options.seconds, fan_out=count, groups=groups)
    published = rig.stopped()
    return _fan_out(window, published, rig.settled([paths], published.accepted * count), base)


def _fan_out(window: Window, published: Published, audited: Audited, base: Base) -> FanOut:
    per_delivery = _MICRO / max(1, window.delivered)
    gateway, database = (window.cpu[name] * per_delivery for name in ("gateway", "database"))
    delivered = window.delivered / window.seconds
    return FanOut(
        **told(published, audited),
        accepted_per_s=window.accepted / window.seconds,
        delivered_per_s=delivered,
        ratio_to_aiohttp=ratio(delivered, base.posts_per_s),
        cpu_us_per_delivery=gateway + database,
        cpu_us_gateway=gateway,
        cpu_us_database=database,
        cpu_ratio_to_aiohttp=ratio(gateway + database, base.cpu_us_per_post),
        backlog_growth=ratio(window.backlog[1] - window.backlog[0], window.delivered),
        held_back=ratio(window.waited, window.waited + window.sent),
        publisher_load=window.load("publisher"),
        receiver_load=window.load("receiver"),
    )


def accepted(subject: Subject, base: Base) -> Accepted:
    """Single events, then batches, each to one endpoint; what piles up is waited for after each."""
    single, first = _accept(subject, batch=1)
    batch, second = _accept(subject, batch=subject.options.batch)
    return Accepted(
        **{name: first[name] + second[name] for name in first},
        single_per_s=single,
        batch_per_s=batch,
        batch_to_single=ratio(batch, single),
        ratio_to_aiohttp=ratio(batch, base.posts_per_s),
    )


def _accept(subject: Subject, *, batch: int) -> Counted:
    rig, options = subject.rig, subject.options
    paths = [f"/accept/{batch}"]
    token = subject.tenant(paths).token
    single = publish_request(token, options.size)
    subject.publish(single if batch == 1 else batch_request(token, options.size, batch))
    time.sleep(options.accept_seconds / 3)
    window = rig.window(options.accept_seconds)
    published = rig.stopped()
    return window.accepted / window.seconds, told(published, rig.settled([paths], published.accepted))


def received(subject: Subject) -> Beside:
    """Signed requests to a source, of one event each."""
    return _beside(subject, _receive)


def saved(subject: Subject) -> Beside:
    """New records, each of which makes one event."""
    return _beside(subject, _save)


def _beside(subject: Subject, other: Callable[[Subject], Counted]) -> Beside:
    """Published, the other, the other, published: a machine that slows down meanwhile counts against both."""
    first, third = _accept(subject, batch=1), other(subject)
    fourth, second = other(subject), _accept(subject, batch=1)
    published, rate = (first[0] + second[0]) / 2, (third[0] + fourth[0]) / 2
    counts = [one for _, one in (first, second, third, fourth)]
    return Beside(
        **{name: sum(one[name] for one in counts) for name in counts[0]},
        published_per_s=published,
        per_s=rate,
        ratio_to_published=ratio(rate, published),
    )


def _receive(subject: Subject) -> Counted:
    tenant = subject.tenant(["/received"])
    path = subject.gateway.source(tenant, {**SOURCE, "secrets": [_SECRET]})
    subject.publish(received_request(path, subject.options.size, _SECRET), bare=True)
    return _counted(subject)


def _save(subject: Subject) -> Counted:
    tenant = subject.tenant(["/saved"])
    subject.publish(saved_request(tenant.token, subject.options.size, _MARK), bare=True, mark=_MARK)
    return _counted(subject)


def _counted(subject: Subject) -> Counted:
    """Of requests whose answers hold no id of an event: what is lost is what was accepted and did not arrive."""
    rig, options = subject.rig, subject.options
    time.sleep(options.accept_seconds / 3)
    window = rig.window(options.accept_seconds)
    accepted = rig.stopped()
    if not accepted.accepted:
        raise RuntimeError(f"The gateway accepted nothing: {accepted.fault}")
    lost = max(0, accepted.accepted - rig.arrived(accepted.accepted))
    counts = {"lost": lost, "duplicated": 0, "refused": accepted.refused, "expected": accepted.accepted}
    return window.accepted / window.seconds, counts


def open_loop(subject: Subject, base: Base) -> OpenLoop:
    options = subject.options
    paths = ["/open/0"]
    tenant = subject.tenant(paths)
    stream = Stream(rate=options.rate, requests=(publish_request(tenant.token, options.size),))
    published = subject.publish_openly([stream], options.warm_up + options.open_seconds)
    since = published.began + round(options.warm_up * 1e9)
    audited = subject.rig.settled([paths], published.accepted, since)
    return OpenLoop(
        **told(published, audited),
        rate=options.rate,
        p50_ms=audited.p50_ms,
        p99_ms=audited.p99_ms,
        max_ms=audited.max_ms,
        late_p99_ms=published.late_p99_ms,
        ratio_to_aiohttp=ratio(options.rate, base.posts_per_s),
    )


def told(published: Published, audited: Audited) -> dict[str, int]:
    """The fields of Row. Raises RuntimeError when nothing was measured at all."""
    if not published.accepted:
        raise RuntimeError(f"The gateway accepted nothing: {published.fault or 'no answer holds an id'}")
    return {
        "lost": audited.lost,
        "duplicated": audited.duplicated,
        "refused": published.refused,
        "expected": audited.expected,
    }
