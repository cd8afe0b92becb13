"""The page of systems tells every fact that the files of the systems hold."""

import re
from collections.abc import Iterator

import pytest

from hookline.catalog.loader import load_dialects, load_providers, load_systems
from hookline.docs.systems import systems_page
from hookline.docs.words import attempts, span
from hookline.model.dialect import Dialect
from hookline.model.record_rules import RecordKind
from hookline.model.retry import Exponential, Fixed, Schedule
from hookline.model.system import System

DIALECTS = load_dialects()
SYSTEMS = load_systems(DIALECTS, load_providers())


def section(name: str) -> str:
    found = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", systems_page(), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def of_system(system: System) -> Iterator[str]:
    yield f"Attempts: {attempts(system.retry)}."
    yield f"Timeout: {system.timeout:g} s."
    yield f"at least {system.secret.minimum} characters" if system.secret.minimum else "any text"
    yield "one is made" if system.secret.made else "nothing is signed"
    yield system.secret.prefix
    yield f"call the tenant `{system.tenant}`" if system.tenant else ""
    for source in system.sources.values():
        yield from (f"POST {path}" for path in source.paths)
    for name, event in system.events.items():
        yield f"| `{name}` | {event.description} |"


def of_dialect(dialect: Dialect) -> Iterator[str]:
    for name, value in dialect.headers.items():
        yield f"| `{name}` | `{value}`"
    yield f"Id: `{dialect.id}`"
    yield f"`{dialect.style.value}`"
    yield "Not signed." if dialect.signing is None else f"Signature: `{dialect.signing.hmac}`"
    yield "In a batch" if dialect.batch else ""


def of_record(name: str, kind: RecordKind) -> Iterator[str]:
    yield f"**Record `{name}`.** {kind.description}"
    fields = (*kind.schema.get("required", ()), *kind.ignored, *kind.internal, *kind.closed)
    yield from (f"`{field}`" for field in fields)
    for event, rule in kind.events.items():
        yield f"| `{event}` | "
        yield from (f"`{field}`" for field in (*rule.became, *rule.changed, *rule.also, *rule.set))
    for event, deadline in kind.deadlines.items():
        when = (
            f"{span(deadline.after)} after `{deadline.at}`" if deadline.after else f"`{deadline.at}` passes"
        )
        yield f"| `{event}` | {when} |"
        yield from (f"tells `{field}` as" for field in deadline.set)
    if kind.delivery:
        yield from (f"`{kind.delivery.status}`", f"`{kind.delivery.error}`")


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_fact_of_a_system_stands_in_its_section(name: str) -> None:
    text, system = section(name), SYSTEMS[name]
    facts = [*of_system(system), *of_dialect(DIALECTS[system.dialect])]
    for record, kind in system.records.items():
        facts += of_record(record, kind)
    assert [fact for fact in facts if fact not in text] == []


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (Fixed(attempts=3, delay=60), "3: at once, then after 60 s, 60 s"),
        (Schedule(delays=(0, 60, 7200)), "3: at once, then after 60 s, 2 h"),
        (Exponential(first=120, factor=2, attempts=3), "3: at once, then after 2 min, 4 min"),
        (Fixed(attempts=1, delay=1), "1: at once"),
    ],
)
def test_a_policy_in_words(policy: Fixed | Schedule | Exponential, words: str) -> None:
    assert attempts(policy) == words
