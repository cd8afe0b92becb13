"""providers.md, from the catalogue, and provider-language.md, from the language that its files are written in."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources

import msgspec

from hookline.catalog.loader import load_providers
from hookline.catalog.provider_file import ProviderFile
from hookline.docs.language import enum_section, struct_section
from hookline.docs.markdown import block, code, codes, one_line, page, table
from hookline.model import place
from hookline.model import provider as language
from hookline.model.provider import (
    STATIC,
    TOKENS,
    Algorithm,
    Compute,
    Encoding,
    Fetch,
    Handshake,
    KeyForm,
    Learn,
    Pairs,
    Parameter,
    Provider,
    Reply,
    Scheme,
    Signature,
    TimeForm,
    Timestamp,
    Visit,
)
from hookline.model.sample import SampleAnswer, SampleEvent, SampleFile, SampleRule

_ABOUT = """Who sends webhooks, and how Hookline verifies and names what they send. A [source](../nouns/source.md) names one in
its field `provider`; [receive webhooks](../how-to/receive-webhooks.md) shows how. A running gateway tells the same, with your own
providers, at `GET /v1/providers` and by `hookline providers list`.

What stands in braces is a place of the request, as [the language](provider-language.md) says. Where a file has parameters,
the examples or defaults of these are filled in. *Tolerance* is how far a signed time may be off. Of the schemes, those that are
marked *usual* are accepted unless the source names others (`schemes`). A secret is written as *key* says. The type of an event
is the provider's own, in lower snake case (`BOOKING_CREATED` becomes `calcom.booking_created`), unless the source maps it."""
_WRONG = """## When a fact is wrong for you
Some facts are **not confirmed**: nobody has seen them in the provider's documents or code yet. They stand apart below. Where
one of them, or any other, is not so for you, the source says otherwise in `overrides`, a merge patch (RFC 7396) over the
provider's file, without waiting for a release:

```json
{"provider": "github", "overrides": {"handshakes": {"ping": {"signed": false}}}}
```

An operator can also put a folder of the same name into the folder that the setting `catalog` names: it takes the place of
the whole file, for every source ([add a provider](../how-to/add-a-provider.md))."""
_UNCONFIRMED = (
    "**Not confirmed**; where it is not so, [override](#when-a-fact-is-wrong-for-you) it in the source:"
)
_LANGUAGE = """A provider is a folder with `provider.yaml`, with raw requests as `*.http`, and with `samples.yaml`, which says what must become
of each of them. Those of Hookline are in [the list](providers.md); yours stand in the folder that the setting `catalog` names,
as `providers/NAME/` ([add a provider](../how-to/add-a-provider.md)). Everything is checked at the start, and refused with file
and field: unknown fields, keys that stand twice, places that cannot stand where they do."""
_EXAMPLE = "stripe"
_STRUCTS = (
    *(Scheme, Signature, Pairs, Timestamp, Fetch),
    *(Parameter, Handshake, Reply, Compute, Learn, Visit),
)
_ENUMS = (Algorithm, Encoding, KeyForm, TimeForm)
_SAMPLES = (SampleFile, SampleRule, SampleEvent, SampleAnswer)
_UNSIGNED = STATIC | {Algorithm.NONE}


def providers_page() -> str:
    found = [(_with_examples(file), file) for _, file in sorted(load_providers().items())]
    head = ("provider", "title", "schemes", "many events in a body", "handshakes")
    return page(
        "Providers",
        "src/hookline/catalog/providers",
        _ABOUT,
        table(head, (_row(provider) for provider, _ in found)),
        _WRONG,
        *(_section(provider, file) for provider, file in found),
    )


def provider_language_page() -> str:
    file = resources.files("hookline.catalog") / "providers" / _EXAMPLE / "provider.yaml"
    return page(
        "The language of providers",
        "src/hookline/model/provider.py, place.py and sample.py",
        _LANGUAGE,
        f"For example, `{_EXAMPLE}/provider.yaml`:",
        block(file.read_text("utf-8"), "yaml"),
        "## Places",
        *_told(place),
        "## provider.yaml",
        _told(language)[1].replace("`model/place.py`", "above"),
        struct_section(Provider, but=("name",)),
        *(struct_section(kind) for kind in _STRUCTS),
        "## Values",
        *(enum_section(kind) for kind in _ENUMS),
        "## samples.yaml",
        *(struct_section(kind) for kind in _SAMPLES),
    )


def _told(module: object) -> Sequence[str]:
    """What a module says of itself: its sentence, and the rest."""
    about, _, rest = inspect.cleandoc(getattr(module, "__doc__", None) or "").partition("\n\n")
    return about, rest


def _with_examples(file: ProviderFile) -> Provider:
    """A parameter that is usually left out shows what it is for."""
    return file.provider({name: one.example for name, one in file.parameters.items() if one.example}, {})


def _row(provider: Provider) -> tuple[str, ...]:
    link = f"[{code(provider.name)}](#{provider.name})"
    splits = "yes" if provider.items else ""
    return link, provider.title, codes(provider.schemes), splits, codes(provider.handshakes)


def _section(provider: Provider, file: ProviderFile) -> str:
    parts = (
        f"## {code(provider.name)}",
        _about(provider),
        _schemes(provider.schemes),
        _lines(*_scheme_notes(provider.schemes)),
        _parameters(file.parameters),
        f"What it becomes:\n{_lines(*_events(provider))}",
        _handshakes(provider.handshakes),
        f"To know:\n{_lines(*provider.notes)}" if provider.notes else "",
        f"{_UNCONFIRMED}\n{_lines(*provider.unconfirmed)}" if provider.unconfirmed else "",
    )
    return "\n\n".join(filter(None, parts))


def _about(provider: Provider) -> str:
    documents = f" ([documentation]({provider.url}))" if provider.url else ""
    return f"**{provider.title}**{documents}. {one_line(provider.description)}".rstrip()


def _schemes(schemes: Mapping[str, Scheme]) -> str:
    head = ("scheme", "algorithm", "signature", "signed", "key", "tolerance", "usual")
    return table(head, (_scheme(name, one) for name, one in schemes.items()))


def _scheme(name: str, scheme: Scheme) -> tuple[str, ...]:
    return (
        code(name),
        code(scheme.algorithm),
        _signature(scheme),
        _signed(scheme),
        code(scheme.key) if scheme.signature else "",
        _tolerance(scheme.timestamp),
        "yes" if scheme.default else "no",
    )


def _signature(scheme: Scheme) -> str:
    rule = scheme.signature
    if rule is None:
        return ""
    told = [" or ".join(map(_code, rule.at))]
    if rule.pairs:
        told.append(f"field {code(rule.pairs.signature)}")
    if rule.versions:
        told.append(f"version {code(rule.versions)}")
    if rule.prefix:
        told.append(f"after {code(rule.prefix)}")
    if rule.pattern:
        told.append(f"as {code(rule.pattern)}")
    if scheme.algorithm not in TOKENS | _UNSIGNED:
        told.append(rule.encoding)
    return ", ".join(told)


def _signed(scheme: Scheme) -> str:
    if scheme.algorithm in _UNSIGNED:
        return "nothing"
    return "the token" if scheme.algorithm in TOKENS else " or ".join(map(_code, scheme.content))


def _tolerance(timestamp: Timestamp | None) -> str:
    if timestamp is None:
        return ""
    if timestamp.future is None:
        return f"{timestamp.past} s"
    return f"{timestamp.past} s back, {timestamp.future} s ahead"


def _scheme_notes(schemes: Mapping[str, Scheme]) -> Iterator[str]:
    for name, scheme in schemes.items():
        told = [one_line(scheme.description), *_conditions(scheme)]
        if any(told):
            yield f"{code(name)}: {' '.join(filter(None, told))}"


def _conditions(scheme: Scheme) -> Iterator[str]:
    asked = {text: value for text, value in scheme.require.items() if "{" in text}
    if asked:
        yield f"Only where {_equalities(asked)}."
    if scheme.each:
        yield f"Each item of {code(scheme.each)} bears its own."
    if scheme.expect:
        yield f"And {_equalities(scheme.expect)}."
    if scheme.fetch:
        yield f"Without a secret, the key is fetched from {_code(scheme.fetch.url)}."


def _equalities(wanted: Mapping[str, str]) -> str:
    words = {"*": "is there", "": "is absent"}
    return ", ".join(
        f"{_code(one)} {words.get(other) or f'is {_code(other)}'}" for one, other in wanted.items()
    )


def _parameters(parameters: Mapping[str, Parameter]) -> str:
    if not parameters:
        return ""
    head = ("parameter", "default", "what it says")
    return table(head, (_parameter(name, one) for name, one in parameters.items()))


def _parameter(name: str, one: Parameter) -> tuple[str, ...]:
    default = "must be given" if one.required else code(one.default) or "empty"
    choices = f" One of {codes(one.choices)}." if one.choices else ""
    secret = " It is kept secret." if one.secret else ""
    return code(name), default, f"{one_line(one.description)}{choices}{secret}"


def _events(provider: Provider) -> Iterator[str]:
    if provider.items:
        lists = ("the body" if path == "." else _code(path) for path in provider.items)
        yield f"Events: each item of {' and of '.join(lists)}"
    yield f"Id: {_first(provider.id) or 'none, so that nothing is deduplicated'}"
    named = _first(provider.type)
    yield (
        f"Type: {code(f'{provider.event_prefix}.')} and {named}"
        if named
        else (f"Type: {code(f'{provider.event_prefix}.webhook')}")
    )
    if provider.methods != ("POST",):
        yield f"Methods: {codes(provider.methods)}"
    if provider.answer != Reply():
        yield f"Answer: {_reply(provider.answer)}"


def _first(texts: Sequence[str]) -> str:
    return ", else ".join(map(_code, texts))


def _handshakes(handshakes: Mapping[str, Handshake]) -> str:
    if not handshakes:
        return ""
    head = ("handshake", "request", "signed", "answer", "what it is")
    return table(head, (_handshake(name, one) for name, one in handshakes.items()))


def _handshake(name: str, one: Handshake) -> tuple[str, ...]:
    asked = f" where {_equalities(one.when)}" if one.when else ""
    request = f"{codes(one.method)}{asked}"
    return code(name), request, "yes" if one.signed else "no", _reply(one.answer), " ".join(_deeds(one))


def _deeds(one: Handshake) -> Iterator[str]:
    if one.description:
        yield one_line(one.description)
    if one.expect:
        yield f"Refused unless {' and '.join(map(_code, one.expect))} is right."
    if one.compute:
        yield f"{_code('{computed}')} is an HMAC-SHA256 of {_code(one.compute.content)}."
    if one.learn:
        confirmed = ", when you have confirmed it" if one.learn.confirm else ""
        yield f"The secret is learned from {_code(one.learn.at)}{confirmed}."
    if one.visit:
        yield f"{_code(one.visit.url)} is fetched."


def _reply(reply: Reply) -> str:
    body = msgspec.json.encode(reply.json).decode() if reply.json is not None else reply.text
    headers = (_code(f"{name}: {value}") for name, value in reply.headers.items())
    return ", ".join(filter(None, (str(reply.status), _code(body), *headers)))


def _lines(*texts: str) -> str:
    return "\n".join(f"- {one_line(text)}" for text in texts)


def _code(text: str) -> str:
    """Line feeds are part of what is signed."""
    return code(text.replace("\n", "\\n"))
