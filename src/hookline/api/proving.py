"""Proving: whether a request shows who sent it, with the keys that must be fetched for that."""

from hookline.api.receive_rows import Knock
from hookline.receive.encoding import decoded
from hookline.receive.fetching import Fetcher
from hookline.receive.inbound import Inbound, Malformed
from hookline.receive.scheme import Verdict


class Proving:
    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    async def verified(self, knock: Knock) -> tuple[Knock, Verdict]:
        """The bytes as they came first; of a compressed body that proves nothing so, what is in it."""
        verdict = await self.proven(knock)
        encoding = encoding_of(knock.inbound)
        if not encoding:
            return knock, verdict
        try:
            plain = decoded(knock.inbound.body, encoding, knock.registered.source.body_limit)
        except Malformed as error:
            return knock.flagged(str(error)), verdict
        inner = knock.with_body(plain)
        if verdict.refusal is None:
            return inner, verdict
        return inner, await self.proven(inner)

    async def proven(self, knock: Knock) -> Verdict:
        receiver, tenant = knock.registered.receiver, knock.registered.source.tenant_id
        wanted = receiver.wanted(knock.inbound)
        if not wanted:
            return receiver.verify(knock.inbound, knock.at)
        fetched = {name: await self._fetcher.keys(tenant, one) for name, one in wanted.items()}
        return receiver.verify(knock.inbound, knock.at, fetched)


def encoding_of(inbound: Inbound) -> bytes:
    """Of the body; empty for none."""
    if b"content-encoding" not in inbound.by_name:
        return b""
    found = (inbound.by_name[b"content-encoding"] or b"several").strip().lower()
    return b"" if found == b"identity" else found
