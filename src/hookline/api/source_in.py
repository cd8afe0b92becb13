"""A source as users write it, and everything that is checked before it is stored."""

import secrets
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Annotated, Any, Literal

import msgspec

from hookline.api.body import at_field
from hookline.api.parts import Parts
from hookline.api.text import Description, Metadata, Name
from hookline.clock import Micros
from hookline.errors import InvalidField
from hookline.model.endpoint import Secret
from hookline.model.ids import TenantId
from hookline.model.patterns import check_publishable
from hookline.model.provider import Scheme
from hookline.model.source import DEFAULT_BODY_LIMIT, MAX_BODY_LIMIT, Source, SourceAnswer, Verification
from hookline.net.header import MASK
from hookline.net.url import parse_url
from hookline.receive.finder import TOKEN_BYTES, TOKEN_PREFIX
from hookline.receive.registry import Registered
from hookline.receive.telling import check_forward

MAX_OVERRIDES = 16 * 1024
_NOT_OVERRIDDEN = frozenset({"pattern", "fetch", "visit"})
"""Regular expressions and URLs are the operator's to write: one of a user's could stop the gateway, or lead it astray."""
_WITHOUT_BODY = frozenset({204, 205})
"""RFC 9110, 15.3.5 and 15.3.6."""
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
_SecretText = Annotated[str, msgspec.Meta(min_length=1, max_length=8192)]
_Word = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class SourceIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who sends, and how it is proven."""

    provider: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    """`stripe`, `github`, …: see `/v1/providers`."""
    name: Name = ""
    description: Description = ""
    path: Annotated[
        str, msgspec.Meta(max_length=128, pattern=r"^([a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*)?$(?!\n)")
    ] = ""
    """A readable URL beside the unguessable one: `/in/TENANT/PATH`."""
    url: Annotated[str, msgspec.Meta(max_length=2048)] = ""
    """The URL as the provider knows it, where signatures cover it; empty: this installation's public URL."""
    secrets: Annotated[tuple[_SecretText, ...], msgspec.Meta(max_length=10)] | None = None
    """What the provider signs with, the newest first; several while it is rotated. Left out: those of an old one stay."""
    parameters: dict[str, Annotated[str, msgspec.Meta(max_length=1000)]] = {}
    """What the provider's file asks for beside."""
    overrides: dict[str, Any] = {}
    """A merge patch (RFC 7396) over the provider's file, where that is wrong for you."""
    schemes: Annotated[tuple[_Word, ...], msgspec.Meta(max_length=20)] = ()
    """Which of the provider's schemes are accepted; empty: its usual ones."""
    verification: Verification = Verification.REQUIRED
    """`required`: only what is proven is accepted; `optional`: what bears no signature is, too, but never a wrong one;
    `with_secret`: as required once there is a secret, and everything until then.
    """
    tolerance: Annotated[int, msgspec.Meta(ge=0, le=7 * 86_400)] | None = None
    """Seconds that a signed timestamp may be off; null: as the provider's file says; 0: any."""
    addresses: Annotated[tuple[_Word, ...], msgspec.Meta(max_length=250)] = ()
    """CIDR networks that requests may come from; empty: all."""
    methods: tuple[Method, ...] = ()
    """HTTP methods of events; empty: the provider's."""
    body_limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_BODY_LIMIT)] = DEFAULT_BODY_LIMIT
    """Bytes."""
    answer: SourceAnswer | None = None
    """To what is accepted; null: as the provider expects."""
    types: Annotated[dict[_Word, _Word], msgspec.Meta(max_length=250)] = {}
    """The provider's event type → the one that it becomes: `BOOKING_CREATED` → `appointment.created`."""
    dedupe: Annotated[float, msgspec.Meta(ge=0, le=366 * 86_400)] | None = None
    """Seconds for which a repeated id makes no second event; null: as long as idempotency keys are kept; 0: never."""
    split: bool = True
    """A body that carries many events makes one of each; false: one of all, with the body as it came."""
    forward: Annotated[tuple[_Word, ...], msgspec.Meta(max_length=50)] = ()
    """Request headers that stay with the events, for the dialect `raw`; empty: those of the signature, id and type."""
    active: bool = True
    metadata: Metadata = {}


def made_source(
    given: SourceIn, parts: Parts, tenant: TenantId, now: Micros, known: Source | None = None
) -> Source:
    """The source that `given` describes, in the place of `known` if there is one. Raises for what is not allowed."""
    _check(given)
    _check_dedupe(given, parts)
    fields = {
        name: getattr(given, name)
        for name in SourceIn.__struct_fields__
        if name not in {"secrets", "parameters"}
    }
    source = Source(
        **fields,
        id=known.id if known else parts.ids.source(),
        tenant_id=tenant,
        token=known.token if known else TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES),
        secrets=_secrets(given, parts, now, known),
        pending=known.pending if known else None,
        parameters=_unmasked(given.parameters, known),
        created_at=known.created_at if known else now,
        updated_at=now,
        version=known.version if known else 0,
    )
    _check_url(source, parts.inbox.registry.compile(source), parts)
    return source


def source_as_given(source: Source) -> SourceIn:
    """What would make this source again; its secrets stay where they are."""
    return SourceIn(
        **{name: getattr(source, name) for name in SourceIn.__struct_fields__ if name != "secrets"}
    )


def _check(given: SourceIn) -> None:
    for position, text in enumerate(given.addresses):
        try:
            ip_network(text)
        except ValueError as error:
            hint = "Write it as 192.0.2.0/24 or 2001:db8::/32."
            raise InvalidField(f"{error}.", hint=hint, field=f"addresses[{position}]") from None
    for original, name in given.types.items():
        with at_field(f"types.{original}"):
            check_publishable(name)
    check_forward(given.forward)
    if given.answer is not None and given.answer.body and given.answer.status in _WITHOUT_BODY:
        hint = "Leave the body out, or answer 200."
        raise InvalidField(f"HTTP has no body in a {given.answer.status}.", hint=hint, field="answer.body")
    _check_known_url(given.url)
    for position, secret in enumerate(given.secrets or ()):
        _check_secret(f"secrets[{position}]", secret)
    if len(msgspec.json.encode(given.overrides)) > MAX_OVERRIDES:
        raise InvalidField(f"Overrides take up to {MAX_OVERRIDES} bytes.", field="overrides")
    _check_overrides("overrides", given.overrides)


def _check_known_url(url: str) -> None:
    """Signatures cover its very bytes: none is put into another form here."""
    if not url:
        return
    with at_field("url"):
        parse_url(url)
    if not url.isascii():
        hint = "Write the host in its ASCII form (xn--…), and percent-encode the rest."
        raise InvalidField("The URL holds characters that no provider sends.", hint=hint, field="url")


def _check_secret(field: str, secret: str) -> None:
    """PEM and JSON end as files do; in any other secret a blank was copied along, and it would fit nothing."""
    if secret != secret.strip() and not secret.lstrip().startswith(("-----BEGIN", "{")):
        hint = "Copy it again, without the blank or the end of the line."
        raise InvalidField("The secret begins or ends with a blank.", hint=hint, field=field)


def _check_dedupe(given: SourceIn, parts: Parts) -> None:
    days = parts.settings.idempotency_days
    if given.dedupe is not None and given.dedupe > days * 86_400:
        raise InvalidField(
            f"Ids are kept for {days} days, so no repeat is known for longer.",
            hint=f"Give up to {days * 86_400} seconds, or raise HOOKLINE_IDEMPOTENCY_DAYS.",
            field="dedupe",
        )


def _check_overrides(field: str, tree: object) -> None:
    for key, value in tree.items() if isinstance(tree, Mapping) else ():
        if key in _NOT_OVERRIDDEN and value is not None:
            raise InvalidField(
                f"{key} is for the operator: regular expressions and URLs to fetch stand in the catalogue.",
                hint="Put a provider folder of your own into HOOKLINE_CATALOG.",
                field=f"{field}.{key}",
            )
        _check_overrides(f"{field}.{key}", value)


def _check_url(source: Source, registered: Registered, parts: Parts) -> None:
    signed = any("{url" in text for one in registered.receiver.schemes for text in _texts(one.scheme))
    if signed and not source.url and not parts.settings.public_url:
        raise InvalidField(
            "This provider signs the URL that it sends to.",
            hint="Give the URL as the provider knows it, or set HOOKLINE_PUBLIC_URL.",
            field="url",
        )


def _texts(scheme: Scheme) -> tuple[str, ...]:
    return (*scheme.content, *scheme.expect, *scheme.expect.values())


def _secrets(given: SourceIn, parts: Parts, now: Micros, known: Source | None) -> tuple[Secret, ...]:
    """One that is given again keeps its id and its age."""
    if given.secrets is None:
        return known.secrets if known else ()
    before = {secret.value: secret for secret in known.secrets} if known else {}
    return tuple(
        before.get(value) or Secret(id=parts.ids.secret(), value=value, created_at=now)
        for value in dict.fromkeys(given.secrets)
    )


def _unmasked(given: dict[str, str], known: Source | None) -> dict[str, str]:
    """What comes back as it was shown, masked, means: as it was."""
    before = known.parameters if known else {}
    for name, value in given.items():
        if value == MASK and name not in before:
            hint = "Give the value itself."
            raise InvalidField(f"{MASK} stands for what is hidden.", hint=hint, field=f"parameters.{name}")
    return {name: before[name] if value == MASK else value for name, value in given.items()}
