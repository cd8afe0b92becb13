"""A body that is read to its end: asked for under one limit, then under a larger one, then drained."""

import pytest

from hookline.api.reading import ClientGone, Drained, Message
from hookline.errors import BodyTooLarge

MAXIMUM = 100
GONE: Message = {"type": "http.disconnect"}


class Sent:
    """Ten bytes a message."""

    def __init__(self, messages: int, *, gone: bool = False) -> None:
        self.left = [_part(more=number + 1 < messages or gone) for number in range(messages)]
        self.left += [GONE] * gone

    async def receive(self) -> Message:
        return self.left.pop(0)


def _part(*, more: bool) -> Message:
    return {"type": "http.request", "body": b"0123456789", "more_body": more}


def drained(sent: Sent, *headers: tuple[bytes, bytes]) -> Drained:
    return Drained({"headers": headers}, sent.receive, MAXIMUM)


async def read(body: Drained, limit: int) -> None:
    await body.within(limit)
    await body.drained()


@pytest.mark.parametrize("limit", [30, 35, 100])
async def test_what_is_within_the_limit_is_there_whole(limit: int) -> None:
    assert await drained(Sent(3)).within(limit) == b"0123456789" * 3


async def test_over_the_limit_no_more_is_read_until_a_larger_one_is_asked_for() -> None:
    sent = Sent(5)
    body = drained(sent)
    assert await body.within(15) is None
    assert len(sent.left) == 3
    assert await body.within(15) is None
    assert len(sent.left) == 3
    assert await body.within(50) == b"0123456789" * 5


async def test_what_is_drained_is_read_to_its_end() -> None:
    sent = Sent(5)
    body = drained(sent)
    assert await body.within(15) is None
    await body.drained()
    assert sent.left == []


@pytest.mark.parametrize("limit", [15, 100])
async def test_over_the_maximum_it_is_told_whatever_the_limit(limit: int) -> None:
    body = drained(Sent(11))
    with pytest.raises(BodyTooLarge):
        await read(body, limit)
    with pytest.raises(BodyTooLarge):
        drained(Sent(1), (b"content-length", b"101"))


async def test_who_leaves_before_the_end_is_gone() -> None:
    body = drained(Sent(2, gone=True))
    with pytest.raises(ClientGone):
        await body.within(100)
