"""Cursors that were forged: a seal is no secret, so whatever a place holds, every list answers calmly."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.api.lists import Listing
from hookline.errors import InvalidCursor
from hookline.model.ids import TenantId
from tests.api.conftest import Keys
from tests.api.matrix import CATALOGUE, CLOSED, TENANT, Route, named, things
from tests.api.running import Running

PLACES = (
    "\0",
    "evt_\0",
    "\0evt_01k82bd9410001bg6aic1qan",
    "dlv_01k82bd9410001bg6aic1qan\0_0",
    "call.started\0",
    "'; DROP TABLE events; --",
    "%",
    "\x01\x7f",
    "\U0010ffff",
    "dlv_",
    "dlv__",
    "dlv__0",
    "dlv_a_\u0663",
    "dlv_a_999999",
    "dlv_a_9999999999999999999999",
    "evt_" + "9" * 250,
    "z" * 270,
)


def _lists() -> Iterator[Route]:
    for route in CLOSED:
        if any(one["name"] == "cursor" for one in route.operation.get("parameters", ())):
            yield route


LISTS = list(_lists())


def listing_of(path: str, tenant: str | None, **fields: Any) -> Listing:
    return Listing(
        path=path, tenant=None if tenant is None else TenantId(tenant), filters={}, limit=50, **fields
    )


def test_the_lists_are_found() -> None:
    """By the parameter in the document; the next one is tried by itself."""
    assert {route.path.split("/")[2] for route in LISTS} == {
        "events",
        "deliveries",
        "endpoints",
        "event-types",
        "records",
        "sources",
        "receipts",
        "keys",
        "tenants",
    }


@pytest.mark.parametrize("route", LISTS, ids=named)
async def test_a_forged_place_shows_nothing_of_others(api: Running, keys: Keys, route: Route) -> None:
    """With a NUL it is refused; without, it is one place among those that the caller may see, if any."""
    theirs = await things(api, keys["admin"], keys.stranger)
    tenant = keys.alice if route.of_a_tenant else None
    path = route.at(theirs)
    listing = listing_of(path, tenant)
    headers = {TENANT: keys.alice} if tenant is not None else {}
    for place in (*PLACES, *theirs.values()):
        cursor = listing.cursor(place)
        told = await api.call("GET", f"{path}?cursor={cursor}", keys["admin"], headers=headers)
        if "\0" in place:
            assert (told.status, told.code, told.json["field"]) == (400, "invalid_cursor", "cursor"), place
            continue
        assert told.status == 200, (place, told.body, api.faults())
        shown = repr(told.json["items"])
        assert tenant is None or not any(
            theirs[name] in shown for name in {*theirs} - {"name", *CATALOGUE}
        ), place


@given(place=st.text(max_size=70), more=st.binary(max_size=300))
def test_a_cursor_is_read_back_or_refused(place: str, more: bytes) -> None:
    """The place that was given, when there is one without NUL; of anything else InvalidCursor and nothing besides."""
    listing = listing_of("/v1/events", "alice")
    cursor = listing.cursor(place)
    assert cursor is not None
    if place and "\0" not in place:
        assert listing.after(cursor) == place
        other = listing_of("/v1/events", "stranger")
        with pytest.raises(InvalidCursor):
            other.after(cursor)
    else:
        with pytest.raises(InvalidCursor):
            listing.after(cursor)
    for forged in (base64.urlsafe_b64encode(more).decode(), more.decode("latin-1")):
        with pytest.raises(InvalidCursor):
            listing.after(forged)
