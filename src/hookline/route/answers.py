"""Answers: what the publishers of one group wait for: one future alone, or one for a whole batch."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from hookline.errors import HooklineError
from hookline.route.draft import Published


class Awaited(Protocol):
    """The part of a future that a publisher needs."""

    def done(self) -> bool: ...

    def set_result(self, result: Published, /) -> None: ...

    def set_exception(self, exception: BaseException, /) -> None: ...


class Answers(Protocol):
    """The answers of a batch in their order."""

    all: "asyncio.Future[Any]"
    """Done when all of them are told. Of one alone it has the answer, and may raise it."""

    @property
    def places(self) -> Sequence[Awaited]:
        """Where each of them is told."""
        ...

    def told(self) -> list[Published | HooklineError]:
        """When all are told. Raises what is no fault of the caller's."""
        ...


def answers_of(count: int) -> Answers:
    return One() if count == 1 else Gathered(count)


class One:
    """A batch of one needs no more than the future."""

    __slots__ = ("all",)

    def __init__(self) -> None:
        self.all: asyncio.Future[Published] = asyncio.get_running_loop().create_future()

    @property
    def places(self) -> Sequence[Awaited]:
        return (self.all,)

    def told(self) -> list[Published | HooklineError]:
        try:
            return [self.all.result()]
        except HooklineError as error:
            return [error]


class Gathered:
    """A future for each of them would cost as much as matching it."""

    def __init__(self, count: int) -> None:
        self.all: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._told: list[Published | BaseException | None] = [None] * count
        self._left = count
        if not count:
            self.all.set_result(None)

    @property
    def places(self) -> Sequence[Awaited]:
        return [_Place(self, index) for index in range(len(self._told))]

    def told(self) -> list[Published | HooklineError]:
        answers: list[Published | HooklineError] = []
        for one in self._told:
            if isinstance(one, BaseException) and not isinstance(one, HooklineError):
                raise one
            assert one is not None, "every event of a batch is answered before the batch is"
            answers.append(one)
        return answers

    def known(self, index: int) -> bool:
        return self._told[index] is not None

    def tell(self, index: int, answer: Published | BaseException) -> None:
        self._told[index] = answer
        self._left -= 1
        if not self._left and not self.all.done():  # done: its caller has gone
            self.all.set_result(None)


class _Place:
    __slots__ = ("_gathered", "_index")

    def __init__(self, gathered: Gathered, index: int) -> None:
        self._gathered = gathered
        self._index = index

    def done(self) -> bool:
        return self._gathered.known(self._index)

    def set_result(self, result: Published, /) -> None:
        self._gathered.tell(self._index, result)

    def set_exception(self, exception: BaseException, /) -> None:
        self._gathered.tell(self._index, exception)
