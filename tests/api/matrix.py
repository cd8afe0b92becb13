"""The rows of the generated matrix: every route of the document, and one of each noun to ask it about.

A route that is added stands in the matrix by itself; a new kind of id must be told here what it names.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import func, select

from hookline.api.app import NOUNS
from hookline.api.examples import EXAMPLES
from hookline.api.hot import HOT
from hookline.api.openapi import SCOPE, WALL, build_document
from hookline.storage.schema import metadata
from tests.api.running import Running, Told
from tests.storage.people import rows

DOCUMENT = build_document(NOUNS, HOT)
SCOPES = ("admin", "manage", "publish", "read")
KEEPS = {"admin": ("admin",), "manage": ("admin", "manage"), "publish": ("admin", "manage", "publish")}
KEEPS["read"] = ("admin", "manage", "read")
"""What a route asks for → the scopes that get through."""
IDS = (
    "event_id",
    "delivery_id",
    "endpoint_id",
    "source_id",
    "receipt_id",
    "record_id",
    "name",
    "key_id",
    "tenant_id",
)
RECEIVER = "http://127.0.0.1:9999/x"
"""Nobody listens there."""
TENANT = "Hookline-Tenant"


class Route(NamedTuple):
    method: str
    path: str
    operation: Mapping[str, Any]

    @property
    def scope(self) -> str | None:
        scope = self.operation[SCOPE]
        return None if scope is None else str(scope)

    @property
    def of_a_tenant(self) -> bool:
        """Whether an admin key may name a tenant."""
        return bool(self.operation[WALL] != "none")

    @property
    def body(self) -> object:
        """The example that the document shows, for a receiver that is allowed here."""
        request = self.operation.get("requestBody")
        if request is None:
            return None
        body = next(iter(request["content"].values()))["example"]
        return {**body, "url": RECEIVER} if isinstance(body, dict) and "url" in body else body

    @property
    def id(self) -> str:
        """The name of the id in its path; empty without one."""
        return next((name for name in IDS if "{" + name + "}" in self.path), "")

    @property
    def makes(self) -> bool:
        """An absent id is no fault: what is put there is new."""
        return self.method == "PUT" and self.id in {"name", "record_id"}

    def at(self, ids: Mapping[str, str]) -> str:
        return self.path.format(**ids)


def _routes() -> Iterator[Route]:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            yield Route(method.upper(), path, operation)


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


ROUTES = list(_routes())
CLOSED = [route for route in ROUTES if route.scope is not None]
OPEN = [route for route in ROUTES if route.scope is None]
PLAIN = [route for route in OPEN if not route.path.startswith("/in/")]
"""Without the URLs of sources: what is sent there proves itself, and the tests of receiving look at it."""
WITH_ID = [route for route in CLOSED if route.id]
"""Those of one thing of a tenant's."""
CATALOGUE = {"provider": "stripe", "preset": "jira", "system": "askpro-gateway", "record_type": "ticket"}
"""What is everybody's."""
BY_NAME = {named(route): route for route in ROUTES}


async def things(api: Running, admin: str, tenant: str) -> dict[str, str]:
    """One of each noun in this tenant."""
    headers = {TENANT: tenant}
    made = {"provider": "none"}
    ticket = await api.call(
        "PUT", f"/v1/records/ticket/{tenant}-1", admin, json=_ticket(f"{tenant}-1"), headers=headers
    )
    assert ticket.status == 201, ticket.body
    source = await api.call("POST", "/v1/sources", admin, json=made, headers=headers)
    receipt = await api.call("POST", source.json["receive_url"], body=b"{}")
    assert receipt.status == 200
    received = await api.call("GET", "/v1/receipts", admin, headers=headers)
    endpoint = await api.call("POST", "/v1/endpoints", admin, json={"url": RECEIVER}, headers=headers)
    await api.call("PUT", "/v1/event-types/call.started", admin, json={}, headers=headers)
    event = await api.call("POST", "/v1/events", admin, json=EXAMPLES["EventIn"], headers=headers)
    key = await api.call("POST", "/v1/keys", admin, json={"scope": "read"}, headers=headers)
    found = await api.call("GET", f"/v1/events/{event.json['id']}/deliveries", admin, headers=headers)
    return {
        "event_id": event.json["id"],
        "delivery_id": found.json["items"][0]["id"],
        "endpoint_id": endpoint.json["id"],
        "source_id": source.json["id"],
        "receipt_id": received.json["items"][0]["id"],
        "record_id": ticket.json["id"],
        **CATALOGUE,
        "name": "call.started",
        "key_id": key.json["id"],
        "tenant_id": tenant,
    }


def _ticket(record_id: str) -> dict[str, str]:
    return {**EXAMPLES["RecordState"], "id": record_id}


def absent(ids: Mapping[str, str]) -> dict[str, str]:
    """Ids of the same form and length that never were."""
    return {name: value if name in CATALOGUE else value[:-4] + "9zz9" for name, value in ids.items()}


async def ask(
    api: Running, route: Route, token: str, ids: Mapping[str, str], tenant: str = "", **more: Any
) -> Told:
    headers = {TENANT: tenant} if tenant and route.of_a_tenant else {}
    body = route.body
    if isinstance(body, dict) and "id" in body and route.id == "record_id":
        body = {**body, "id": ids["record_id"]}
    sent = more or {"json": body}
    told = await api.call(route.method, route.at(ids), token, headers=headers, **sent)
    assert told.status < 500, api.faults()
    return told


def wording(told: Told, ids: Mapping[str, str]) -> tuple[int, bytes, dict[str, str]]:
    """An answer but for its date and for the ids that were asked for: what two answers that say the same share."""
    body = told.body
    for name, value in ids.items():
        body = body.replace(value.encode(), f"<{name}>".encode())
    headers = {name.lower(): value for name, value in told.headers.items()}
    return (
        told.status,
        body,
        {name: headers[name] for name in headers if name not in {"date", "content-length"}},
    )


async def on_disk(api: Running, tenant: str) -> dict[str, object]:
    """All rows of a tenant and of the admins, and how many tenants there are."""
    found: dict[str, object] = {}
    for table in metadata.sorted_tables:
        if "tenant_id" in table.c:
            query = select(*table.c).where(table.c.tenant_id.in_((tenant, "")))
            found[table.name] = sorted(map(repr, await rows(api.parts.store, query)))
    tenants = metadata.tables["tenants"]
    found["tenants"] = await rows(api.parts.store, select(*tenants.c).where(tenants.c.id == tenant))
    found["how many tenants"] = await rows(api.parts.store, select(func.count()).select_from(tenants))
    return found
