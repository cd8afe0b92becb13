"""presets.md, from the catalogue, and preset-language.md, from the language that its files are written in."""

import inspect
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

import msgspec

from hookline.catalog.loader import load_presets
from hookline.docs.language import enum_section, struct_section
from hookline.docs.markdown import block, code, codes, one_line, page, table
from hookline.model import preset as language
from hookline.model.case import RESERVED, VARIABLES, Action, CaseRule
from hookline.model.conversation import (
    ConversationFile,
    Ending,
    SampleEvent,
    SampleRemote,
    SampleReply,
    SampleRequest,
)
from hookline.model.endpoint import BasicAuth, BearerAuth, HeaderAuth, NoAuth, OAuth2Auth, Rate
from hookline.model.preset import (
    Answers,
    Kept,
    Preset,
    PresetAction,
    PresetFind,
    PresetRequest,
    Refusal,
)
from hookline.model.retry import Exponential, Fixed, Schedule

_ABOUT = """A preset is a ready endpoint for another system. An endpoint names one in `preset` and says in `settings` what it asks for; it
has no URL of its own. Each event speaks of a case (`cases` of its [system](systems.md), or for events of none the rules of
`cases.yaml`): the first makes a ticket or a message there, and later ones change, comment and close the same, where the other system
tells what it made. A running gateway tells the same, with your own presets, at `GET /v1/presets` and by `hookline presets list`. How to
choose one, try it and use it: [open tickets in other systems](../how-to/open-tickets-elsewhere.md); one of your own is a folder:
[add a preset](../how-to/add-a-preset.md).

*Exactly one*: of one case one thing is made, even where an answer was lost; elsewhere another may be made then. Secrets are sealed, and
never shown again."""
_LANGUAGE = """A preset is a folder with `preset.yaml`, with `notes.md` for whoever runs the endpoint, and with `samples/*.yaml`, each a
whole conversation. Those of Hookline are in [the list](presets.md); yours stand in the folder that the setting `catalog` names, as
`presets/NAME/` ([add a preset](../how-to/add-a-preset.md)); one of the same name takes the place of ours. Everything is checked at the start, and refused with
file, line and field: templates that do not compile or read what is not there, a schema that is no form, actions that could never run."""
_CASES = """Which case an event speaks of stands in `cases` of its [system](system-language.md), and for events of no system in `cases.yaml`
of the folder that the setting `catalog` names; rules there go before those of Hookline. Variables have any names but {reserved}; presets
count on these, of which each but `case_id` may be empty:"""
_KEYS = """In a JSON template each text is a template of its own, and stays text unless it ends in `| typed`. Keys are no templates. A key that
ends in `?` is left out, without the `?`, when its value is empty; an object with the key `"?"` is left out when that comes out as nothing
or `false`. The filters have [their own page](template-filters.md)."""
_EXAMPLE = "generic"
_REQUESTS = (PresetAction, PresetRequest, PresetFind, Kept, Answers, Refusal)
_AUTHS = (NoAuth, BasicAuth, BearerAuth, HeaderAuth, OAuth2Auth)
_POLICIES = (Schedule, Fixed, Exponential)
_SAMPLES = (ConversationFile, SampleEvent, SampleRemote, SampleRequest, SampleReply)
_HEADING = re.compile(r"^(#+) ", re.MULTILINE)


def presets_page() -> str:
    found = [preset for _, preset in sorted(load_presets().items())]
    head = ("preset", "title", "needs", "actions", "same ticket for later events", "exactly one")
    return page(
        "Presets",
        "src/hookline/catalog/presets",
        _ABOUT,
        table(head, map(_row, found)),
        *map(_section, found),
    )


def preset_language_page() -> str:
    file = resources.files("hookline.catalog") / "presets" / _EXAMPLE / "preset.yaml"
    told = inspect.cleandoc(language.__doc__ or "").partition("\n\n")[2]
    return page(
        "The language of presets",
        "src/hookline/model/preset.py, case.py and conversation.py",
        _LANGUAGE,
        f"For example, `{_EXAMPLE}/preset.yaml`:",
        block(file.read_text("utf-8"), "yaml"),
        "## Templates",
        told,
        _KEYS,
        "## preset.yaml",
        struct_section(Preset, but=("name", "notes")),
        *(struct_section(kind) for kind in _REQUESTS),
        enum_section(Action),
        struct_section(Rate),
        "`kind` says which way to sign in it is: `none`, `basic`, `bearer`, `header` or `oauth2`.",
        *(struct_section(kind) for kind in _AUTHS),
        "`kind` says which way to try again it is: `schedule`, `fixed` or `exponential`.",
        *(struct_section(kind) for kind in _POLICIES),
        "## Cases",
        _CASES.format(reserved=codes(sorted(RESERVED))),
        table(("variable", "what it is"), ((code(name), text) for name, text in VARIABLES.items())),
        struct_section(CaseRule),
        "## samples/*.yaml",
        *(struct_section(kind) for kind in _SAMPLES),
        enum_section(Ending),
    )


def _row(preset: Preset) -> tuple[str, ...]:
    return (
        f"[{code(preset.name)}](#{preset.name})",
        preset.title,
        codes(preset.settings.get("required", ())),
        codes(preset.actions),
        "yes" if preset.remembers else "no",
        "yes" if preset.once else "no",
    )


def _section(preset: Preset) -> str:
    about = f"**{preset.title}** ([documentation]({preset.url})). {one_line(preset.description)}"
    parts = (
        f"## {code(preset.name)}",
        about,
        _settings(preset.settings),
        "\n".join(f"- {one_line(text)}" for text in _facts(preset)),
        _under(preset),
    )
    return "\n\n".join(filter(None, parts))


def _settings(schema: Mapping[str, Any]) -> str:
    properties = schema.get("properties") or {}
    if not properties:
        return ""
    needed = schema.get("required", ())
    rows = (_setting(name, one, needed=name in needed) for name, one in properties.items())
    return table(("setting", "default", "what it is"), rows)


def _setting(name: str, one: Mapping[str, Any], *, needed: bool) -> tuple[str, ...]:
    default = "must be given" if needed and "default" not in one else _json(one.get("default"))
    told = [f"**{one['title']}.**", one_line(one["description"])]
    told += [f"One of {codes(map(str, one['enum']))}."] if "enum" in one else []
    told += ["It is a secret."] if one.get("writeOnly") else []
    return code(name), default, " ".join(told)


def _json(value: object) -> str:
    return "" if value in (None, "") else code(msgspec.json.encode(value).decode())


def _facts(preset: Preset) -> Iterator[str]:
    for name, action in preset.actions.items():
        before = [f"{code(f'{one.method} {one.url}'.strip())}" for one in action.before.values()]
        first = f", after {', '.join(before)}" if before else ""
        yield f"{code(name)}: {code(f'{action.method} {action.url}'.strip())}{first}"
    if preset.find is not None:
        yield f"Looks for what is there already by {code(f'{preset.find.method} {preset.find.url}'.strip())}."
    if preset.rate is not None:
        yield f"At most {preset.rate.count} requests in {preset.rate.seconds:g} s, unless the endpoint says otherwise."
    if preset.max_bytes is not None:
        yield f"A body has at most {preset.max_bytes:,} bytes."
    yield f"An attempt takes {preset.timeout:g} s at most."


def _under(preset: Preset) -> str:
    """Its notes, below the section's heading. A first heading that says the title again is left out."""
    notes = re.sub(r"\A# [^\n]*\n+", "", preset.notes)
    return _HEADING.sub(lambda found: f"#{found[1]} " if len(found[1]) > 1 else "### ", notes)
