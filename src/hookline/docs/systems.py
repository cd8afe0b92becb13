"""systems.md, from the catalogue."""

from collections.abc import Iterator, Sequence

import msgspec

from hookline.catalog.loader import load_dialects, load_providers, load_systems
from hookline.deliver.retry import delay_before
from hookline.docs.markdown import block, code, one_line, page, table
from hookline.docs.own_paths import own_paths
from hookline.model.record_rules import RecordDeadline, RecordKind, RecordRule, Scalar
from hookline.model.retry import AnyRetryPolicy
from hookline.model.system import SecretRule, System, SystemEvent

_ABOUT = """A system is a webhook system that Hookline stands in for: its event types, its wire format, its retries. A running
gateway tells the same, with systems of your own, at `GET /v1/systems` and by `hookline systems list`; `hookline systems show NAME
--type TYPE` prints the schema of an event type.

Your own stand in the folder that the setting `catalog` names, as `systems/NAME/system.yaml`. A name that Hookline uses is refused.
[The language of systems](system-language.md) says how. Everything is checked at the start, and refused with file, line and field; each
example must fit its schema.

Paths that a system has of its own are served for the tenants that enabled it, under the host or prefix that `hookline systems enable` gave
them. A key is sent as `Authorization: Bearer hk_…`, and says the tenant. [Own paths](own-paths.md) has their bodies, answers and statuses."""
_MINUTE = 60


def systems_page() -> str:
    found = [one for _, one in sorted(load_systems(load_dialects(), load_providers()).items())]
    head = ("system", "title", "event types", "dialect")
    return page(
        "Systems",
        "src/hookline/catalog/systems",
        _ABOUT,
        table(head, (_row(system) for system in found)),
        *(_section(system) for system in found),
    )


def _row(system: System) -> tuple[str, ...]:
    return f"[`{system.name}`](#{system.name})", system.title, str(len(system.events)), code(system.dialect)


def _section(system: System) -> str:
    rows = [(code(name), event.description) for name, event in system.events.items()]
    parts = (
        f"## {system.name}",
        one_line(f"**{system.title}.** {system.description}"),
        "\n".join(f"- {line}" for line in _lines(system)),
        *filter(None, (own_paths(system.name),)),
        table(("event type", "when"), rows),
        *(_record(name, kind) for name, kind in system.records.items()),
        *(_example(name, event) for name, event in system.events.items()),
    )
    return "\n\n".join(parts)


def _lines(system: System) -> Iterator[str]:
    yield f"Attempts: {attempts(system.retry)}."
    yield f"Timeout: {system.timeout:g} s."
    yield f"Secret: {_secret(system.secret)}."
    for source in system.sources.values():
        paths = ", ".join(code(f"POST {path}") for path in source.paths)
        provider = f"[`{source.provider}`](providers.md#{source.provider})"
        yield one_line(f"Receives at {paths}, by the provider {provider}: {source.description}")


def attempts(policy: AnyRetryPolicy) -> str:
    """`3: at once, then after 60 s, 60 s`."""
    delays: list[str] = []
    while (delay := delay_before(policy, len(delays) + 1, draw=0)) is not None:
        delays.append(_span(delay))
    return f"{len(delays) + 1}: at once" + (f", then after {', '.join(delays)}" if delays else "")


def _span(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"{seconds:g} s"
    minutes = seconds / _MINUTE
    return f"{minutes:g} min" if minutes < 2 * _MINUTE else f"{minutes / _MINUTE:g} h"


def _secret(rule: SecretRule) -> str:
    least = f"at least {rule.minimum} characters" if rule.minimum else "any text"
    without = "one is made where none is given" if rule.made else "without one, nothing is signed"
    return f"{least}; {without}"


def _example(name: str, event: SystemEvent) -> str:
    shown = msgspec.json.format(msgspec.json.encode(event.example), indent=2).decode()
    return f"{code(name)}\n\n{block(shown, 'json')}"


def _record(name: str, kind: RecordKind) -> str:
    rows = [(code(event), _when(rule)) for event, rule in kind.events.items()]
    rows += [(code(event), _passes(rule)) for event, rule in kind.deadlines.items()]
    told = [f"**Record {code(name)}.** {kind.description}"]
    if kind.closed:
        told.append(f"No date of it counts any more when {_values(kind.closed)}.")
    if kind.delivery:
        fields = f"{code(kind.delivery.status)} and {code(kind.delivery.error)}"
        told.append(f"How the deliveries of its events go stands in {fields}.")
    return one_line(" ".join(told)) + "\n\n" + table(("makes", "when"), rows)


def _when(rule: RecordRule) -> str:
    """As the rules are read: of several conditions on a change, any one will do."""
    found: list[str] = []
    if rule.created:
        found.append("it is new" + (f" and {_values(rule.became)}" if rule.became else ""))
    if rule.became:
        found.append(
            " and ".join(f"{code(field)} becomes {_any(value)}" for field, value in rule.became.items())
        )
    found += [f"{code(field)} is set to another value" for field in rule.changed]
    if rule.updated:
        found.append("a field changes that no other event speaks of")
    return ", or ".join(found)


def _passes(rule: RecordDeadline) -> str:
    return f"{code(rule.at)} passes" if not rule.after else f"{_span(rule.after)} after {code(rule.at)}"


def _values(wanted: dict[str, Scalar | list[Scalar]] | dict[str, list[Scalar]]) -> str:
    return " and ".join(f"{code(field)} is {_any(value)}" for field, value in wanted.items())


def _any(value: Scalar | Sequence[Scalar]) -> str:
    values = value if isinstance(value, list) else [value]
    return " or ".join(code(msgspec.json.encode(one).decode().strip('"')) for one in values)
