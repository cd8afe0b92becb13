"""What a preset must keep to beyond the types of its fields, checked when the catalogue is loaded."""

from collections.abc import Collection, Iterator, Mapping

import msgspec

from hookline.catalog.dialect_rules import TOKEN
from hookline.catalog.preset_templates import Seen, check_text, check_tree
from hookline.catalog.setting_rules import check_settings_schema, properties_of
from hookline.errors import InvalidField
from hookline.model.case import Action
from hookline.model.json import nearest
from hookline.model.preset import Kept, Preset, PresetAction, PresetRequest

_BEGINNINGS = ("/", "?", "&", "{%")


def check_preset(preset: Preset, dialects: Collection[str]) -> None:
    """Raises InvalidField, with the field. `dialects`: the names of those that there are."""
    if preset.dialect not in dialects:
        meant = nearest(preset.dialect, dialects)
        hint = f"Did you mean {meant}?" if meant else ""
        raise InvalidField(f"There is no dialect {preset.dialect!r:.100}.", hint=hint, field="dialect")
    check_settings_schema(preset.settings)
    _check_auth(preset)
    _check_maps(preset)
    _check_memory(preset)
    _check_settings_alone(preset)
    seen = Seen(settings=frozenset(properties_of(preset.settings)), remote=_remembered(preset))
    _check_headers("headers", preset.headers, seen)
    if preset.find is not None:
        _check_request("find", preset.find, seen)
        _check_kept("find.kept", preset.find.kept, seen)
    for name, action in preset.actions.items():
        _check_action(f"actions.{name}", action, seen)


def _check_auth(preset: Preset) -> None:
    """Of several, the setting `auth` chooses one: it must know the same names."""
    if len(preset.auth) <= 1:
        return
    chosen = properties_of(preset.settings).get("auth", {}).get("enum", [])
    if set(chosen) != preset.auth.keys():
        raise InvalidField(
            "There are several ways to sign in, and no setting `auth` that chooses one of them.",
            hint=f"Give the setting auth the enum [{', '.join(preset.auth)}].",
            field="auth",
        )


def _check_maps(preset: Preset) -> None:
    properties = properties_of(preset.settings)
    for name in preset.maps:
        if name in properties and properties[name].get("type") != "object":
            raise InvalidField(
                f"The setting {name} goes before the map of its name, and is none itself.",
                hint="Make it an object, or name it otherwise.",
                field=f"maps.{name}",
            )


def _check_memory(preset: Preset) -> None:
    """An action on what exists there needs what was kept when it was made."""
    create = preset.actions.get(Action.CREATE)
    if create is None:
        raise InvalidField("A preset has an action create.", field="actions")
    if create.kept is None and len(preset.actions) > 1:
        other = next(name for name in preset.actions if name is not Action.CREATE)
        raise InvalidField(
            "Nothing of what create makes is kept, so this action never runs.",
            hint="Say in create.kept where its id stands.",
            field=f"actions.{other}",
        )
    if preset.find is not None and create.kept is None:
        raise InvalidField("What is found is kept, so create must say what it keeps, too.", field="find")
    if preset.find is not None and preset.natural:
        raise InvalidField(
            "Where the other system makes one thing of one reference there is nothing to look for.",
            hint="Leave out find or natural.",
            field="find",
        )


def _remembered(preset: Preset) -> frozenset[str]:
    kept = [action.kept for action in (*preset.actions.values(), preset.find) if action is not None]
    return frozenset({"id", "url"}.union(*(one.keep for one in kept if one is not None)))


def _check_settings_alone(preset: Preset) -> None:
    properties = properties_of(preset.settings)
    alone = Seen(settings=frozenset(properties), only_settings=True)
    check_text("base", preset.base, alone)
    if not preset.base:
        raise InvalidField("Where every URL begins must be said.", field="base")
    for name, auth in preset.auth.items():
        for part, text in msgspec.structs.asdict(auth).items():
            if isinstance(text, str):
                check_text(f"auth.{name}.{part}", text, alone)
    for position, refusal in enumerate(preset.refuses):
        check_text(f"refuses[{position}].when", refusal.when, alone)
        if refusal.setting not in properties:
            meant = nearest(refusal.setting, properties)
            raise InvalidField(
                f"There is no setting {refusal.setting:.64}.",
                hint=f"Did you mean {meant}?" if meant else "",
                field=f"refuses[{position}].setting",
            )


def _check_action(field: str, action: PresetAction, seen: Seen) -> None:
    for name, request in action.before.items():
        if not name.isidentifier():
            raise InvalidField("A name is letters, digits and underscores.", field=f"{field}.before.{name}")
        _check_request(f"{field}.before.{name}", request, seen)
        seen = msgspec.structs.replace(seen, before=seen.before | {name})
    _check_request(field, action, seen)
    answered = msgspec.structs.replace(seen, answer=True)
    check_text(f"{field}.done_if", action.done_if, answered)
    for name, text in action.fails_if.items():
        check_text(f"{field}.fails_if.{name}", text, answered)
        check_text(f"{field}.fails_if.{name}", name, answered)
    if action.kept is not None:
        _check_kept(f"{field}.kept", action.kept, seen)


def _check_request(field: str, request: PresetRequest, seen: Seen) -> None:
    if request.body is not None and request.text:
        raise InvalidField("A request has a body or a text.", field=f"{field}.text")
    if request.url and not request.url.startswith(_BEGINNINGS):
        raise InvalidField(
            "What follows the base begins with /, ? or &, so that no value can change the host.",
            field=f"{field}.url",
        )
    check_text(f"{field}.method", request.method, seen)
    check_text(f"{field}.url", request.url, seen)
    check_text(f"{field}.text", request.text, seen)
    check_tree(f"{field}.body", request.body, seen)
    _check_headers(f"{field}.headers", request.headers, seen)


def _check_headers(field: str, headers: Mapping[str, str], seen: Seen) -> None:
    for name, text in headers.items():
        if not TOKEN.fullmatch(name):
            raise InvalidField("A name that HTTP does not allow.", field=f"{field}.{name}")
        check_text(f"{field}.{name}", text, seen)


def _check_kept(field: str, kept: Kept, seen: Seen) -> None:
    answered = msgspec.structs.replace(seen, answer=True)
    for place, text in _kept_texts(kept):
        check_text(f"{field}.{place}", text, answered)


def _kept_texts(kept: Kept) -> Iterator[tuple[str, str]]:
    yield "id", kept.id
    yield "link", kept.link
    for name, text in kept.keep.items():
        yield f"keep.{name}", text
