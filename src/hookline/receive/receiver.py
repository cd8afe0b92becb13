"""Receiver: one source's rules compiled: is this a handshake, who sent it, what does it hold. No I/O."""

from collections.abc import Mapping, Sequence

import msgspec

from hookline.clock import Micros
from hookline.errors import InvalidField
from hookline.model.json import nearest
from hookline.model.provider import Provider, Scheme
from hookline.model.receipt import Refusal
from hookline.receive.fetching import Wanted
from hookline.receive.handshake import Answered, ReplyWriter, Shaken, Shaker
from hookline.receive.identify import Identifier
from hookline.receive.inbound import Inbound
from hookline.receive.keys import NamedKey, read_keys
from hookline.receive.scheme import PROVEN, UNSIGNED, Compiled, Rule, Verdict
from hookline.receive.view import View, is_fixed

Fetched = Mapping[str, Sequence[NamedKey]]
"""Scheme → the keys that were fetched for this request."""
_NO_KEYS: Fetched = {}
_RANK = (
    Refusal.STALE_TIMESTAMP,
    Refusal.BAD_SIGNATURE,
    Refusal.UNKNOWN_KEY,
    Refusal.UNPARSABLE,
    Refusal.NO_SIGNATURE,
)
"""Of several schemes that refuse, the cause that came furthest is told."""


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What a source says beside its provider's file."""

    secrets: tuple[str, ...] = ()
    """Newest first."""
    schemes: tuple[str, ...] = ()
    """Empty: those that the file uses by default."""
    optional: bool = False
    """What bears no signature is accepted too; a wrong one is refused all the same."""
    tolerance: int | None = None
    """Seconds, in place of those of the schemes; 0: any timestamp."""
    types: Mapping[str, str] = {}
    split: bool = True


class Receiver:
    def __init__(self, provider: Provider, choices: Choices) -> None:
        """Raises InvalidField for secrets that are none of this provider's, and for schemes that it does not have."""
        self.provider = provider
        self._optional = choices.optional
        schemes = chosen(provider, choices.schemes)
        check_secrets(schemes, choices.secrets)
        self.schemes = [
            Compiled(name, _tolerant(scheme, choices.tolerance), choices.secrets)
            for name, given in schemes.items()
            if (scheme := _decided(given)) is not None
        ]
        self._fetches = [scheme for scheme in self.schemes if scheme.scheme.fetch is not None]
        self._shakers = [Shaker(name, rule, choices.secrets) for name, rule in provider.handshakes.items()]
        self.plain = not (self._fetches or self._shakers)
        """No request needs a key that must be fetched, and none is a handshake."""
        self.identify = Identifier(provider, choices.types, split=choices.split).identify
        self.answer: Answered = ReplyWriter(provider.answer).write(View(_NOTHING))
        """To what was accepted, and to a duplicate."""

    def verify(self, inbound: Inbound, now: Micros, fetched: Fetched = _NO_KEYS) -> Verdict:
        """Any scheme that the source allows will do. Who is refused was held against all: the time tells nothing."""
        verdicts = []
        for scheme in self.schemes:
            verdict = scheme.verify(View(inbound), now, fetched.get(scheme.name, ()) if fetched else ())
            if verdict.refusal is None:
                return PROVEN
            verdicts.append(verdict)
        worst = min(verdicts, key=_rank, default=UNSIGNED)
        return PROVEN if self._optional and worst.refusal is Refusal.NO_SIGNATURE else worst

    def wanted(self, inbound: Inbound) -> Mapping[str, Wanted]:
        """Scheme → the key that it would have to fetch for this request. Empty, mostly."""
        if not self._fetches:
            return {}
        found = {scheme.name: scheme.wanted(View(inbound)) for scheme in self._fetches}
        return {name: wanted for name, wanted in found.items() if wanted is not None}

    def handshake(self, inbound: Inbound) -> Shaker | None:
        if not self._shakers:
            return None
        view = View(inbound)
        return next((one for one in self._shakers if one.recognises(view)), None)

    def shake(self, shaker: Shaker, inbound: Inbound) -> Shaken:
        return shaker.shake(View(inbound))


def _rank(verdict: Verdict) -> int:
    return _RANK.index(verdict.refusal or Refusal.NO_SIGNATURE)


_NOTHING = Inbound(method="POST", url="", headers=(), body=b"")


def _decided(scheme: Scheme) -> Scheme | None:
    """What it requires of the source's parameters is the same for all requests: that need not be asked each time.
    None: it is not met.
    """
    fixed = {text: value for text, value in scheme.require.items() if is_fixed(text)}
    if not Rule(fixed).holds(View(_NOTHING)):
        return None
    left = {text: value for text, value in scheme.require.items() if text not in fixed}
    return msgspec.structs.replace(scheme, require=left)


def chosen(provider: Provider, names: Sequence[str]) -> Mapping[str, Scheme]:
    """Raises InvalidField."""
    for name in names:
        if name not in provider.schemes:
            meant = nearest(name, provider.schemes) or ", ".join(provider.schemes)
            raise InvalidField(
                f"{provider.title} has no scheme {name!r:.100}.",
                hint=f"Did you mean {meant}?",
                field="schemes",
            )
    return {
        name: scheme
        for name, scheme in provider.schemes.items()
        if (name in names if names else scheme.default)
    }


def check_secrets(schemes: Mapping[str, Scheme], secrets: Sequence[str]) -> None:
    """Raises InvalidField for a secret that none of the schemes can verify with."""
    for secret in secrets:
        refused = [error for scheme in schemes.values() if (error := _misfit(scheme, secret)) is not None]
        if len(refused) == len(schemes):
            raise refused[0]


def _misfit(scheme: Scheme, secret: str) -> InvalidField | None:
    try:
        read_keys(secret, scheme.key, scheme.algorithm)
    except InvalidField as error:
        return error
    return None


def _tolerant(scheme: Scheme, tolerance: int | None) -> Scheme:
    if tolerance is None or scheme.timestamp is None:
        return scheme
    future = scheme.timestamp.future
    ahead = None if future is None else min(future, tolerance)
    timestamp = msgspec.structs.replace(scheme.timestamp, past=tolerance, future=ahead)
    return msgspec.structs.replace(scheme, timestamp=timestamp)
