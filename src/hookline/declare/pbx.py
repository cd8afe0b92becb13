"""A PBX's `config.yml`: its `features.webhooks` as a declaration. Every other section is the PBX's own and passed over."""

import hashlib
from typing import Annotated, Any

import msgspec

from hookline.errors import InvalidField
from hookline.model.declaration import Declaration, DeclaredTenant
from hookline.model.json import nearest

FEATURES, WEBHOOKS = "features", "webhooks"
TENANT, SYSTEM, OWNER = "pbx", "pbx", "pbx-config"


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """What to send where. What stands behind `headers` is of Hookline."""

    url: str
    events: tuple[str, ...] = ("*",)
    enabled: bool = True
    secret: str | None = None
    headers: dict[str, str] = {}
    filter: str = ""
    template: Any = None
    retry: Any = None
    batch: Any = None
    rate: Any = None


class Webhooks(msgspec.Struct, frozen=True, kw_only=True):
    """`features.webhooks`."""

    enabled: bool = True
    max_retries: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 3
    """Attempts in all."""
    retry_delay: Annotated[float, msgspec.Meta(ge=0)] = 5
    """Seconds between them."""
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 10
    """Seconds for one attempt."""
    worker_threads: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 2
    """Requests at once to one endpoint."""
    subscriptions: list[dict[str, Any]] = []


def declared_by_pbx(features: object) -> Declaration:
    """Raises InvalidField, with the field of the file."""
    values = features.get(WEBHOOKS) if isinstance(features, dict) else None
    if not isinstance(values, dict):
        raise InvalidField("The file has no section features.webhooks.", field=FEATURES)
    field = f"{FEATURES}.{WEBHOOKS}"
    webhooks = _read(values, Webhooks, field)
    endpoints = {}
    for position, given in enumerate(webhooks.subscriptions):
        place = f"{field}.subscriptions[{position}]"
        one = _read(given, Subscription, place)
        key = hashlib.sha256(one.url.encode()).hexdigest()[:16]
        if key in endpoints:
            raise InvalidField(f"{one.url:.200} is subscribed twice.", field=f"{place}.url")
        endpoints[key] = _endpoint(one, webhooks)
    tenant = DeclaredTenant(name="PBX", systems={SYSTEM: {}}, endpoints=endpoints)
    return Declaration(owner=OWNER, tenants={TENANT: tenant})


def place_of(field: str, declared: Declaration) -> str:
    """Where in the PBX's file stands what the declaration has at `field`."""
    start = f"tenants.{TENANT}.endpoints."
    keys = list(declared.tenants[TENANT].endpoints)
    key, _, rest = field.removeprefix(start).partition(".")
    if not field.startswith(start) or key not in keys:
        return f"{FEATURES}.{WEBHOOKS}"
    names = {"secrets": "secret", "active": "enabled"}
    below = names.get(rest.partition("[")[0], rest) if rest.startswith(("secrets", "active")) else rest
    return f"{FEATURES}.{WEBHOOKS}.subscriptions[{keys.index(key)}].{below}".rstrip(".")


def _read(values: object, kind: type[Any], field: str) -> Any:
    if not isinstance(values, dict):
        raise InvalidField("This is a mapping of names to values.", field=field)
    known = kind.__struct_fields__
    for name in values:
        if name not in known:
            meant = nearest(str(name), known)
            hint = f"Did you mean {meant}?" if meant else f"Known here: {', '.join(known)}."
            raise InvalidField(f"{name} is not known here.", hint=hint, field=f"{field}.{name}")
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        raise InvalidField(message, field=f"{field}{where.rstrip('`')}") from None


def _endpoint(one: Subscription, webhooks: Webhooks) -> dict[str, Any]:
    """As `/v1` takes them."""
    retry = {"kind": "fixed", "attempts": webhooks.max_retries, "delay": webhooks.retry_delay, "jitter": 0}
    values = {
        "url": one.url,
        "system": SYSTEM,
        "events": list(one.events),
        "active": webhooks.enabled and one.enabled,
        "headers": one.headers,
        "filter": one.filter,
        "template": one.template,
        "retry": one.retry or {**retry, "retry_after": False, "gone": False},
        "timeout": webhooks.timeout,
        "concurrency": webhooks.worker_threads,
        "batch": one.batch,
        "rate": one.rate,
        "secrets": [one.secret] if one.secret else None,
        "unsigned": not one.secret,
    }
    return {name: value for name, value in values.items() if value is not None}
