"""The first delivery of `hookline dev`: an endpoint to the built-in receiver, one real event, and what became of it."""

import time
from typing import Any

from hookline.cli.exits import Failed
from hookline.cli.home import Home
from hookline.client.gateway import Gateway
from hookline.client.requests import change, create, fetch, listing, publish

TYPE = "call.started"
_MARK = {"made-by": "hookline dev"}
_DATA = b'{"call_id":"c1","from":"+49 30 1234567","to":"support"}'
_PATIENCE = 15.0


def first_delivery(address: str, home: Home, receiver: str) -> dict[str, Any]:
    """The delivery, ended. It all goes through the API, as anybody's would. Raises Failed when nothing arrives."""
    with Gateway(address, home.api_key) as gateway:
        endpoint = _endpoint(gateway, home, receiver)
        event = gateway.call(publish(TYPE, _DATA))["id"]
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            for delivery in gateway.call(fetch("events", event, "deliveries"))["items"]:
                if delivery["endpoint_id"] == endpoint and delivery["state"] == "delivered":
                    whole: dict[str, Any] = gateway.call(fetch("deliveries", delivery["id"]))
                    return whole
            time.sleep(0.02)
    raise Failed(
        f"The first event did not arrive within {_PATIENCE:g} seconds.",
        hint="The log above says why; `hookline doctor` checks this machine.",
    )


def _endpoint(gateway: Gateway, home: Home, url: str) -> str:
    """The one of last time, at its new port, or a new one."""
    for page in gateway.pages(listing("endpoints", {"limit": 250})):
        for row in page.rows():
            if row["metadata"] == _MARK:
                again = {"url": url, "active": True, "secrets": [home.secret], "events": ["*"], "filter": ""}
                return str(gateway.call(change("endpoints", row["id"], again))["id"])
    fields = {"url": url, "name": "built-in receiver", "metadata": _MARK, "secrets": [home.secret]}
    return str(gateway.call(create("endpoints", fields))["id"])
