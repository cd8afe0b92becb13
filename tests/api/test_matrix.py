"""The generated matrix: every route of the document × every scope × {own, another tenant's, malformed} ids.

What was deleted is in `test_matrix_deleted`, keys that live no more in `test_matrix_dead_keys`.
"""

import pytest

from tests.api.conftest import Keys
from tests.api.matrix import (
    BY_NAME,
    CATALOGUE,
    CLOSED,
    IDS,
    KEEPS,
    OPEN,
    SCOPES,
    TENANT,
    WITH_ID,
    Route,
    absent,
    ask,
    named,
    things,
    wording,
)
from tests.api.running import Running

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


def test_every_route_is_in_the_tables() -> None:
    """A route asks for a scope that is known here, or is one of those that are open on purpose, and knows its ids."""
    pages = {"/openapi.json", "/docs", "/docs/errors", "/docs/style.css"}
    knocks = {"/in/{token}", "/in/{tenant}/{path}"}
    assert {route.path for route in OPEN} == {"/healthz", "/readyz", "/metrics", *pages, *knocks}
    assert {route.scope for route in CLOSED} <= set(KEEPS)
    for route in WITH_ID:
        assert route.path.format(**dict.fromkeys((*IDS, *CATALOGUE), "x"))


@pytest.mark.parametrize("route", CLOSED, ids=named)
async def test_only_the_scopes_that_may_get_through(light: Running, light_keys: Keys, route: Route) -> None:
    """A key whose scope does not reach the route gets 403, and nobody without a key gets anything but 401."""
    ids = await things(light, light_keys["admin"], light_keys.alice)
    assert route.scope is not None
    for scope in reversed(SCOPES):
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
    if not route.of_a_tenant:
        told = await ask(api, route, keys["manage"], own)
        assert told.code == "forbidden"
        return
    theirs = await things(api, keys["admin"], keys.stranger)
    # Names are everybody's own: a stranger's is one that Alice has not.
    theirs["name"] = "strange.type"
    headers = {TENANT: keys.stranger}
    await api.call("PUT", "/v1/event-types/strange.type", keys["admin"], json={}, headers=headers)
    never = absent(theirs)
    one = await ask(api, route, keys["manage"], theirs)
    other = await ask(api, route, keys["manage"], never)
    if route.makes:
        assert one.status == 201  # her own type of the same name
        return
    assert (one.status, one.code) == (404, "not_found"), one.body
    assert wording(one, theirs) == wording(other, never)
    still = await ask(api, BY_NAME[_reading(route)], keys["stranger"], theirs)
    assert still.status == 200


@pytest.mark.parametrize("route", WITH_ID, ids=named)
async def test_malformed_ids_are_absent(api: Running, keys: Keys, route: Route) -> None:
    """An id that cannot be one is not found, whatever stands in it."""
    for malformed in MALFORMED:
        told = await ask(
            api, route, keys["admin"], {**CATALOGUE, **dict.fromkeys(IDS, malformed)}, keys.alice
        )
        assert told.status in {404, 405} or (route.method == "PUT" and told.status in {201, 422}), (
            malformed,
            told,
        )


def _reading(route: Route) -> str:
    before, _, _ = route.path.partition(f"{{{route.id}}}")
    return f"GET {before}{{{route.id}}}"
