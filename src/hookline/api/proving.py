"""Proving: whether a request shows who sent it, with the keys that must be fetched for that."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

import msgspec

from hookline.api.receive_rows import Knock
from hookline.model.receipt import Refusal
from hookline.receive.encoding import plain_of
from hookline.receive.fetcher import AGAIN, KEPT, Fetcher, KeyUnavailable
from hookline.receive.fetching import Wanted
from hookline.receive.inbound import Malformed
from hookline.receive.keys import NamedKey
from hookline.receive.scheme import Verdict

T = TypeVar("T")

LARGE = 64 * 1024
"""Bytes of a body above which it is looked at beside the loop: a tenth of a second for each MiB, if it is made to hurt."""


async def apart(knock: Knock, look: Callable[[], T]) -> T:
    """What reads all of the body, in a thread where that is long."""
    return await asyncio.to_thread(look) if len(knock.inbound.body) > LARGE else look()


class Proving:
    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    async def verified(self, knock: Knock) -> tuple[Knock, Verdict]:
        """The bytes as they came first; of a compressed body that proves nothing so, what is in it.

        What is refused stays as it came: so it can be verified again, when its source was mended.
        """
        knock, verdict = await self.proven(knock)
        plain = decoded_knock(knock)
        if verdict.refusal is None or plain.inbound is knock.inbound:
            return plain, verdict
        inner, verdict = await self.proven(plain)
        return (knock if verdict.refusal else inner), verdict

    async def proven(self, knock: Knock) -> tuple[Knock, Verdict]:
        """As it is; with what shows that, for whoever has to look again."""
        wanted = await apart(knock, lambda: knock.registered.receiver.wanted(knock.inbound))
        if not wanted:
            return await _judged(msgspec.structs.replace(knock, proven=knock.inbound))
        knock, verdict = await self._with_keys(knock, wanted, KEPT)
        if verdict.refusal is Refusal.UNKNOWN_KEY:  # perhaps it is newer than those that are kept
            return await self._with_keys(knock, wanted, AGAIN)
        return knock, verdict

    async def _with_keys(
        self, knock: Knock, wanted: Mapping[str, Wanted], max_age: float
    ) -> tuple[Knock, Verdict]:
        tenant, fetched = knock.registered.source.tenant_id, dict[str, Sequence[NamedKey]]()
        for name, one in wanted.items():
            with suppress(KeyUnavailable):
                fetched[name] = await self._fetcher.keys(tenant, one, max_age)
        found = msgspec.structs.replace(knock, proven=knock.inbound, fetched=fetched)
        knock, verdict = await _judged(found)
        lacking = verdict.refusal is not None and len(fetched) < len(wanted)
        return knock, Verdict(Refusal.KEY_UNAVAILABLE, "the key could not be fetched") if lacking else verdict


async def _judged(knock: Knock) -> tuple[Knock, Verdict]:
    return knock, await apart(knock, lambda: knock.judged_by(knock.registered))


def decoded_knock(knock: Knock) -> Knock:
    """With what is in its body, where that is compressed; where it cannot be read: as it is, and flagged."""
    try:
        inner = plain_of(knock.inbound, knock.registered.source.body_limit)
    except Malformed as error:
        return knock.flagged(str(error))
    return knock if inner is knock.inbound else msgspec.structs.replace(knock, inbound=inner)
