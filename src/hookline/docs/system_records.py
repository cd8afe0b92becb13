"""The records of a system in words: every rule and deadline of its file."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from hookline.docs.markdown import code, codes, one_line, table
from hookline.docs.words import span
from hookline.model.record_rules import RecordDeadline, RecordKind, RecordRule, Scalar

_WHOLE = "{record}"


def record_section(name: str, kind: RecordKind) -> str:
    rows = [(code(event), _when(rule), _more(rule)) for event, rule in kind.events.items()]
    rows += [(code(event), _passes(rule), _more(rule)) for event, rule in kind.deadlines.items()]
    told = " ".join((f"**Record {code(name)}.** {kind.description}", *_facts(kind)))
    return one_line(told) + "\n\n" + table(("makes", "when", "and"), rows)


def _facts(kind: RecordKind) -> Iterator[str]:
    if required := kind.schema.get("required"):
        yield f"Its state must have {codes(required)}."
    if kind.data != _WHOLE:
        yield f"The data of its events: {_tree(kind.data)}."
    if kind.ignored:
        yield f"A change of {codes(kind.ignored)} alone is none."
    if kind.internal:
        yield f"Kept, and told in no event: {codes(kind.internal)}."
    if kind.closed:
        yield f"No date of it counts any more when {_values(kind.closed)}."
    if kind.delivery:
        fields = f"{code(kind.delivery.status)} and {code(kind.delivery.error)}"
        yield f"How the deliveries of its events go stands in {fields}."


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
    return f"{code(rule.at)} passes" if not rule.after else f"{span(rule.after)} after {code(rule.at)}"


def _more(rule: RecordRule | RecordDeadline) -> str:
    found: list[str] = []
    if isinstance(rule, RecordRule) and rule.also:
        found.append(f"speaks of {codes(rule.also)} too")
    found += [f"tells {code(field)} as {_tree(value)}" for field, value in rule.set.items()]
    if rule.data is not None:
        found.append(f"has the data {_tree(rule.data)}")
    return "; ".join(found)


def _tree(value: object) -> str:
    return code(msgspec.json.encode(value).decode())


def _values(wanted: Mapping[str, Scalar | list[Scalar]] | Mapping[str, list[Scalar]]) -> str:
    return " and ".join(f"{code(field)} is {_any(value)}" for field, value in wanted.items())


def _any(value: Scalar | Sequence[Scalar]) -> str:
    values = value if isinstance(value, list) else [value]
    return " or ".join(code(msgspec.json.encode(one).decode().strip('"')) for one in values)
