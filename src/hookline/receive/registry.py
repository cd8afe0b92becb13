"""Registry: the compiled rules of every source that was asked for, as long as its configuration stays."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import msgspec

from hookline.catalog.provider_file import ProviderFile
from hookline.errors import InvalidField
from hookline.model.ids import SourceId, TenantId
from hookline.model.json import nearest
from hookline.model.provider import Algorithm, Provider
from hookline.model.source import Source, SourceAnswer, Verification
from hookline.receive.handshake import HARMLESS, Answered
from hookline.receive.receiver import Choices, Receiver
from hookline.receive.telling import Telling

MAX_RECEIVERS = 10_000
"""Kept in memory; the one unused longest is forgotten first."""

MAX_CHECKS = 128
"""Keys times contents of all of a source's schemes: what one request of a stranger may cost."""


class Registered(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A source with all that was made of its rules."""

    source: Source
    receiver: Receiver
    telling: Telling
    networks: Sequence[IPv4Network | IPv6Network]
    methods: frozenset[str]
    answer: Answered
    """To what was accepted, and to a duplicate."""
    open: bool
    """Requests may come from anywhere."""

    def lets_in(self, remote: str) -> bool:
        """Fails closed: an address that cannot be read is none of the allowed ones."""
        if not self.networks:
            return True
        try:
            address = ip_address(remote)
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address  # a socket for both families says it so
        return any(address in network for network in self.networks)


class Registry:
    def __init__(self, providers: Mapping[str, ProviderFile]) -> None:
        self.providers = providers
        self._receivers: OrderedDict[tuple[TenantId, SourceId], tuple[int, Registered]] = OrderedDict()

    def registered(self, source: Source) -> Registered:
        """Raises InvalidField when the catalogue no longer fits what the source was made with."""
        key = (source.tenant_id, source.id)
        known = self._receivers.get(key)
        if known is not None and known[0] == source.version:
            self._receivers.move_to_end(key)
            return known[1]
        made = self.compile(source)
        self._receivers[key] = (source.version, made)
        while len(self._receivers) > MAX_RECEIVERS:
            self._receivers.popitem(last=False)
        return made

    def compile(self, source: Source) -> Registered:
        """Raises InvalidField, with the field of the source that is wrong."""
        provider = self.provider(source)
        receiver = Receiver(provider, _choices(source))
        if sum(scheme.checks for scheme in receiver.schemes) > MAX_CHECKS:
            raise InvalidField(
                f"Each request would be held against more than {MAX_CHECKS} keys and forms of its content.",
                hint="Delete secrets that are no longer used, or name the schemes that count.",
                field="secrets",
            )
        learns = any(rule.learn is not None for rule in provider.handshakes.values())
        keyless = any(_needs_no_secret(one.scheme.algorithm, one.scheme.fetch) for one in receiver.schemes)
        if not (source.secrets or keyless or learns) and source.verification is Verification.REQUIRED:
            raise InvalidField(
                f"{provider.title} signs what it sends: the source needs the secret.",
                hint="Copy it from the provider's settings; or set verification to optional.",
                field="secrets",
            )
        return Registered(
            source=source,
            receiver=receiver,
            telling=Telling(provider, source.forward),
            networks=[ip_network(text) for text in source.addresses],
            methods=frozenset(source.methods or provider.methods),
            answer=receiver.answer if source.answer is None else _answered(source.answer),
            open=source.active and not source.addresses,
        )

    def provider(self, source: Source) -> Provider:
        file = self.providers.get(source.provider)
        if file is None:
            meant = nearest(source.provider, self.providers)
            raise InvalidField(
                f"There is no provider {source.provider[:64]!r}.",
                hint=f"Did you mean {meant}?" if meant else "List them with GET /v1/providers.",
                field="provider",
            )
        return file.provider(source.parameters, source.overrides)


def _may_be_bare(source: Source) -> bool:
    """Whether it accepts what bears no signature."""
    if source.verification is Verification.WITH_SECRET:
        return not source.secrets
    return source.verification is Verification.OPTIONAL


def _needs_no_secret(algorithm: Algorithm, fetch: object) -> bool:
    return algorithm is Algorithm.NONE or fetch is not None


def _answered(answer: SourceAnswer) -> Answered:
    body = answer.body.encode()
    headers = [(b"content-type", answer.content_type.encode("latin-1")), *HARMLESS] if body else []
    return Answered(answer.status, headers, body)


def _choices(source: Source) -> Choices:
    return Choices(
        secrets=tuple(secret.value for secret in source.secrets),
        schemes=source.schemes,
        optional=_may_be_bare(source),
        tolerance=source.tolerance,
        types=source.types,
        split=source.split,
    )
