"""A scheme compiled with a source's secrets: whether a request proves who sent it, and if not, why."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hookline.clock import Micros
from hookline.errors import InvalidField
from hookline.model.provider import TOKENS, Algorithm, Scheme, Timestamp
from hookline.model.receipt import Refusal
from hookline.receive.fetching import FetchRule, Wanted
from hookline.receive.inbound import MAX_ITEMS, Absent, Malformed, Unparsable, found_lists
from hookline.receive.keys import NamedKey, read_keys
from hookline.receive.proof import Proof, make_proof, make_token_proof, same
from hookline.receive.signature import SignatureReader
from hookline.receive.times import read_time
from hookline.receive.token import Token, is_current, read_token
from hookline.receive.view import View, compile_peek, compile_text

_ANY = "*"


class Verdict(NamedTuple):
    """`refusal` None: it is proven. `detail` tells people more, and nothing of a secret."""

    refusal: Refusal | None = None
    detail: str = ""


PROVEN = Verdict()
UNSIGNED = Verdict(Refusal.NO_SIGNATURE)


class Rule:
    """`require`, `when`: texts that must have a value, any (`*`) or none (empty)."""

    def __init__(self, wanted: Mapping[str, str]) -> None:
        self._wanted = [(compile_peek(text), value, value.encode()) for text, value in wanted.items()]

    def holds(self, view: View) -> bool:
        """False for what cannot be looked up, too."""
        try:
            for peek, wanted, exactly in self._wanted:
                value = peek(view) or b""
                if not (value if wanted == _ANY else value == exactly):
                    return False
        except Malformed:
            return False
        return True


class Equalities:
    """`expect`: pairs of texts of the same value; what is empty equals nothing."""

    def __init__(self, wanted: Mapping[str, str]) -> None:
        self._pairs = [(compile_text(one), compile_text(other)) for one, other in wanted.items()]

    def hold(self, view: View) -> bool:
        good = True
        for one, other in self._pairs:
            try:
                value, wanted = one(view), other(view)
            except Absent:
                return False
            good = same(value, wanted) and bool(value) and good
        return good


class Compiled:
    """One scheme with its keys, ready for the hot path."""

    def __init__(self, name: str, scheme: Scheme, secrets: Sequence[str]) -> None:
        """Secrets that are none of this scheme's form belong to another one, and are passed over."""
        self.name = name
        self.scheme = scheme
        self._require = Rule(scheme.require) if scheme.require else None
        self._expect = Equalities(scheme.expect) if scheme.expect else None
        self._signature = SignatureReader(scheme.signature) if scheme.signature else None
        self._contents = [compile_text(text) for text in scheme.content]
        self._is_token = scheme.algorithm in TOKENS
        self._secret_inside = scheme.algorithm is Algorithm.SHA256
        self._timestamp = compile_text(scheme.timestamp.at) if scheme.timestamp else None
        self._fetch = FetchRule(scheme) if scheme.fetch else None
        self._proofs = self._prepared([key for secret in secrets for key in _fitting(secret, scheme)])

    @property
    def checks(self) -> int:
        """Digests that one request may cost, or as many signatures of a public key."""
        return len(self._proofs) * (1 if self._is_token else len(self._contents))

    def wanted(self, view: View) -> Wanted | None:
        """The key that must be fetched to verify this request; None: it needs none, or does not say which."""
        if (
            self._proofs
            or self._fetch is None
            or (self._require is not None and not self._require.holds(view))
        ):
            return None
        try:
            if not self._holds_items(view):
                return None
            token = self._named_token(view)
            view.claims = {"header": {"kid": token.key_name}, **token.claims} if token else None
            return self._fetch.of(view)
        except (Absent, Malformed):
            return None

    def _holds_items(self, view: View) -> bool:
        """Where each is signed by itself: no key is needed for those that are not there."""
        each = self.scheme.each
        return not each or any(items for _, items in found_lists(view.inbound.json, each))

    def _named_token(self, view: View) -> Token | None:
        if not self._is_token or self._signature is None:
            return None
        candidates = self._signature.read(view).candidates
        return read_token(candidates[0], self.scheme.algorithm) if candidates else None

    def verify(self, view: View, now: Micros, fetched: Sequence[NamedKey] = ()) -> Verdict:
        """`fetched`: keys for a source that has none of its own."""
        try:
            if self._require is not None and not self._require.holds(view):
                return UNSIGNED
            if self._signature is None:
                return PROVEN
            return self._every(view, now, fetched) if self.scheme.each else self._one(view, now, fetched)
        except Unparsable as error:
            return Verdict(Refusal.UNPARSABLE, str(error))
        except Malformed as error:
            return Verdict(Refusal.BAD_SIGNATURE, str(error))
        except Absent as error:
            return Verdict(Refusal.BAD_SIGNATURE, f"what is signed is not there: {error}")

    def _every(self, view: View, now: Micros, fetched: Sequence[NamedKey]) -> Verdict:
        items = [item for _, items in found_lists(view.inbound.json, self.scheme.each) for item in items]
        if not items:
            return UNSIGNED
        if len(items) > MAX_ITEMS:
            return Verdict(Refusal.BAD_SIGNATURE, f"more than {MAX_ITEMS} items")
        for item in items:  # up to the first that is wrong: a stranger must not make us look at a thousand
            view.item = item
            verdict = self._one(view, now, fetched)
            if verdict.refusal is not None:
                return verdict
        view.item = None
        return PROVEN

    def _one(self, view: View, now: Micros, fetched: Sequence[NamedKey]) -> Verdict:
        assert self._signature is not None
        found = self._signature.read(view)
        if not found.candidates:
            return UNSIGNED
        proofs = self._proofs or self._prepared(fetched)
        if not proofs:
            return Verdict(Refusal.UNKNOWN_KEY, "there is no key to verify with")
        view.signed = found.signed
        if self._is_token:
            return self._token(view, found.candidates[0], now, proofs)
        if self._timestamp is not None:
            view.timestamp = self._timestamp(view)
        if not self._signed(view, found.candidates, proofs):
            return Verdict(Refusal.BAD_SIGNATURE)
        if self._expect is not None and not self._expect.hold(view):
            return Verdict(Refusal.BAD_SIGNATURE)
        return PROVEN if view.timestamp is None else self._in_time(view.timestamp, now)

    def _signed(self, view: View, candidates: Sequence[bytes], proofs: Sequence["_Prepared"]) -> bool:
        """Every key with every content and candidate, without an early end: the time tells nothing of which fits."""
        good = False
        contents = () if self._secret_inside else self._readable(view)
        for named, proof in proofs:
            view.secret = named.key if isinstance(named.key, bytes) else None
            for content in contents or self._readable(view):
                check = proof(content)
                for candidate in candidates:
                    good = check(candidate) or good
        return good

    def _readable(self, view: View) -> Sequence[bytes]:
        contents = []
        for read in self._contents:
            try:
                contents.append(read(view))
            except Absent:
                continue
        return contents

    def _token(self, view: View, text: bytes, now: Micros, proofs: Sequence["_Prepared"]) -> Verdict:
        token = read_token(text, self.scheme.algorithm)
        fitting = [proof for named, proof in proofs if token.key_name in {"", named.name} or not named.name]
        if not fitting:
            return Verdict(Refusal.UNKNOWN_KEY, "the token names a key that is not known")
        told = [proof(token.content)(token.signature) for proof in fitting]  # all: the time tells nothing
        if True not in told:
            return Verdict(Refusal.BAD_SIGNATURE)
        view.claims = token.claims
        if self._expect is not None and not self._expect.hold(view):
            return Verdict(Refusal.BAD_SIGNATURE, "the token was made for another request")
        if not is_current(token.claims, now):
            return Verdict(Refusal.STALE_TIMESTAMP, "the token has expired, or does not count yet")
        return self._in_time(self._timestamp(view) if self._timestamp else None, now)

    def _in_time(self, timestamp: bytes | None, now: Micros) -> Verdict:
        rule = self.scheme.timestamp
        if rule is None or timestamp is None or not rule.past:
            return PROVEN
        age = now - read_time(timestamp, rule.form)
        return PROVEN if within(age, rule) else Verdict(Refusal.STALE_TIMESTAMP, _told(age, rule))

    def _prepared(self, keys: Sequence[NamedKey]) -> list["_Prepared"]:
        algorithm = self.scheme.algorithm
        if self.scheme.signature is None:
            return []
        if algorithm in TOKENS:
            return [(named, make_token_proof(algorithm, named.key)) for named in keys]
        encoding = self.scheme.signature.encoding
        return [(named, make_proof(algorithm, named.key, encoding)) for named in keys]


_Prepared = tuple[NamedKey, Proof]


def _fitting(secret: str, scheme: Scheme) -> Sequence[NamedKey]:
    try:
        return read_keys(secret, scheme.key, scheme.algorithm)
    except InvalidField:
        return []


def within(age: int, rule: Timestamp) -> bool:
    """`age`: microseconds, negative for a time that lies ahead. Bounds themselves are accepted."""
    future = rule.past if rule.future is None else rule.future
    return -future * 1_000_000 <= age <= rule.past * 1_000_000


def _told(age: int, rule: Timestamp) -> str:
    where = "lies back" if age >= 0 else "lies ahead"
    return f"the timestamp {where} by {abs(age) / 1_000_000:.0f} s; {rule.past} s are allowed"
