"""Receive: what a provider sends to a source. Plain ASGI, as publishing is; a 2xx is on disk.

Whatever is refused gets one and the same answer, and its cause goes into the receipt: who knocks must not learn
whether there is such a source, nor what was wrong.
"""

import hmac
from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from hookline.api.finding import Finding, leads
from hookline.api.parts import Parts
from hookline.api.problem import Answer, problem_answer
from hookline.api.proving import LARGE, Proving, apart
from hookline.api.publish import overloaded
from hookline.api.reading import Drained, Receive, Scope
from hookline.api.receive_rows import Knock, refused_receipt, rows_of
from hookline.emissions_inbound import (
    ReceiptRefused,
    RequestNoted,
    RequestReceived,
    SecretLearned,
    SignatureInvalid,
)
from hookline.errors import (
    Conflict,
    HooklineError,
    NotFound,
    NotProven,
    Unavailable,
)
from hookline.model.endpoint import Secret
from hookline.model.receipt import Outcome, Receipt, Refusal
from hookline.model.source import DEFAULT_BODY_LIMIT, MAX_BODY_LIMIT
from hookline.receive.encoding import encoding_of
from hookline.receive.handshake import Answered, Shaken, Shaker
from hookline.receive.inbound import Inbound
from hookline.receive.registry import Registered
from hookline.receive.scheme import PROVEN, Verdict
from hookline.route.answers import Answers
from hookline.route.draft import Draft
from hookline.storage.directory import TenantConfig

PATH = "/in/"
MAX_READY = 10_000
"""Paths of which is remembered whose they are."""
UnderWay = tuple[Answers, Callable[[], Answer]]
"""The events of a request on their way to their commit, and how to answer when they are there."""
_SIGNATURE = frozenset(
    {
        Refusal.NO_SIGNATURE,
        Refusal.BAD_SIGNATURE,
        Refusal.STALE_TIMESTAMP,
        Refusal.UNKNOWN_KEY,
        Refusal.UNPARSABLE,
    }
)


class Receiving:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._publisher = parts.publisher
        self._directory = parts.directory
        self._inbox = parts.inbox
        self._shedder = parts.shedder
        self._proving = Proving(parts.inbox.fetcher)
        self._finding = Finding(parts)
        self._clock = parts.clock
        self._ids = parts.ids
        self._ready_paths: dict[str, tuple[TenantConfig, Registered]] = {}
        self._public_url = parts.settings.public_url.rstrip("/")
        self._refused = problem_answer(_not_proven())
        self._later = problem_answer(_not_yet())

    async def answer(self, scope: Scope, receive: Receive) -> Answer:
        """To any request below `/in/`. Raises Unavailable or Overloaded: then the provider comes again."""
        found = await self._finding.found(scope["path"].removeprefix(PATH))
        body = Drained(scope, receive, MAX_BODY_LIMIT)
        if found is None:
            kept = await body.within(DEFAULT_BODY_LIMIT)
            await body.drained()
            hmac.digest(b"nobody", kept or b"", "sha256")  # about as long as a signature takes to be wrong
            return self._refused
        return await self._answered_at(found, scope, body)

    async def _answered_at(self, found: Registered, scope: Scope, body: Drained) -> Answer:
        """A body that yesterday's source has no room for may have it today; before that is known no more of it is kept.

        Fails closed: what is still too large is refused, and where the database cannot tell, nothing is taken.
        """
        kept = await body.within(found.source.body_limit)
        if kept is None:
            try:
                found = await self._finding.newer(found, scope["path"].removeprefix(PATH)) or found
            except NotFound:
                await body.drained()
                return self._refused
            kept = await body.within(found.source.body_limit)
        if kept is None:
            await body.drained()
            return self._refuse(self._knock(found, scope, b""), _too_large(found))
        return await self._handled(self._knock(found, scope, kept))

    def at_once(self, scope: Scope, body: bytes) -> UnderWay | None:
        """As `answer`, where all that it asks for is at hand and nothing is refused; None: ask `answer`."""
        ready = self._ready(scope, body)
        if ready is None or not self._plain(ready[1]):
            return None
        config, knock = ready
        drafts, receipt = self._drafts(knock)
        if not drafts:
            return None
        answers = self._publisher.begin_received(config, drafts, partial(self._check, knock), receipt)
        return answers, lambda: self._told(knock, answers)

    def _ready(self, scope: Scope, body: bytes) -> tuple[TenantConfig, Knock] | None:
        path = scope["path"]
        known = self._ready_paths.get(path)
        # Not by the version: two looks at one version may differ (`Publisher.matcher`).
        if known is None or self._directory.get(known[0].tenant_id) is not known[0]:
            known = self._learned_path(path)
            if known is None:
                return None
        config, found = known
        if self._shedder.shed(config.tenant_id) is not None or len(body) > min(
            found.source.body_limit, LARGE
        ):
            return None
        return config, self._knock(found, scope, body)

    def _learned_path(self, path: str) -> tuple[TenantConfig, Registered] | None:
        """Whose it is, as long as the tenant's configuration stays the very same."""
        rest = path.removeprefix(PATH)
        place = self._inbox.finder.at_hand(rest)
        config = self._directory.get(place[0]) if place is not None else None
        found = (
            self._finding.registered(config, rest, place)
            if place is not None and config is not None
            else None
        )
        if config is None or found is None:
            self._ready_paths.pop(path, None)
            return None
        if len(self._ready_paths) >= MAX_READY:
            self._ready_paths.clear()
        self._ready_paths[path] = (config, found)
        return config, found

    def _plain(self, knock: Knock) -> bool:
        """An event, proven without a look elsewhere."""
        registered, inbound = knock.registered, knock.inbound
        if encoding_of(inbound) or inbound.method not in registered.methods:
            return False
        if not registered.open and self._let_in(knock) is not None:
            return False
        receiver = registered.receiver
        if not receiver.plain and (receiver.handshake(inbound) is not None or receiver.wanted(inbound)):
            return False
        return receiver.verify(inbound, knock.at).refusal is None

    def _knock(self, found: Registered, scope: Scope, body: bytes) -> Knock:
        url, query = found.source.url or self._public_url + scope["path"], scope.get("query_string")
        if query:
            url = f"{url.partition('?')[0]}?{query.decode('latin-1')}"
        client, now = scope.get("client"), self._clock.now()
        return Knock(
            registered=found,
            inbound=Inbound(scope["method"], url, scope["headers"], body),
            at=now,
            remote=client[0] if client else "",
            receipt_id=self._ids.receipt(now),
            rest=scope["path"].removeprefix(PATH),
        )

    async def _handled(self, knock: Knock) -> Answer:
        refusal = self._let_in(knock)
        if refusal is not None:
            return await self._refused_or_newer(knock, Verdict(refusal))
        if len(knock.inbound.body) > knock.registered.source.body_limit:
            return await self._refused_or_newer(knock, _too_large(knock.registered))
        receiver = knock.registered.receiver
        shaker = receiver.handshake(knock.inbound)
        if shaker is not None:
            return await self._shaken(knock, shaker)
        if knock.inbound.method not in knock.registered.methods:
            return await self._refused_or_newer(knock, Verdict(Refusal.METHOD_NOT_ALLOWED))
        knock, verdict = await self._proving.verified(knock)
        if verdict.refusal is not None:
            return await self._refused_or_newer(knock, verdict)
        return await self._accepted(knock)

    def _let_in(self, knock: Knock) -> Refusal | None:
        if not knock.registered.source.active:
            return Refusal.INACTIVE
        return None if knock.registered.lets_in(knock.remote) else Refusal.ADDRESS_NOT_ALLOWED

    async def _refused_or_newer(self, knock: Knock, verdict: Verdict, *, handshake: str = "") -> Answer:
        """Nobody is refused by a configuration of yesterday."""
        try:
            newer = await self._finding.newer(knock.registered, knock.rest)
        except NotFound:
            return self._refused
        if newer is not None:
            return await self._handled(knock.at_source(newer))
        return self._refuse(knock, verdict, handshake=handshake)

    def _refuse(self, knock: Knock, verdict: Verdict, *, handshake: str = "") -> Answer:
        """The receipt is written a little later: the time of the answer must not tell that there is a source."""
        assert verdict.refusal is not None
        source = knock.registered.source
        answer = self._later if verdict.refusal is Refusal.KEY_UNAVAILABLE else self._refused
        self._inbox.refusals.add(refused_receipt(knock, verdict, answer.status, handshake=handshake))
        kind = SignatureInvalid if verdict.refusal in _SIGNATURE else ReceiptRefused
        self._parts.telemetry.emit(
            kind(
                tenant_id=source.tenant_id,
                source_id=source.id,
                receipt_id=knock.receipt_id,
                provider=source.provider,
                cause=verdict.refusal,
                remote=knock.remote,
            )
        )
        return answer

    async def _accepted(self, knock: Knock) -> Answer:
        source = knock.registered.source
        wait = self._shedder.shed(source.tenant_id)
        if wait is not None:
            raise overloaded(wait)
        drafts, receipt = await apart(knock, lambda: self._drafts(knock))
        if not drafts:  # a heartbeat
            await self._parts.store.receipts.add([receipt])
            return self._answered(knock, receipt.outcome)
        config = self._directory.get(source.tenant_id) or await self._directory.at_least(source.tenant_id)
        answers = self._publisher.begin_received(config, drafts, partial(self._check, knock), receipt)
        await answers.all
        return self._told(knock, answers)

    def _drafts(self, knock: Knock) -> tuple[Sequence[Draft], Receipt]:
        return rows_of(knock, knock.registered.receiver.identify(knock.inbound))

    def _told(self, knock: Knock, answers: Answers) -> Answer:
        """Raises what befell any of its events: then the provider sends all of them again, and the rest are duplicates."""
        new = False
        for one in answers.told():
            if isinstance(one, HooklineError):
                raise one
            new = new or not one.duplicate
        if new:
            return self._answered(knock, Outcome.ACCEPTED, RequestReceived)
        return self._answered(knock, Outcome.DUPLICATE)

    def _answered(self, knock: Knock, outcome: Outcome, kind: type[RequestReceived] = RequestNoted) -> Answer:
        source = knock.registered.source
        self._parts.telemetry.emit(
            kind(
                tenant_id=source.tenant_id,
                source_id=source.id,
                receipt_id=knock.receipt_id,
                provider=source.provider,
                outcome=outcome,
            )
        )
        return _answer(knock.registered.answer)

    def _check(self, knock: Knock, config: TenantConfig, _: Draft) -> None:
        """Asked again when the configuration has changed since: what the source as it is now would refuse, is."""
        source = knock.registered.source
        current = config.sources.get(source.id)
        if current is None:
            raise _not_proven()
        if current.version != source.version:
            if knock.rest and not leads(knock.rest, current):
                raise _moved()
            newer, inbound = self._inbox.registry.registered(current), knock.proven or knock.inbound
            fits = inbound.method in newer.methods and len(inbound.body) <= current.body_limit
            if not fits or self._let_in(knock.at_source(newer)) or knock.judged_by(newer).refusal:
                raise _not_proven()

    async def _shaken(self, knock: Knock, shaker: Shaker) -> Answer:
        verdict = (await self._proving.proven(knock))[1] if shaker.rule.signed else PROVEN
        if verdict.refusal is not None:
            return await self._refused_or_newer(knock, verdict)
        shaken = knock.registered.receiver.shake(shaker, knock.inbound)
        if shaken.answer is None:
            refused = Verdict(Refusal.HANDSHAKE_REFUSED)
            return await self._refused_or_newer(knock, refused, handshake=shaken.name)
        if shaken.visit is not None:
            await self._inbox.fetcher.visit(knock.registered.source.tenant_id, shaken.visit)
        if shaken.learned and shaker.rule.learn is not None:
            shaken = await self._learned(knock, shaken, confirmed=not shaker.rule.learn.confirm)
        answer = self._refused if shaken.answer is None else _answer(shaken.answer)
        verdict = Verdict(Refusal.HANDSHAKE_REFUSED if shaken.answer is None else None)
        receipt = refused_receipt(knock, verdict, answer.status, handshake=shaken.name)
        self._inbox.refusals.add(receipt)
        self._answered(knock, receipt.outcome)
        return answer

    async def _learned(self, knock: Knock, shaken: Shaken, *, confirmed: bool) -> Shaken:
        """Kept before the provider is answered. Of two who come at once, the second is refused."""
        known = knock.registered.source
        secret = Secret(id=self._parts.ids.secret(), value=shaken.learned, created_at=knock.at)
        if known.secrets:  # it was held against them, and is one of them
            return shaken
        change = {"secrets": (secret,)} if confirmed else {"pending": secret}
        try:
            await self._parts.store.sources.replace(
                msgspec.structs.replace(known, **change, updated_at=knock.at)
            )
        except (Conflict, NotFound):
            return Shaken(shaken.name, None)
        await self._directory.reload(known.tenant_id)
        self._parts.telemetry.emit(
            SecretLearned(
                tenant_id=known.tenant_id, source_id=known.id, provider=known.provider, confirmed=confirmed
            )
        )
        return shaken


def _not_proven() -> NotProven:
    return NotProven(
        "There is no such source, or the request does not prove that it may come in.",
        hint="Whoever owns the source finds the cause in its receipts.",
    )


def _moved() -> Unavailable:
    """Not refused: there may be another source whose path it is."""
    return Unavailable("The path has just gone to another source.", hint="Send the request again.")


def _too_large(found: Registered) -> Verdict:
    limit = found.source.body_limit
    return Verdict(Refusal.BODY_TOO_LARGE, f"the body is larger than {limit} bytes, the source's body_limit")


def _not_yet() -> Unavailable:
    """It tells that there is a source: a 401 would make some providers give the event up for lost (Amazon SNS)."""
    return Unavailable(
        "The provider's key could not be fetched just now.", hint="Send the request again a little later."
    )


def _answer(answered: Answered) -> Answer:
    return Answer(answered.status, answered.headers, answered.body)
