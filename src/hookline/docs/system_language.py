"""system-language.md: how a system of one's own is written, from the structs that its file is read into."""

import inspect

from hookline.docs.language import enum_section, struct_section
from hookline.docs.markdown import block, page
from hookline.model import record_rules
from hookline.model.case import Action, CaseRule
from hookline.model.record_rules import RecordDeadline, RecordDelivery, RecordKind, RecordRule
from hookline.model.retry import Exponential, Fixed, Schedule
from hookline.model.system import SecretRule, System, SystemEvent, SystemSource

_ABOUT = """A system is a folder with `system.yaml`: event types, wire format, retries, and the rules by which the records of its
objects make events. Those of Hookline are in [the list](systems.md); yours stand in the folder that the setting `catalog` names, as
`systems/NAME/system.yaml`. Nothing else is touched. Everything is checked at the start, and refused with file, line and field: unknown
fields, rules over fields that a record has not, a deadline over a field that is no date, examples that do not fit their schema."""
_CASES = """What an event says of a case, for endpoints with a [preset](presets.md): a ticket in another system. `kind` and id make one queue;
they are those of the record, where there is one."""
EXAMPLE = """title: Lamps
description: Lamps of a house, and when they burn.
dialect: pbx
retry: {kind: fixed, attempts: 3, delay: 5, jitter: 0}
timeout: 10
events:
  lamp.lit:
    description: A lamp is switched on.
    schema: &lamp
      type: object
      required: [id, state]
      properties:
        id: {type: string}
        state: {type: string, enum: ["on", "off"]}
        until: {type: [string, "null"], format: date-time}
    example: &burning {id: hall, state: "on", until: "2026-11-22T22:00:00Z"}
  lamp.forgotten:
    description: A lamp burns longer than it should.
    schema: *lamp
    example: *burning
records:
  lamp:
    description: A lamp.
    schema: *lamp
    example: *burning
    closed: {state: ["off"]}
    events:
      lamp.lit: {created: true, became: {state: "on"}}
    deadlines:
      lamp.forgotten: {at: until, after: 60}
cases:
  - events: ["*"]
    kind: lamp
    id: id
    variables: {status: state}
    texts: {subject: "Lamp {case_id}"}
    closed: {status: ["off"]}
"""
_STRUCTS = (SystemEvent, SecretRule, SystemSource)
_POLICIES = (Schedule, Fixed, Exponential)
_RECORDS = (RecordKind, RecordRule, RecordDeadline, RecordDelivery)


def system_language_page() -> str:
    told = inspect.cleandoc(record_rules.__doc__ or "").partition("\n\n")[2]
    return page(
        "The language of systems",
        "src/hookline/model/system.py, record_rules.py and retry.py",
        _ABOUT,
        "For example, `lamps/system.yaml`:",
        block(EXAMPLE, "yaml"),
        "After that, `hookline systems enable lamps`, an endpoint with `--system lamps`, and a lamp that is saved as `on` makes `lamp.lit`: "
        "[record](../nouns/record.md).",
        "## system.yaml",
        struct_section(System, but=("name",)),
        *(struct_section(kind) for kind in _STRUCTS),
        "## Retries",
        "`kind` says which of them it is: `schedule`, `fixed` or `exponential`.",
        *(struct_section(kind) for kind in _POLICIES),
        "## Records",
        told,
        *(struct_section(kind) for kind in _RECORDS),
        "## Cases",
        _CASES,
        struct_section(CaseRule),
        enum_section(Action),
    )
