"""systems.md, from the catalogue."""

from collections.abc import Iterator

import msgspec

from hookline.catalog.loader import load_dialects, load_providers, load_systems
from hookline.deliver.retry import delay_before
from hookline.docs.markdown import block, code, one_line, page, table
from hookline.model.retry import AnyRetryPolicy
from hookline.model.system import SecretRule, System, SystemEvent

_ABOUT = """A system is a webhook system that Hookline stands in for: its event types, its wire format, its retries. A running
gateway tells the same, with systems of your own, at `GET /v1/systems` and by `hookline systems list`; `hookline systems show NAME
--type TYPE` prints the schema of an event type.

Your own stand in the folder that the setting `catalog` names, as `systems/NAME/system.yaml`. A name that Hookline uses is refused.
Everything is checked at the start, and refused with file and field; each example must fit its schema."""
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
        table(("event type", "when"), rows),
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
