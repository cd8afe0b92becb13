"""Whatever an event holds, each preset makes a well-formed request of it, to its own host, within the limits of its system."""

import html
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hookline.catalog.preset_samples import read_conversations
from hookline.clock import Micros
from hookline.deliver.recipe import Recipe
from hookline.deliver.variables import variables_of
from hookline.deliver.verdict import Asked
from hookline.model.case import VARIABLES, Action
from hookline.model.cases import Case
from hookline.model.conversation import ConversationFile
from hookline.net.request import Request, head_of
from hookline.template.engine import Limits, Scope
from tests.presets.fakes import fakes
from tests.presets.making import PRESETS, asked_of, recipe_of
from tests.presets.playing import PRESETS as FOLDER
from tests.presets.playing import TOKEN

ACTS = [(name, action) for name, preset in PRESETS.items() for action in preset.actions]
CREATED = "service_case.created"
TEXTS = ("subject", "description", "comment", "reason", "resolution", "customer_name", "category")
"""Variables that may be anything; the others have a form in the system that they come from."""
FAKES = fakes()
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
PATIENT = Limits(seconds=10)
"""Time is not what is tested here, and others use this machine too."""
MARK = "mark3d"
"""A text that no preset has of its own."""
LONG = ("x" * 100_000, "😀" * 25_000, '"\\' * 50_000, "line\n" * 20_000, "<&>'" * 25_000, "\x01\x7f" * 20_000)


@cache
def sample_of(preset: str) -> ConversationFile:
    """The first one that has no case yet: what it sends is for a new one."""
    told = [one.told for one in read_conversations(FOLDER / preset) if one.told.remote is None]
    return min(told, key=lambda one: (one.event.type != CREATED, one.attempt, one.outcome != "delivered"))


@cache
def recipe(preset: str) -> Recipe:
    return recipe_of(preset, sample_of(preset).settings)


@cache
def asked_for(preset: str) -> Asked:
    return asked_of(sample_of(preset))


def request_of(preset: str, action: Action, variables: Mapping[str, object]) -> Request:
    """As the event of the sample would make it, with these variables."""
    asked = asked_for(preset)
    case = Case("service_case", "123", action, {"case_id": 123, **variables})
    asked = msgspec.structs.replace(asked, case=case, remote=None, now=Micros(0))
    known = {"id": "SUPPORT-1", "url": "https://example.com/1"}
    seen = {**variables_of(asked), "remote": known, "before": {}, "case_action": str(action)}
    made = recipe(preset)
    scope = Scope({**seen, "settings": made.settings}, maps=made.maps, now=NOON, limits=PATIENT)
    return made.request(made.prepared.acts[action].form, scope, asked)


def texts_in(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, list):
        for one in tree:
            yield from texts_in(one)
    elif isinstance(tree, str):
        yield tree


def body_of(request: Request) -> Any:
    return json.loads(request.body or b"null")


def shows(request: Request, text: str) -> bool:
    """As it is, or as HTML."""
    return any(text in leaf or text in html.unescape(leaf) for leaf in texts_in(body_of(request)))


@pytest.mark.parametrize(("preset", "action"), ACTS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_text_in_any_variable_makes_a_request_to_the_same_host(
    preset: str, action: Action, data: st.DataObject
) -> None:
    text = st.text(max_size=60) | st.none() | st.integers() | st.booleans()
    values = {name: data.draw(text, name) for name in VARIABLES if name != "case_id"}
    made = request_of(preset, action, values)
    head_of(made)
    body_of(made)
    assert made.url.host == urlsplit(recipe(preset).base).hostname


@pytest.mark.parametrize(("preset", "action"), ACTS)
@settings(max_examples=10, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cc", "Cs", "Z"]), min_size=1, max_size=40))
@example(text='"},{"')
@example(text="{{settings.token}}{%raw%}")
@example(text="\\u0041\\")
@example(text="&lt;b&gt;<b>")
def test_a_text_comes_back_as_it_was(preset: str, action: Action, text: str) -> None:
    others = dict.fromkeys(VARIABLES, "")
    for name in told_by(preset, action):
        assert shows(request_of(preset, action, {**others, name: text}), text), name


@cache
def told_by(preset: str, action: Action) -> tuple[str, ...]:
    """Variables that stand in the request."""
    others = dict.fromkeys(VARIABLES, "")
    return tuple(name for name in TEXTS if shows(request_of(preset, action, {**others, name: MARK}), MARK))


@pytest.mark.parametrize(("preset", "action"), ACTS)
@pytest.mark.parametrize("text", LONG, ids=lambda text: ascii(text[:4]))
def test_what_is_too_long_is_cut_to_what_the_system_takes(preset: str, action: Action, text: str) -> None:
    short = dict.fromkeys(TEXTS, text[:10_000])
    made = request_of(preset, action, {**dict.fromkeys(VARIABLES, ""), **short, "description": text})
    body_of(made)
    if preset in FAKES and action is Action.CREATE:
        with FAKES[preset](sample_of(preset).settings) as fake:
            assert 200 <= sent(fake.here(made.url.text), made) < 300
            assert len(fake.tickets) == 1


def sent(url: str, request: Request) -> int:
    """Its status."""
    where = urlsplit(url)
    connection = HTTPConnection(where.netloc, timeout=10)
    try:
        path = f"{where.path}{'?' if where.query else ''}{where.query}"
        headers = {"authorization": TOKEN} | {name.lower(): value for name, value in request.headers}
        connection.request(request.method, path, request.body, headers)
        return connection.getresponse().status
    finally:
        connection.close()
