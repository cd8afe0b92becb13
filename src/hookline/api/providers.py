"""Providers: what the catalogue knows of those who send webhooks."""

import msgspec
from litestar import get

from hookline.api.rules import NeedsParts, PathText, Wall, rule
from hookline.catalog.provider_file import ProviderFile
from hookline.errors import NotFound
from hookline.model.api_key import Scope
from hookline.model.provider import Algorithm, KeyForm

_RULE = rule(Scope.READ, Wall.NONE)


class SchemeOut(msgspec.Struct, frozen=True, kw_only=True):
    """One way to prove who sent a request."""

    name: str
    algorithm: Algorithm
    key: KeyForm
    """How a secret is written."""
    tolerance: int | None
    """Seconds that its timestamp may lie back; null: it signs none."""
    default: bool
    """Used by a source that names no schemes."""
    description: str


class ParameterOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a source may or must say beside its secrets."""

    name: str
    description: str
    required: bool
    secret: bool
    default: str
    choices: tuple[str, ...]


class ProviderOut(msgspec.Struct, frozen=True, kw_only=True):
    """A provider."""

    name: str
    title: str
    url: str
    """Where it documents its webhooks."""
    description: str
    prefix: str
    """Of its event types."""
    schemes: list[SchemeOut]
    parameters: list[ParameterOut]
    handshakes: list[str]
    splits: bool
    """A body may carry many events, and becomes one of each."""
    notes: tuple[str, ...]
    unconfirmed: tuple[str, ...]
    """Facts that nobody has yet seen in the provider's own documents or code."""


class ProviderList(msgspec.Struct, frozen=True, kw_only=True):
    """Every provider of the catalogue, by name."""

    items: list[ProviderOut]


@get("/v1/providers", opt=_RULE)
async def list_providers(parts: NeedsParts) -> ProviderList:
    """List the providers whose webhooks Hookline can verify."""
    found = parts.inbox.registry.providers
    return ProviderList(items=[_shaped(found[name]) for name in sorted(found)])


@get("/v1/providers/{provider:str}", opt=_RULE)
async def get_provider(provider: PathText, parts: NeedsParts) -> ProviderOut:
    """Show a provider: how it signs, what a source must say, what to know."""
    found = parts.inbox.registry.providers.get(provider)
    if found is None:
        raise NotFound(
            f"There is no provider {provider!r}.", hint="List the providers to see which there are."
        )
    return _shaped(found)


def _shaped(file: ProviderFile) -> ProviderOut:
    shown = file.shown
    return ProviderOut(
        name=shown.name,
        title=shown.title,
        url=shown.url,
        description=shown.description,
        prefix=shown.event_prefix,
        schemes=[
            SchemeOut(
                name=name,
                algorithm=one.algorithm,
                key=one.key,
                tolerance=one.timestamp.past if one.timestamp else None,
                default=one.default,
                description=one.description,
            )
            for name, one in shown.schemes.items()
        ],
        parameters=[
            ParameterOut(
                name=name,
                description=one.description,
                required=one.required,
                secret=one.secret,
                default=one.default,
                choices=one.choices,
            )
            for name, one in file.parameters.items()
        ],
        handshakes=list(shown.handshakes),
        splits=bool(shown.items),
        notes=shown.notes,
        unconfirmed=shown.unconfirmed,
    )


HANDLERS = (list_providers, get_provider)
