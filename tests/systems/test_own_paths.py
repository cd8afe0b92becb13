"""What the reference says of own paths is what their handlers read and answer."""

import ast
import inspect
import textwrap
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from litestar.handlers import HTTPRouteHandler

from hookline.docs.own_paths import answer_of, handlers_of, own_paths_page, statuses_of
from hookline.systems.access import ACCESS, Access
from hookline.systems.examples import EXAMPLES
from hookline.systems.paths import MODULES, OWN_PATHS
from tests.api.conftest import Keys
from tests.api.running import Running, Told

URL = "http://127.0.0.1:9998/webhooks"
ORGANIZATION = "org-7"
SYSTEMS = sorted({handler.opt[ACCESS].system for handler in OWN_PATHS.handlers})
GIVEN: Mapping[str, Mapping[str, Any]] = {
    "ConfigurationIn": {"url": URL},
    "OutputIn": {"webhook_url": URL},
    "SubscriptionIn": {"url": URL},
    "WebhookIn": {"url": URL, "events": ["contact.created"]},
}
"""In place of what an example says: a receiver that is allowed here."""


def named(handler: HTTPRouteHandler) -> str:
    (method,) = handler.http_methods
    return f"{method} {min(handler.paths)}"


def read_by(handler: HTTPRouteHandler, function: str) -> set[str]:
    """The structs that its code reads by this function."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(handler.fn)))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {ast.unparse(call.args[1]) for call in calls if ast.unparse(call.func) == function}


def name_of(kind: type | None) -> set[str]:
    return set() if kind is None else {kind.__name__}


@pytest.mark.parametrize("handler", OWN_PATHS.handlers, ids=named)
def test_a_handler_reads_what_it_declares(handler: HTTPRouteHandler) -> None:
    access: Access = handler.opt[ACCESS]
    assert read_by(handler, "read_query") == name_of(access.query)
    if access.beside is None:  # what it reads stands in a function of its own there
        assert read_by(handler, "read_fields") == name_of(access.body)
    names = {name for name in inspect.signature(handler.fn).parameters if name == "body"}
    assert bool(names) is (access.body is not None)


def test_every_handler_stands_on_the_page_with_its_structs() -> None:
    page = own_paths_page()
    for handler in OWN_PATHS.handlers:
        access: Access = handler.opt[ACCESS]
        method, path = named(handler).split(" ")
        assert f"`{method} {path.replace(':str', '')}`" in page
        for kind in (access.body, access.beside, access.query):
            for name in name_of(kind):
                assert page.count(f"\n### {name}\n") == 1
    assert {module.SYSTEM for module in MODULES} == set(SYSTEMS)


def test_bodies_have_examples_that_fit_them() -> None:
    bodies = {handler.opt[ACCESS].body for handler in OWN_PATHS.handlers} - {None}
    assert {kind.__name__ for kind in bodies} == set(EXAMPLES)
    for kind in bodies:
        msgspec.convert(EXAMPLES[kind.__name__], kind)


class Paths:
    """All systems, enabled for Alice below her name."""

    def __init__(self, api: Running, keys: Keys) -> None:
        self.api, self.keys = api, keys
        self.ids: dict[str, str] = {"organization": ORGANIZATION}

    async def ask(self, handler: HTTPRouteHandler, key: str = "manage", **more: Any) -> Told:
        method, path = named(handler).split(" ")
        at = path.replace(":str", "").format(**{**dict.fromkeys(NAMES, "ep_none"), **self.ids})
        query = f"?url={URL}" if handler.opt[ACCESS].query is not None and method == "DELETE" else ""
        token = self.keys[key] if key else ""
        return await self.api.call(method, f"/{self.keys.alice}{at}{query}", token, **more)

    def body(self, handler: HTTPRouteHandler) -> Mapping[str, Any] | None:
        kind = handler.opt[ACCESS].body
        if kind is None:
            return None
        if kind.__name__ == "TrialIn":
            return {"config_id": self.ids["output"]}
        return {**EXAMPLES[kind.__name__], **GIVEN.get(kind.__name__, {})}


NAMES = ("webhook_id", "configuration_id", "output_id", "delivery_id")


@pytest_asyncio.fixture(loop_scope="session")
async def paths(api: Running, keys: Keys) -> Paths:
    found = Paths(api, keys)
    for system in SYSTEMS:
        how = {"prefix": keys.alice} | ({"known_as": ORGANIZATION} if system == "4calls" else {})
        told = await api.call("PUT", f"/v1/systems/{system}/enabled", keys["manage"], json=how)
        assert told.status == 200, told.body
    output = {"url": URL, "system": "askpro-gateway"}
    made = await api.call("POST", "/v1/endpoints", keys["manage"], json=output)
    found.ids["output"] = made.json["id"]
    return found


async def prepared(paths: Paths, system: str) -> None:
    """Something that the paths with an id can be about."""
    if system in {"pbx", "ai-support-autoresponder"}:
        return
    (make,) = [one for one in handlers_of(system) if one.status_code == 201]
    made = await paths.ask(make, json=paths.body(make))
    assert made.status == 201, made.body
    paths.ids |= dict.fromkeys(NAMES[:-1], made.json["data"]["id"])
    if system == "urpa":
        event = {"type": "contact.created", "data": {"id": "1", "name": "Ana"}, "system": "urpa"}
        keys = paths.keys
        assert (await paths.api.call("POST", "/v1/events", keys["publish"], json=event)).status == 202
        deliveries = await paths.api.call("GET", "/v1/deliveries", keys["read"])
        paths.ids["delivery_id"] = deliveries.json["items"][0]["id"]


def fits(body: bytes, kind: Any) -> bool:
    """Read as its kind, and written again, it is the same: no field beside it, and none that is missing."""
    if kind is None:
        return body == b""
    again = msgspec.json.encode(msgspec.json.decode(body, type=kind))
    assert msgspec.json.decode(again) == msgspec.json.decode(body)
    return True


@pytest.mark.parametrize("system", SYSTEMS)
async def test_an_answer_has_the_status_and_the_fields_that_are_declared(paths: Paths, system: str) -> None:
    """Each path is asked what its example says; the deleting ones last."""
    await prepared(paths, system)
    for handler in sorted(handlers_of(system), key=lambda one: one.http_methods == {"DELETE"}):
        told = await paths.ask(handler, json=paths.body(handler))
        shown = (named(handler), told.status, told.body)
        assert told.status in statuses_of(handler), shown
        if told.status == 409:  # what waits in the hand of a node is not sent twice
            assert named(handler).endswith("/retry"), shown
            continue
        assert told.status == handler.status_code, shown
        assert fits(told.body, answer_of(handler)), shown


@pytest.mark.parametrize("handler", OWN_PATHS.handlers, ids=named)
async def test_a_refusal_has_a_status_that_is_declared(paths: Paths, handler: HTTPRouteHandler) -> None:
    access: Access = handler.opt[ACCESS]
    told: dict[str, Told] = {"of a stranger": await paths.ask(handler, "stranger", json=paths.body(handler))}
    if access.scope is not None:
        told["without a key"] = await paths.ask(handler, "", json=paths.body(handler))
        told["of another scope"] = await paths.ask(handler, "publish", json=paths.body(handler))
        assert [one.status for one in told.values()] == [404, 401, 403]
    if access.body is not None:
        told["no JSON"] = await paths.ask(handler, body=b"{")
        told["no body"] = await paths.ask(handler, body=b"")
        told["another type"] = await paths.ask(
            handler, json={"url": 1, "webhook_url": 1, "config_id": 1, "event": 1}
        )
    for what, one in told.items():
        if what != "of a stranger" or access.scope is not None:
            assert one.status in statuses_of(handler), (what, one.status, one.body)
            assert one.code
