"""Reads the samples of a preset: `samples/*.yaml`, each a whole conversation."""

from collections.abc import Mapping, Sequence
from importlib.resources.abc import Traversable

import msgspec

from hookline.catalog.json_tree import check_json
from hookline.catalog.mistakes import mistakes_of
from hookline.catalog.preset_settings import checked
from hookline.catalog.strict_yaml import read_yaml
from hookline.errors import InvalidField
from hookline.model.conversation import Conversation, ConversationFile, Ending, SampleEvent, SampleRequest
from hookline.model.json import nearest
from hookline.model.preset import Preset
from hookline.model.system import System

FOLDER = "samples"
SUFFIX = ".yaml"
_FAILURES = frozenset({Ending.RETRY, Ending.DEAD})


def read_conversations(folder: Traversable) -> Sequence[Conversation]:
    """Of a preset's folder, by name; empty where there are none. Raises CatalogError, with file, line and field."""
    shelf = folder / FOLDER
    if not shelf.is_dir():
        return []
    files = sorted((one for one in shelf.iterdir() if one.name.endswith(SUFFIX)), key=lambda one: one.name)
    return [_read(file) for file in files]


def check_conversation(told: ConversationFile, preset: Preset, systems: Mapping[str, System]) -> None:
    """Whether it can be played at all. Raises InvalidField."""
    checked(preset, told.settings)
    data_of(told.event, systems)


def data_of(event: SampleEvent, systems: Mapping[str, System]) -> object:
    """Its own, or the example of its system. Raises InvalidField."""
    if not event.system:
        return None if event.data is msgspec.UNSET else event.data
    system = systems.get(event.system)
    if system is None:
        raise _absent("system", event.system, systems)
    if event.type not in system.events:
        raise _absent("type", event.type, system.events)
    return system.events[event.type].example if event.data is msgspec.UNSET else event.data


def _read(file: Traversable) -> Conversation:
    given = read_yaml(file)
    with mistakes_of(file):
        told = msgspec.convert(given, ConversationFile)
        _check(told)
    return Conversation(name=file.name.removesuffix(SUFFIX), told=told)


def _check(told: ConversationFile) -> None:
    check_json("settings", told.settings)
    if told.event.data is not msgspec.UNSET:
        check_json("event.data", told.event.data)
    elif not told.event.system:
        raise InvalidField("An event of no system says its data.", hint="Give data or system.", field="event")
    if (told.outcome in _FAILURES) != bool(told.reason):
        raise InvalidField("A failure has a reason, and nothing else has.", field="reason")
    for position, request in enumerate(told.requests):
        _check_request(f"requests[{position}]", request)


def _check_request(field: str, request: SampleRequest) -> None:
    if request.json is not msgspec.UNSET and request.body:
        raise InvalidField("A request has json or a body.", field=f"{field}.body")
    if request.answer.json is not msgspec.UNSET and request.answer.text:
        raise InvalidField("An answer has json or a text.", field=f"{field}.answer.text")
    for place, tree in (("json", request.json), ("answer.json", request.answer.json)):
        if tree is not msgspec.UNSET:
            check_json(f"{field}.{place}", tree)


def _absent(noun: str, name: str, known: Mapping[str, object]) -> InvalidField:
    meant = nearest(name, known)
    hint = f"Did you mean {meant}?" if meant else f"There are: {', '.join(known)}."
    return InvalidField(f"There is no {noun} {name:.64}.", hint=hint, field=f"event.{noun}")
