"""A source as it is shown: no secret, and its URL only to whoever may manage it."""

from typing import Any

import msgspec

from hookline.api.auth import Caller
from hookline.api.parts import Parts
from hookline.api.times import iso
from hookline.model.api_key import Scope
from hookline.model.endpoint import Secret
from hookline.model.source import Source, SourceAnswer, Verification
from hookline.net.header import MASK

_LONG = 32
"""Letters of a secret from which on the last four may be shown."""
_SHOWN = 4


class SourceSecretOut(msgspec.Struct, frozen=True, kw_only=True):
    """A secret of a source without its value."""

    id: str
    hint: str
    """Its last letters, to recognise it by."""
    created_at: str


class RevealedSourceSecret(SourceSecretOut, frozen=True, kw_only=True):
    """A secret of a source."""

    value: str
    confirmed: bool
    """False: the provider told it in a handshake, and it counts only when you confirm it."""


class SourceOut(msgspec.Struct, frozen=True, kw_only=True):
    """A source. Secret parameters show as `***`; sent back so, they stay as they are."""

    id: str
    provider: str
    name: str
    description: str
    receive_url: str
    """Where the provider sends to; a path alone where no public URL is known. Whoever knows it can knock: it is
    shown whole to keys that may manage.
    """
    path: str
    url: str
    secrets: list[SourceSecretOut]
    """The newest first."""
    pending: bool
    """The provider told a secret that waits to be confirmed."""
    parameters: dict[str, str]
    overrides: dict[str, Any]
    schemes: tuple[str, ...]
    verification: Verification
    tolerance: int | None
    addresses: tuple[str, ...]
    methods: tuple[str, ...]
    body_limit: int
    answer: SourceAnswer | None
    types: dict[str, str]
    dedupe: float | None
    split: bool
    forward: tuple[str, ...]
    active: bool
    metadata: dict[str, str]
    created_at: str
    updated_at: str


_AS_THEY_ARE = (
    "id",
    "provider",
    "name",
    "description",
    "path",
    "url",
    "overrides",
    "schemes",
    "verification",
    "tolerance",
    "addresses",
    "methods",
    "body_limit",
    "answer",
    "types",
    "dedupe",
    "split",
    "forward",
    "active",
    "metadata",
)


def shaped_source(source: Source, caller: Caller, parts: Parts) -> SourceOut:
    token = source.token if caller.key.scope in {Scope.ADMIN, Scope.MANAGE} else MASK
    return SourceOut(
        receive_url=f"{parts.settings.public_url.rstrip('/')}/in/{token}",
        secrets=[shaped_secret(secret) for secret in source.secrets],
        pending=source.pending is not None,
        parameters=_parameters(source, parts),
        created_at=iso(source.created_at),
        updated_at=iso(source.updated_at),
        **{name: getattr(source, name) for name in _AS_THEY_ARE},
    )


def shaped_secret(secret: Secret) -> SourceSecretOut:
    hint = f"…{secret.value[-_SHOWN:]}" if len(secret.value) >= _LONG else MASK
    return SourceSecretOut(id=secret.id, hint=hint, created_at=iso(secret.created_at))


def revealed_secret(secret: Secret, *, confirmed: bool) -> RevealedSourceSecret:
    return RevealedSourceSecret(
        value=secret.value, confirmed=confirmed, **msgspec.structs.asdict(shaped_secret(secret))
    )


def _parameters(source: Source, parts: Parts) -> dict[str, str]:
    """A parameter that the catalogue no longer knows may be a secret, too."""
    file = parts.inbox.registry.providers.get(source.provider)
    known = file.parameters if file else {}
    return {
        name: value if name in known and not known[name].secret else MASK
        for name, value in source.parameters.items()
    }
