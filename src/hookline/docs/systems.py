"""systems.md, from the catalogue."""

from collections.abc import Iterator

import msgspec

from hookline.catalog.loader import load_dialects, load_providers, load_systems
from hookline.docs.markdown import block, code, one_line, page, table
from hookline.docs.own_paths import own_paths
from hookline.docs.system_records import record_section
from hookline.docs.words import attempts
from hookline.model.dialect import Dialect, Keys
from hookline.model.retry import AnyRetryPolicy
from hookline.model.system import SecretRule, System, SystemEvent

_ABOUT = """A system is a webhook system that Hookline stands in for: its event types, its wire format, its retries. A running
gateway tells the same, with systems of your own, at `GET /v1/systems` and by `hookline systems list`; `hookline systems show NAME
--type TYPE` prints the schema of an event type.

Your own stand in the folder that the setting `catalog` names, as `systems/NAME/system.yaml`. A name that Hookline uses is refused.
[The language of systems](system-language.md) says how. Everything is checked at the start, and refused with file, line and field; each
example must fit its schema.

Paths that a system has of its own are served for the tenants that enabled it, under the host or prefix that `hookline systems enable` gave
them. A key is sent as `Authorization: Bearer hk_…`, and says the tenant. [Own paths](own-paths.md) has their bodies, answers and statuses.

Names in braces are places: of a body, a header, an id as [dialects](dialects.md#the-language) have them, of a record's events as
[the language of systems](system-language.md#records) has them."""


def systems_page() -> str:
    dialects = load_dialects()
    found = [one for _, one in sorted(load_systems(dialects, load_providers()).items())]
    head = ("system", "title", "event types", "dialect")
    return page(
        "Systems",
        "src/hookline/catalog/systems",
        _ABOUT,
        table(head, (_row(system) for system in found)),
        *(_section(system, dialects[system.dialect]) for system in found),
    )


def _row(system: System) -> tuple[str, ...]:
    return f"[`{system.name}`](#{system.name})", system.title, str(len(system.events)), code(system.dialect)


def _section(system: System, dialect: Dialect) -> str:
    rows = [(code(name), event.description) for name, event in system.events.items()]
    parts = (
        f"## {system.name}",
        one_line(f"**{system.title}.** {system.description}"),
        "\n".join(f"- {line}" for line in (*_lines(system), *_wire(dialect))),
        table(("header of a delivery", "value"), _headers(dialect)),
        *filter(None, (own_paths(system.name),)),
        table(("event type", "when"), rows),
        *(record_section(name, kind) for name, kind in system.records.items()),
        *(_example(name, event) for name, event in system.events.items()),
    )
    return "\n\n".join(parts)


def _lines(system: System) -> Iterator[str]:
    yield f"Attempts: {attempts(system.retry)}. {_answers(system.retry)}"
    yield f"Timeout: {system.timeout:g} s."
    yield f"Secret: {_secret(system.secret)}."
    if system.tenant:
        yield f"Its paths or bodies call the tenant {code(system.tenant)}: `--known-as` says what that is, else the tenant's id."
    for source in system.sources.values():
        paths = ", ".join(code(f"POST {path}") for path in source.paths)
        provider = f"[`{source.provider}`](providers.md#{source.provider})"
        yield one_line(f"Receives at {paths}, by the provider {provider}: {source.description}")


def _answers(policy: AnyRetryPolicy) -> str:
    """What is read in a receiver's answer but whether it is a 2xx."""
    spread = f"Spread by up to {policy.jitter:.0%}" if policy.jitter else "To the second"
    wish = "`Retry-After` is granted" if policy.retry_after else "`Retry-After` is not looked at"
    gone = "410 ends it and switches the endpoint off" if policy.gone else "410 is a failure like any other"
    return f"{spread}; {wish}; {gone}."


def _wire(dialect: Dialect) -> Iterator[str]:
    link = f"[`{dialect.name}`](dialects.md#{dialect.name}-{dialect.title.lower().replace(' ', '-')})"
    yield f"Wire format: the dialect {link}. Body: {_body(dialect.body.json)}, written in the style `{dialect.style.value}`."
    if dialect.batch is not None:
        yield f"In a batch, each event is {_body(dialect.batch.json)}."
    yield f"Id: {code(dialect.id)}. Times: {_times(dialect)}."
    if dialect.signing is None:
        yield "Not signed."
    else:
        keyed = (
            "the secret's own text"
            if dialect.signing.keys is Keys.TEXT
            else "the bytes that its base64 stands for"
        )
        content = (
            "the body as it is sent" if dialect.signing.content == "{body}" else code(dialect.signing.content)
        )
        yield f"Signature: {code(dialect.signing.hmac)}, HMAC-SHA256 of {content}, keyed with {keyed}."


def _body(form: object) -> str:
    return "the data itself" if form == "{data}" else code(msgspec.json.encode(form).decode())


def _times(dialect: Dialect) -> str:
    digits = f"{dialect.time.digits} digits of a second" if dialect.time.digits else "whole seconds"
    marks = {"Z": "in UTC with `Z`", "offset": "with the offset", "none": "without a zone"}
    zone = (
        "" if dialect.time.mark == "Z" else f", in the tenant's zone ({dialect.time.zone} unless it has one)"
    )
    return f"{digits}, {marks[dialect.time.mark]}{zone}"


def _headers(dialect: Dialect) -> Iterator[tuple[str, str]]:
    for name, value in dialect.headers.items():
        yield code(name), code(value) + (", where there is a secret" if "{signature}" in value else "")


def _secret(rule: SecretRule) -> str:
    least = f"at least {rule.minimum} characters" if rule.minimum else "any text"
    begins = f", and begins with {code(rule.prefix)}" if rule.prefix else ""
    without = f"one is made where none is given{begins}" if rule.made else "without one, nothing is signed"
    return f"{least}; {without}"


def _example(name: str, event: SystemEvent) -> str:
    shown = msgspec.json.format(msgspec.json.encode(event.example), indent=2).decode()
    return f"{code(name)}\n\n{block(shown, 'json')}"
