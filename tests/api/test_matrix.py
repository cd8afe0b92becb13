"""The generated matrix: every route of the document × every scope × {own, another tenant's, malformed, deleted} ids.

A route that is added without its place in the tables below fails here.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from hookline.api.app import NOUNS
from hookline.api.examples import EXAMPLES
from hookline.api.openapi import SCOPE, WALL, build_document
from hookline.api.publish import HOT
from tests.api.conftest import Keys
from tests.api.running import Running, Told

DOCUMENT = build_document(NOUNS, HOT)
KEEPS = {"admin": ("admin",), "manage": ("admin", "manage"), "publish": ("admin", "manage", "publish")}
KEEPS["read"] = ("admin", "manage", "read")
IDS = ("event_id", "delivery_id", "endpoint_id", "name", "key_id", "tenant_id")
MALFORMED = (
    "x",
    "evt_",
    "..",
    "%27%3B%20DROP%20TABLE%20events%3B--",
    "%00",
    "%2e%2e",
    "%F0%9F%92%A9",
    "a" * 300,
)


class Route(NamedTuple):
    method: str
    path: str
    operation: Mapping[str, Any]

    @property
    def scope(self) -> str | None:
        scope = self.operation[SCOPE]
        return None if scope is None else str(scope)

    @property
    def body(self) -> object:
        """The example that the document shows."""
        request = self.operation.get("requestBody")
        return None if request is None else next(iter(request["content"].values()))["example"]

    def at(self, ids: Mapping[str, str]) -> str:
        return self.path.format(**ids)


def routes() -> Iterator[Route]:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            yield Route(method.upper(), path, operation)


ROUTES = list(routes())
CLOSED = [route for route in ROUTES if route.scope is not None]
WITH_ID = [route for route in CLOSED if "{" in route.path]


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


async def things(api: Running, admin: str, tenant: str) -> dict[str, str]:
    """One of each noun in this tenant."""
    headers = {"Hookline-Tenant": tenant}
    endpoint = await api.call(
        "POST", "/v1/endpoints", admin, json={"url": "http://127.0.0.1:9999/x"}, headers=headers
    )
    await api.call("PUT", "/v1/event-types/call.started", admin, json={}, headers=headers)
    event = await api.call("POST", "/v1/events", admin, json=EXAMPLES["EventIn"], headers=headers)
    key = await api.call("POST", "/v1/keys", admin, json={"scope": "read"}, headers=headers)
    found = await api.call("GET", f"/v1/events/{event.json['id']}/deliveries", admin, headers=headers)
    return {
        "event_id": event.json["id"],
        "delivery_id": found.json["items"][0]["id"],
        "endpoint_id": endpoint.json["id"],
        "name": "call.started",
        "key_id": key.json["id"],
        "tenant_id": tenant,
    }


async def ask(api: Running, route: Route, token: str, ids: Mapping[str, str], tenant: str = "") -> Told:
    headers = {"Hookline-Tenant": tenant} if tenant and route.operation[WALL] != "none" else {}
    body = route.body
    if isinstance(body, dict) and "url" in body:
        body = {**body, "url": "http://127.0.0.1:9999/x"}
    told = await api.call(route.method, route.at(ids), token, json=body, headers=headers)
    assert told.status < 500, api.faults()
    return told


def test_every_route_is_in_the_tables() -> None:
    """A route asks for a scope that is known here, or is one of those that are open on purpose, and knows its ids."""
    open_ = {route.path for route in ROUTES if route.scope is None}
    pages = {"/openapi.json", "/docs", "/docs/errors", "/docs/style.css"}
    assert open_ == {"/healthz", "/readyz", "/metrics", *pages}
    assert {route.scope for route in CLOSED} <= set(KEEPS)
    for route in WITH_ID:
        assert route.path.format(**dict.fromkeys(IDS, "x"))


@pytest.mark.parametrize("route", CLOSED, ids=named)
async def test_only_the_scopes_that_may_get_through(light: Running, light_keys: Keys, route: Route) -> None:
    """A key whose scope does not reach the route gets 403, and nobody without a key gets anything but 401."""
    ids = await things(light, light_keys["admin"], light_keys.alice)
    assert route.scope is not None
    for scope in ("read", "publish", "manage", "admin"):
        told = await ask(light, route, light_keys[scope], ids, light_keys.alice if scope == "admin" else "")
        may = scope in KEEPS[route.scope]
        assert (told.status != 403) is may, (scope, told)
        if not may:
            assert told.code == "forbidden"
    for token in ("", "hk_wrong", "x" * 5000):
        told = await ask(light, route, token, ids)
        assert (told.status, told.code) == (401, "unauthorized")
        assert told.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("route", WITH_ID, ids=named)
async def test_what_is_anothers_answers_as_what_is_not(api: Running, keys: Keys, route: Route) -> None:
    """An id of another tenant gives the answer of an id that never was, word for word, and changes nothing."""
    own = await things(api, keys["admin"], keys.alice)
    if route.operation[WALL] == "none":
        told = await ask(api, route, keys["manage"], own)
        assert told.code == "forbidden"
        return
    theirs = await things(api, keys["admin"], keys.stranger)
    # Names are everybody's own: a stranger's is one that Alice has not.
    theirs["name"] = "strange.type"
    headers = {"Hookline-Tenant": keys.stranger}
    await api.call("PUT", "/v1/event-types/strange.type", keys["admin"], json={}, headers=headers)
    absent = {name: value[:-4] + "9zz9" for name, value in theirs.items()}
    one = await ask(api, route, keys["manage"], theirs)
    other = await ask(api, route, keys["manage"], absent)
    if route.method == "PUT" and "{name}" in route.path:
        assert one.status == 201  # her own type of the same name
        return
    assert (one.status, one.code) == (404, "not_found"), one.body
    assert one.body.replace(theirs[_id_in(route)].encode(), b"") == other.body.replace(
        absent[_id_in(route)].encode(), b""
    )
    still = await ask(api, ROUTES_BY_NAME[_reading(route)], keys["stranger"], theirs)
    assert still.status == 200


@pytest.mark.parametrize("route", WITH_ID, ids=named)
async def test_malformed_ids_are_absent(api: Running, keys: Keys, route: Route) -> None:
    """An id that cannot be one is not found, whatever stands in it."""
    for malformed in MALFORMED:
        told = await ask(api, route, keys["admin"], dict.fromkeys(IDS, malformed), keys.alice)
        assert told.status in {404, 405} or (route.method == "PUT" and told.status in {201, 422}), (
            malformed,
            told,
        )


@pytest.mark.parametrize("route", WITH_ID, ids=named)
async def test_deleted_ids_are_absent(light: Running, light_keys: Keys, route: Route) -> None:
    """What was deleted answers as if it had never been."""
    noun = {"endpoint_id": "endpoints", "name": "event-types", "tenant_id": "tenants"}.get(_id_in(route))
    if noun is None or (route.method == "PUT" and noun == "event-types"):
        return
    own = await things(light, light_keys["admin"], light_keys.alice)
    gone = await light.call(
        "DELETE",
        f"/v1/{noun}/{own[_id_in(route)]}",
        light_keys["admin"],
        headers={} if noun == "tenants" else {"Hookline-Tenant": light_keys.alice},
    )
    assert gone.status == 204
    told = await ask(light, route, light_keys["admin"], own, light_keys.alice)
    assert (told.status, told.code) == (404, "not_found")


def _id_in(route: Route) -> str:
    return next(name for name in IDS if "{" + name + "}" in route.path)


def _reading(route: Route) -> str:
    noun = route.path.split("/")[2]
    return f"GET /v1/{noun}/{{{_id_in(route)}}}"


ROUTES_BY_NAME = {named(route): route for route in ROUTES}
