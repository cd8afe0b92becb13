"""Accept later: a request that was refused makes its events after all, when the source was mended."""

from collections.abc import Sequence

import msgspec

from hookline.api.parts import Parts
from hookline.api.proving import Proving, apart, decoded_knock
from hookline.api.receive_rows import Knock, rows_of
from hookline.errors import Conflict, HooklineError, NotFound
from hookline.model.ids import ReceiptId
from hookline.model.receipt import Outcome, Receipt
from hookline.model.source import Source
from hookline.receive.inbound import Inbound
from hookline.route.draft import Draft
from hookline.storage.receipts import Whole


async def accept_later(parts: Parts, refused: Whole, *, verify: bool) -> ReceiptId:
    """The receipt under which it is accepted now. Raises Conflict when it cannot be.

    Accepted twice, it makes its events once: what has no id of the provider's is deduplicated by the receipt.
    """
    receipt = refused.receipt
    if receipt.outcome is not Outcome.REFUSED or receipt.handshake:
        raise Conflict("Only a request that was refused can be accepted.", hint="Look at its outcome.")
    if refused.body is None or len(refused.body) != receipt.size:
        raise Conflict("The body of this receipt is not kept.", hint="Ask the provider to send it again.")
    source = await parts.store.sources.get(receipt.tenant_id, receipt.source_id)
    knocks = [_again(parts, receipt, url, refused.body, source) for url in _urls(parts, source)]
    knock = await (_verified(parts, knocks) if verify else apart(knocks[0], lambda: decoded_knock(knocks[0])))
    accepted = await _stored(parts, knock, receipt)
    await parts.store.receipts.mark_accepted(receipt, accepted)
    return accepted


def _urls(parts: Parts, source: Source) -> Sequence[str]:
    """By which it may have come: a receipt does not tell, because the token is a secret."""
    if source.url:
        return [source.url]
    base = f"{parts.settings.public_url.rstrip('/')}/in/"
    readable = [f"{base}{source.tenant_id}/{source.path}"] if source.path else []
    return [f"{base}{source.token}", *readable]


def _again(parts: Parts, receipt: Receipt, base: str, body: bytes, source: Source) -> Knock:
    """As it came, at the time when it came."""
    inbound = Inbound(
        method=receipt.method,
        url=f"{base}?{receipt.query}" if receipt.query else base,
        headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in receipt.headers],
        body=body,
    )
    return Knock(
        registered=parts.inbox.registry.registered(source),
        inbound=inbound,
        at=receipt.received_at,
        remote=receipt.remote,
        receipt_id=parts.ids.receipt(parts.clock.now()),
        flag=f"accepted later: it was refused as {receipt.id}",
    )


async def _verified(parts: Parts, knocks: Sequence[Knock]) -> Knock:
    for knock in knocks:
        inner, verdict = await Proving(parts.inbox.fetcher).verified(knock)
        if verdict.refusal is None:
            return inner
    detail = f" ({verdict.detail})" if verdict.detail else ""
    raise Conflict(
        f"It would be refused again: {verdict.refusal}{detail}.",
        hint="Mend the source's secret first. Credentials in headers and in the query are not kept: a request that was proven by "
        "one can only be accepted with verify false, and so can one that you know to be genuine.",
    )


async def _stored(parts: Parts, knock: Knock, refused: Receipt) -> ReceiptId:
    made, receipt = await apart(
        knock, lambda: rows_of(knock, knock.registered.receiver.identify(knock.inbound))
    )
    drafts = [_deduped(draft, refused, position) for position, draft in enumerate(made)]
    receipt = msgspec.structs.replace(receipt, received_at=parts.clock.now())
    if not drafts:
        await parts.store.receipts.add([receipt])
        return receipt.id
    config = await parts.config(refused.tenant_id)
    if refused.source_id not in config.sources:
        raise NotFound("The source of this receipt is gone.")
    answers = parts.publisher.begin_received(config, drafts, lambda *_: None, receipt)
    await answers.all
    for one in answers.told():
        if isinstance(one, HooklineError):
            raise one
    return receipt.id


def _deduped(draft: Draft, refused: Receipt, position: int) -> Draft:
    if draft.idempotency_key is not None:
        return draft
    return msgspec.structs.replace(draft, idempotency_key=f"{refused.source_id} {refused.id} {position}")
