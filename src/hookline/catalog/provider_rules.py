"""What a provider's file must keep to beyond the types of its fields, checked when the catalogue is loaded."""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from hookline.errors import InvalidField
from hookline.model.patterns import OURS
from hookline.model.place import Place, parse_text, places
from hookline.model.provider import (
    STATIC,
    TOKENS,
    Algorithm,
    Fetch,
    Handshake,
    KeyForm,
    Provider,
    Reply,
    Scheme,
)

REQUEST = frozenset(
    {"header", "query", "form", "form_json", "json", "key", "method", "url", "body", "sorted_form", "lines"}
)
IN_SIGNATURE = REQUEST | {"item"}
IN_CONTENT = IN_SIGNATURE | {"signed", "timestamp", "secret"}
IN_EXPECT = IN_CONTENT | {"claim"}
IN_EVENT = REQUEST | {"item", "item_digest", "parent"}
IN_ANSWER = REQUEST | {"computed"}
_KEYS: dict[KeyForm, AbstractSet[Algorithm]] = {
    KeyForm.WHPK: {Algorithm.ED25519},
    KeyForm.ED25519_HEX: {Algorithm.ED25519},
    KeyForm.SPKI: {
        Algorithm.ECDSA_SHA256,
        Algorithm.RSA_SHA1,
        Algorithm.RSA_SHA256,
        Algorithm.ED25519,
        Algorithm.JWT_ES256,
        Algorithm.JWT_RS256,
    },
    KeyForm.CERTIFICATE: {Algorithm.RSA_SHA1, Algorithm.RSA_SHA256, Algorithm.ECDSA_SHA256},
    KeyForm.JWK: {Algorithm.JWT_ES256, Algorithm.JWT_RS256},
}
_SECRET_KEYS = frozenset(
    {Algorithm.HMAC_SHA1, Algorithm.HMAC_SHA256, Algorithm.HMAC_SHA512, Algorithm.SHA256, Algorithm.JWT_HS256}
)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, 5.6.2."""
NO_HEADER = "(none)"
"""What a parameter says for a header that is not used."""
_ANSWERED = re.compile(
    r"allow|content-type|webhook-.+|x-(?!accel-|sendfile|reproxy-|content-|frame-|xss-|dns-).+"
)
"""Headers of answers, in lower case: those that providers ask for. Others tell browsers and proxies what to do, and a
tenant's overrides shall not.
"""
_WHOLE = frozenset({("body", ""), ("body", "escaped"), ("sorted_form", "")})
"""Places as long as the request."""
_MAX_PLACES = 32
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PREFIX = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")


def patterns(provider: Provider) -> AbstractSet[str]:
    """All regular expressions of a provider."""
    found = {scheme.signature.pattern for scheme in provider.schemes.values() if scheme.signature}
    for scheme in provider.schemes.values():
        found |= {scheme.fetch.host, scheme.fetch.path} if scheme.fetch else set()
    return found | {rule.visit.host for rule in provider.handshakes.values() if rule.visit}


def check_provider(provider: Provider) -> None:
    """Raises InvalidField, with the field, for what types cannot say."""
    if provider.prefix and not _PREFIX.fullmatch(provider.prefix):
        raise InvalidField("A prefix is lower-case letters, digits and underscores.", field="prefix")
    if f"{provider.event_prefix}.".startswith(OURS):
        raise InvalidField(f"Types that begin with {OURS} are kept for Hookline.", field="prefix")
    if not provider.schemes:
        raise InvalidField("A provider has at least one scheme.", field="schemes")
    if not any(scheme.default for scheme in provider.schemes.values()):
        raise InvalidField("At least one scheme is used by default.", field="schemes")
    for name, scheme in provider.schemes.items():
        _check_name(f"schemes.{name}", name)
        _check_scheme(f"schemes.{name}", scheme)
    for name, handshake in provider.handshakes.items():
        _check_name(f"handshakes.{name}", name)
        _check_handshake(f"handshakes.{name}", handshake)
    _check_texts("id", provider.id, IN_EVENT)
    _check_texts("type", provider.type, IN_EVENT)
    _check_reply("answer", provider.answer, frozenset())


def _check_name(field: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidField("A name is lower-case letters, digits and hyphens.", field=field)


def _check_scheme(field: str, scheme: Scheme) -> None:
    if (scheme.algorithm is Algorithm.NONE) != (scheme.signature is None):
        raise InvalidField(
            "Where signatures stand is said unless the algorithm is none.", field=f"{field}.signature"
        )
    _check_signature(field, scheme)
    _check_key(field, scheme)
    once = not scheme.each or scheme.algorithm in STATIC | TOKENS
    _check_texts(f"{field}.content", scheme.content, IN_CONTENT, whole=1 if once else 0)
    if not scheme.content:
        raise InvalidField("What is signed must be said.", field=f"{field}.content")
    hashed = any("{secret}" in content for content in scheme.content)
    if hashed != (scheme.algorithm is Algorithm.SHA256):
        raise InvalidField(
            "{secret} stands in the content of a plain hash, and of nothing else.", field=f"{field}.content"
        )
    if scheme.timestamp is not None:
        _check_texts(f"{field}.timestamp.at", (scheme.timestamp.at,), IN_EXPECT - {"timestamp", "secret"})
    for text, value in scheme.require.items():
        _check_texts(f"{field}.require", (text,), REQUEST)
        _check_texts(f"{field}.require", (value,), frozenset())
    for one, other in scheme.expect.items():
        _check_texts(f"{field}.expect", (one, other), IN_EXPECT - {"secret"})
    if scheme.fetch is not None:
        _check_fetch(f"{field}.fetch", scheme.fetch)


def _check_signature(field: str, scheme: Scheme) -> None:
    rule = scheme.signature
    if rule is None:
        return
    _check_texts(f"{field}.signature.at", rule.at, IN_SIGNATURE)
    if not rule.at:
        raise InvalidField("Where the signature stands must be said.", field=f"{field}.signature.at")
    grammars = [name for name in ("prefix", "pairs", "versions", "pattern") if getattr(rule, name)]
    if len(grammars) > 1:
        raise InvalidField(f"{' and '.join(grammars)} exclude each other.", field=f"{field}.signature")
    if rule.pattern and "signature" not in _compiled(f"{field}.signature.pattern", rule.pattern).groupindex:
        raise InvalidField("The pattern needs a group (?P<signature>…).", field=f"{field}.signature.pattern")


def _check_key(field: str, scheme: Scheme) -> None:
    fits = _KEYS.get(scheme.key, _SECRET_KEYS | STATIC | {Algorithm.NONE})
    if scheme.key in {KeyForm.HEX, KeyForm.BASE64, KeyForm.WHSEC}:
        fits = _SECRET_KEYS - {Algorithm.SHA256}
    if scheme.algorithm not in fits:
        raise InvalidField(f"{scheme.algorithm} takes no key of the form {scheme.key}.", field=f"{field}.key")


def _check_fetch(field: str, fetch: Fetch) -> None:
    _check_texts(f"{field}.url", (fetch.url,), IN_EXPECT - {"secret", "timestamp"})
    _compiled(f"{field}.host", fetch.host)
    _compiled(f"{field}.path", fetch.path)
    for path, text in _leaves(f"{field}.body", fetch.body):
        _check_texts(path, (text,), IN_EXPECT - {"secret", "timestamp"})


def _check_handshake(field: str, rule: Handshake) -> None:
    for text, value in rule.when.items():
        _check_texts(f"{field}.when", (text,), REQUEST)
        _check_texts(f"{field}.when", (value,), frozenset())
    for one, other in rule.expect.items():
        _check_texts(f"{field}.expect", (one, other), REQUEST)
    if rule.compute is not None:
        _check_texts(f"{field}.compute.content", (rule.compute.content,), REQUEST, whole=1)
    if rule.learn is not None:
        _check_texts(f"{field}.learn.at", (rule.learn.at,), REQUEST)
    if rule.visit is not None:
        _check_texts(f"{field}.visit.url", (rule.visit.url,), REQUEST)
        _compiled(f"{field}.visit.host", rule.visit.host)
        if not rule.signed:
            raise InvalidField("Only a signed request may make us fetch a URL.", field=f"{field}.signed")
    _check_reply(f"{field}.answer", rule.answer, IN_ANSWER)


def _check_reply(field: str, reply: Reply, allowed: AbstractSet[str]) -> None:
    if reply.json is not None and reply.text:
        raise InvalidField("An answer is json or text.", field=field)
    _check_texts(f"{field}.text", (reply.text,), allowed, whole=1)
    for path, text in _leaves(f"{field}.json", reply.json):
        _check_texts(path, (text,), allowed)
    for name, text in reply.headers.items():
        _check_header(f"{field}.headers", name, text)
        _check_texts(f"{field}.headers.{name}", (text,), allowed)


def _check_header(field: str, name: str, text: str) -> None:
    if not _TOKEN.fullmatch(name) or not _ANSWERED.fullmatch(name.lower()):
        raise InvalidField(
            f"{name[:64]!r} cannot be a header of an answer.",
            hint="Allow, Content-Type, Webhook-… and X-… can.",
            field=field,
        )
    if not text.isascii() or not text.isprintable():
        raise InvalidField("A header's value is printable ASCII.", field=f"{field}.{name}")


def _leaves(field: str, tree: object) -> Iterator[tuple[str, str]]:
    if isinstance(tree, str):
        yield field, tree
    elif isinstance(tree, dict):
        for key, value in tree.items():
            yield from _leaves(f"{field}.{key}", value)
    elif isinstance(tree, list):
        for position, value in enumerate(tree):
            yield from _leaves(f"{field}[{position}]", value)


def _check_texts(field: str, texts: tuple[str, ...], allowed: AbstractSet[str], *, whole: int = 0) -> None:
    """`whole`: how many places as long as the request each may have."""
    for text in texts:
        try:
            found = places(parse_text(text))
        except InvalidField as error:
            raise InvalidField(error.detail, hint=error.hint, field=field) from error
        _check_cost(field, found, whole)
        for place in found:
            if place.kind == "header" and not (_TOKEN.fullmatch(place.name) or place.name == NO_HEADER):
                raise InvalidField(f"{place.name[:64]!r} is not the name of a header.", field=field)
            if place.kind not in allowed:
                known = ", ".join(sorted(allowed)) or "none"
                raise InvalidField(
                    f"{{{place.kind}}} cannot stand here.", hint=f"Places known here: {known}", field=field
                )


def _check_cost(field: str, found: tuple[Place, ...], whole: int) -> None:
    """A stranger's request must not grow while it is read: a body of 25 MiB, written for each of its events, is 25 GiB."""
    if len(found) > _MAX_PLACES:
        raise InvalidField(f"A text has up to {_MAX_PLACES} places.", field=field)
    if sum((place.kind, place.name) in _WHOLE for place in found) > whole:
        raise InvalidField(
            "{body}, {body.escaped} and {sorted_form} stand once in what is signed or answered, and nowhere else.",
            hint="Take {body.sha256}.",
            field=field,
        )


def _compiled(field: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise InvalidField(f"No regular expression: {error}", field=field) from error
