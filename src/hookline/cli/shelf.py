"""Shelf: a provider of the catalogue with its samples, looked at without a gateway."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import yaml
from cyclopts import Parameter

from hookline.catalog.loader import provider_folders, read_provider
from hookline.catalog.provider_file import ProviderFile
from hookline.catalog.samples import INDEX, read_samples
from hookline.cli import names
from hookline.cli.exits import Exit, Failed
from hookline.cli.inputs import pairs, read_source
from hookline.clock import Micros
from hookline.errors import CatalogError, InvalidField
from hookline.model.json import nearest
from hookline.model.provider import Algorithm, Provider, Scheme
from hookline.model.sample import Sample
from hookline.receive.identify import snake
from hookline.receive.inbound import Inbound
from hookline.receive.making import PRIVATE, signing_key
from hookline.receive.resign import resign
from hookline.receive.scheme import Rule
from hookline.receive.view import View

ProviderArgument = Annotated[
    str, Parameter(name="PROVIDER", help="A provider of the catalogue, as stripe.", completer=names.providers)
]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Signing:
    """What a sample is signed with."""

    secret: Annotated[
        str,
        Parameter(
            help="The secret, @file, or - for standard input; for public-key schemes a private key in PEM.",
            allow_leading_hyphen=True,
            show_default=False,
        ),
    ] = ""
    scheme: Annotated[
        str, Parameter(help="The provider's scheme; else its usual one.", show_default=False)
    ] = ""
    event_type: Annotated[
        str,
        Parameter(name="--type", help="The event type of the sample, as invoice.paid.", show_default=False),
    ] = ""
    parameter: Annotated[
        tuple[str, ...],
        Parameter(negative="", help="NAME=VALUE that the provider's file asks for.", show_default=False),
    ] = ()


BARE = Signing()


class Shelf(NamedTuple):
    name: str
    file: ProviderFile
    samples: Sequence[Sample]


class Rules(NamedTuple):
    """What a source says of its provider; None: as the sample was made."""

    parameters: dict[str, str] | None = None
    overrides: dict[str, Any] | None = None
    schemes: Sequence[str] = ()


AS_SHOWN = Rules()


def shelf_of(name: str, catalog: Path | None) -> Shelf:
    """Raises Failed, CatalogError. Samples of the user's own folder first, else those that ship."""
    known = provider_folders(catalog)
    if name not in known:
        meant = nearest(name, known)
        hint = f"Did you mean {meant}?" if meant else f"There are: {', '.join(known)}."
        raise Failed(f"There is no provider {name!r:.64}.", hint=hint, exit_code=Exit.NOT_FOUND)
    found = (samples_in(folder) for folder in _folders(name, catalog) if folder.is_dir())
    return Shelf(name, read_provider(known[name]), next((samples for samples in found if samples), []))


def shelf_at(folder: Path) -> Shelf:
    """Of a provider's own folder. Raises CatalogError."""
    return Shelf(folder.resolve().name, read_provider(folder), samples_in(folder))


def samples_in(folder: Traversable) -> Sequence[Sample]:
    """Raises CatalogError, also for what is no YAML."""
    try:
        return read_samples(folder)
    except yaml.YAMLError as error:
        told = " ".join(str(error).split())
        raise CatalogError(f"{folder / INDEX} is not YAML: {told}") from error


def secret_of(text: str) -> str:
    """The secret itself, `@file`, or `-` for standard input."""
    if text != "-" and not text.startswith("@"):
        return text
    return read_source(text.removeprefix("@")).decode(errors="replace").strip()


def signed_sample(
    shelf: Shelf,
    given: Signing,
    now: Micros,
    *,
    url: str = "",
    body: bytes | None = None,
    rules: Rules = AS_SHOWN,
) -> tuple[Sample, Inbound]:
    """The first sample that can be signed so, as the provider would sign it. Raises Failed, InvalidField.

    `body`: in place of the sample's; then a sample of any type will do, because the body says the type.
    """
    secret = secret_of(given.secret)
    faults: list[InvalidField] = []
    if body is not None and not any(_is_of(shelf, one, given.event_type) for one in shelf.samples):
        given = replace(given, event_type="")
    for sample in _candidates(shelf, given, secret, rules.schemes):
        try:
            provider = provider_for(shelf, sample, given, rules)
            scheme = provider.schemes[sample.rule.scheme]
            _check_secret(provider, scheme, secret)
            signed = resign(inbound_of(sample, url=url, body=body), scheme, secret, now)
        except InvalidField as error:
            faults.append(error)
            continue
        if Rule(scheme.require).holds(View(signed)):
            return sample, signed
    raise (
        faults[0]
        if faults
        else Failed(f"No sample of {shelf.name} fits these parameters.", hint="Name the scheme: --scheme.")
    )


def provider_for(shelf: Shelf, sample: Sample, given: Signing, rules: Rules) -> Provider:
    """Raises InvalidField. Where nobody gives parameters, they are those of the sample."""
    told = pairs(given.parameter, "--parameter")
    parameters = dict(sample.parameters) if rules.parameters is None and not told else rules.parameters or {}
    overrides = sample.overrides if rules.overrides is None else rules.overrides
    return shelf.file.provider({**parameters, **told}, overrides)


def inbound_of(sample: Sample, *, url: str = "", body: bytes | None = None) -> Inbound:
    """`url` without a query takes that of the sample."""
    query = sample.url.partition("?")[2]
    asked = f"{url}?{query}" if url and query and "?" not in url else url
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in sample.headers]
    return Inbound(
        method=sample.method,
        url=asked or sample.url,
        headers=headers,
        body=sample.body if body is None else body,
    )


def _folders(name: str, catalog: Path | None) -> Iterator[Traversable]:
    if catalog is not None:
        yield catalog / "providers" / name
    yield resources.files("hookline.catalog") / "providers" / name


def _check_secret(provider: Provider, scheme: Scheme, secret: str) -> None:
    """Raises Failed."""
    if secret or scheme.algorithm is Algorithm.NONE:
        return
    kind = "a private key in PEM" if scheme.algorithm in PRIVATE else f"a secret ({scheme.key})"
    raise Failed(
        f"{provider.title} signs what it sends: {kind} is needed.",
        hint="Give --secret SECRET, --secret @file, or --secret - for standard input.",
        exit_code=Exit.USAGE,
    )


def _candidates(shelf: Shelf, given: Signing, secret: str, allowed: Sequence[str]) -> Sequence[Sample]:
    """The best first, at least one. Raises Failed."""
    schemes = shelf.file.shown.schemes
    if given.scheme and given.scheme not in schemes:
        raise Failed(
            f"{shelf.name} has no scheme {given.scheme!r:.64}.",
            hint=f"It has: {', '.join(schemes)}.",
            exit_code=Exit.USAGE,
        )
    names = [given.scheme] if given.scheme else [name for name in schemes if name in allowed or not allowed]
    events = [one for one in shelf.samples if one.rule.scheme in names and one.rule.events]
    found = [one for one in events if not given.event_type or _is_of(shelf, one, given.event_type)]
    if not found:
        types = sorted({event.original or event.type for one in events for event in one.rule.events})
        raise Failed(
            f"{shelf.name} has no sample{f' of the type {given.event_type!r:.64}' if given.event_type else ''}.",
            hint=f"There are samples of: {', '.join(types) or 'nothing'}.",
            exit_code=Exit.USAGE,
        )
    return sorted(found, key=lambda one: _rank(shelf, one, secret, names))


def _is_of(shelf: Shelf, sample: Sample, wanted: str) -> bool:
    """By the provider's own name, or by ours, with or without what stands before it."""
    names = {wanted, snake(wanted), f"{shelf.file.shown.event_prefix}.{snake(wanted)}"}
    return any(names & {event.type, event.original} for event in sample.rule.events)


def _rank(shelf: Shelf, sample: Sample, secret: str, names: Sequence[str]) -> tuple[bool, bool, int]:
    """First what the secret fits, then the provider's usual schemes, in their order."""
    scheme = shelf.file.shown.schemes[sample.rule.scheme]
    try:
        fits = not secret or bool(signing_key(secret, scheme))
    except InvalidField:
        fits = False
    return not fits, not scheme.default, names.index(sample.rule.scheme)
