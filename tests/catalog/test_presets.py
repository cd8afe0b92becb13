"""Presets: a folder is its own registration, and a mistake is told with file, line and field."""

from pathlib import Path

import pytest

from hookline.catalog.loader import load_presets
from hookline.errors import CatalogError
from hookline.model.case import Action
from tests.catalog.presets import GOOD, lamps, put


def test_a_folder_is_its_own_registration(tmp_path: Path) -> None:
    found = lamps(tmp_path)
    assert (found.name, found.notes) == ("lamps", "# Lamps\n\nMake a token with the right `write`.")
    assert list(found.actions) == [Action.CREATE, Action.UPDATE, Action.COMMENT]


def test_a_users_preset_takes_the_place_of_one_of_the_same_name(tmp_path: Path) -> None:
    ours = load_presets()
    name = next(iter(ours), "lamps")
    found = load_presets(put(tmp_path, name=name))
    assert found[name].title == "Lamps"
    assert found.keys() == ours.keys() | {name}


MISTAKES = [
    ("title: Lamps", "titel: Lamps", "titel", "not known here"),
    ("title: Lamps", "title: Lamps\nname: x", "name", "named by its folder"),
    ("title: Lamps", "title: Lamps\nnotes: x", "notes", "Move them there"),
    ("title: Lamps", "title: Lamps\ndialect: plane", "dialect", "Did you mean plain?"),
    ("type: object\n  add", "type: array\n  add", "settings", "no properties but"),
    ("additionalProperties: false", "additionalProperties: true", "settings", "no properties but"),
    ("required: [site, token]", "required: [site, tokn]", "settings.required", "Did you mean token?"),
    ("required: [site, token]", "required: site", "settings", "not a JSON Schema"),
    ("title: Room, ", "", "settings.properties.room", "no title"),
    ("description: Which.", "description: ' '", "settings.properties.room", "no description"),
    ("    room:", "    Room:", "settings.properties.Room", "lower-case"),
    ("default: hall", "default: 5", "settings.properties.room.default", "does not fit"),
    ('examples: ["https', 'examples: ["ftp', "settings.properties.site.examples[0]", "does not fit"),
    ("writeOnly: true", "writeOnly: true, default: x", "settings.properties.token", "no default"),
    (
        "type: string, minLength: 4, writeOnly",
        "type: integer, writeOnly",
        "settings.properties.token",
        "of type string",
    ),
    ("minLength: 4, writeOnly", "writeOnly", "settings.properties.token", "Write minLength: 4, or more."),
    ("minLength: 4, writeOnly", "minLength: 3, writeOnly", "settings.properties.token", "masked"),
    (
        "type: object, additionalProperties: {type: [string, integer]}",
        "type: object, properties: {low: {}}",
        "settings.properties.priority",
        "no forms within",
    ),
    ("pattern: ", "pattern: '(', x: ", "settings", "JSON Schema"),
    ("    setting: site", "    setting: sight", "refuses[0].setting", "Did you mean site?"),
    ("settings.site contains", "subject contains", "refuses[0].when", "only settings"),
    ('endif %}"\n    setting', 'endif"\n    setting', "refuses[0].when", "Line 1, column"),
    ('base: "{{ settings.site }}/api"', 'base: "{{ data.site }}"', "base", "only settings"),
    ('base: "{{ settings.site }}/api"', 'base: ""', "base", "must be said"),
    (
        'base: "{{ settings.site }}/api"',
        'base: "{{ settings.sight }}"',
        "base",
        "Did you mean settings.site?",
    ),
    ('token: "{{ settings.token }}"', 'token: "{{ answer.token }}"', "auth.token.token", "only settings"),
    ("auth: {token:", "auth: {none: {kind: none}, token:", "auth", "[none, token]"),
    ("X-Lamp:", "X Lamp:", "headers.X Lamp", "HTTP does not allow"),
    ("{{ reference }}", "{{ reference", "headers.X-Lamp", "Line 1"),
    ("{{ reference }}", "{{ answer.x }}", "headers.X-Lamp", "No answer has come"),
    (
        "priority: {type: object, additionalProperties: {type: [string, integer]}",
        "priority: {type: string",
        "maps.priority",
        "Make it an object",
    ),
    ("{low: dim,", "{low: [dim],", "maps[...][...]", "Expected"),
    ("\n  create:\n", "\n  creat:\n", "actions", "Invalid enum value"),
    ("\n  create:\n", "\n  close:\n", "actions", "has an action create"),
    (
        '    kept: {id: "{{ answer.id }}"',
        '    kept: {idd: "{{ answer.id }}"',
        "actions[...].kept.idd",
        "not known",
    ),
    ("answer.items[0].id }}", "before.now.id }}", "find.kept.id", "no before.now"),
    ("answers: {", "natural: true\nanswers: {", "find", "nothing to look for"),
    (
        'name: "{{ subject | cut: 100 }}"\n',
        'name: "{{ subject | kut: 100 }}"\n',
        "actions.create.body.name",
        "kut",
    ),
    (
        '"text?": "{{ description }}"',
        '"text?": "{{ settings.txt }}"',
        "actions.create.body.text?",
        "settings.txt",
    ),
    ("{{ answer.etag }}", "{{ answer.etag | }}", "actions.create.kept.keep.etag", "Line 1"),
    ("{{ remote.etag }}", "{{ remote.etagg }}", "actions.update.headers.If-Match", "remote.etag?"),
    ("before.now.count", "before.then.count", "actions.update.body.count", "no before.then"),
    (
        "{{ before.now.broken }}",
        "{{ before.then }}",
        "actions.update.fails_if.The lamp {{ remote.id }} is broken.",
        "no before.then",
    ),
    (
        '"The lamp {{ remote.id }}',
        '"The lamp {{ remote.no }}',
        "actions.update.fails_if.The lamp {{ remote.no }} is broken.",
        "no remote.no",
    ),
    ("url: /lamps\n", "url: lamps\n", "actions.create.url", "no value can change the host"),
    ("url: /lamps\n", 'url: "{{ data.url }}"\n', "actions.create.url", "no value can change the host"),
    ('text: "{{ comment }}"', 'text: "{{ comment }}", body: {}', "actions.comment.text", "a body or a text"),
    ('text: "{{ comment }}"', "body: {at: 2024-01-01}", "actions.comment.body.at", "quotes"),
    ("      now: {", "      n-w: {", "actions.update.before.n-w", "letters"),
    (
        '{{ subject | cut: 100 }}", count',
        '{{ event.tipe }}", count',
        "actions.update.body.name",
        "no event.tipe",
    ),
]


@pytest.mark.parametrize(("old", "new", "field", "said"), MISTAKES)
def test_a_mistake_is_told_with_its_line_and_field(
    tmp_path: Path, old: str, new: str, field: str, said: str
) -> None:
    assert old in GOOD
    with pytest.raises(CatalogError) as refusal:
        load_presets(put(tmp_path, GOOD.replace(old, new)))
    told = f"{refusal.value.detail} {refusal.value.hint}"
    assert "lamps/preset.yaml:" in told
    assert said in told
    assert refusal.value.field == field


def test_the_line_is_that_of_the_leaf(tmp_path: Path) -> None:
    text = GOOD.replace("settings.room }}", "settings.rom }}")
    number = next(at for at, line in enumerate(text.splitlines(), 1) if "settings.rom" in line)
    with pytest.raises(
        CatalogError, match=rf"preset\.yaml:{number}: actions\.create\.body\.room: There is no"
    ):
        load_presets(put(tmp_path, text))


def test_actions_on_what_is_not_remembered_are_refused(tmp_path: Path) -> None:
    start, end = GOOD.index('    kept: {id: "{{ answer.id'), GOOD.index("  update:\n")
    text = GOOD[:start] + GOOD[end:]
    with pytest.raises(CatalogError) as refusal:
        load_presets(put(tmp_path, text))
    assert refusal.value.field == "actions.update"


@pytest.mark.parametrize(("notes", "said"), [(None, "notes.md is missing"), (" \n", "notes.md is empty")])
def test_notes_must_be_there(tmp_path: Path, notes: str | None, said: str) -> None:
    with pytest.raises(CatalogError, match=said):
        load_presets(put(tmp_path, notes=notes))


def test_several_ways_to_sign_in_are_chosen_by_the_setting_auth(tmp_path: Path) -> None:
    text = GOOD.replace("auth: {token:", "auth: {none: {kind: none}, token:").replace(
        "    room: {",
        "    auth: {enum: [token, none], default: token, title: Auth, description: How.}\n    room: {",
    )
    assert list(load_presets(put(tmp_path, text))["lamps"].auth) == ["none", "token"]


def test_what_a_template_assigns_by_itself_is_no_place_of_ours(tmp_path: Path) -> None:
    base = "{% assign answer = settings.site %}{% for event in settings.priority %}{{ event.x }}{% endfor %}{{ answer }}"
    assert lamps(tmp_path, "{{ settings.site }}/api", base).base == base
