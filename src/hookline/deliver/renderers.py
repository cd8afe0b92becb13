"""Renderers: the threads in which templates are rendered, so that the loop, and with it everybody else, does not wait for them.

One takes what came first, so that nobody waits for ever. The other takes what has cost least so far, and nothing that costs much:
an endpoint whose template is quick does not wait for those that run to their limit each time, however many they are.
"""

import asyncio
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from functools import partial
from threading import Condition, Thread
from typing import Any, Generic, ParamSpec, TypeVar

MUCH = 0.05
"""CPU seconds of one job: half of the limit of a template."""
UNKNOWN = 0.01
"""CPU seconds that a job is taken to cost where nothing is known: more than most do, and far less than the limit."""
FORGETTING = 0.9
"""What is left of a cost with each cheaper job after it: an attempt has several, and most of them are cheap."""
MAX_KNOWN = 20_000
_P = ParamSpec("_P")
_T = TypeVar("_T")


class Renderers:
    def __init__(self, cpu: Callable[[], float] = time.thread_time) -> None:
        """`cpu` tells the seconds that the calling thread has worked."""
        self._cpu = cpu
        self._some = Condition()
        self._waiting: list[_Job[Any]] = []
        self.costs: dict[Hashable, float] = {}
        """What the jobs of each have cost of late, in CPU seconds."""
        self._closed = False
        for next_of in (self._oldest, self._cheapest):
            Thread(target=self._work, args=(next_of,), name="templates", daemon=True).start()

    async def run(
        self, whose: Hashable, work: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs
    ) -> _T:
        job = _Job(whose, partial(work, *arguments, **named))
        with self._some:
            if self._closed:
                job.done.cancel()
            self._waiting.append(job)
            self._some.notify_all()
        return await asyncio.wrap_future(job.done)

    def close(self) -> None:
        """What waits is cancelled; what is being rendered ends soon by its limit."""
        with self._some:
            self._closed = True
            for job in self._waiting:
                job.done.cancel()
            self._some.notify_all()

    def _work(self, next_of: "_Choice") -> None:
        while (job := self._next(next_of)) is not None:
            began = self._cpu()
            job.run()
            self._note(job.whose, self._cpu() - began)

    def _next(self, next_of: "_Choice") -> "_Job[Any] | None":
        with self._some:
            while not self._closed:
                job = next_of()
                if job is not None:
                    self._waiting.remove(job)
                    return job
                self._some.wait()
            return None

    def _oldest(self) -> "_Job[Any] | None":
        return self._waiting[0] if self._waiting else None

    def _cheapest(self) -> "_Job[Any] | None":
        job = min(self._waiting, key=self._cost, default=None)
        return job if job is not None and self._cost(job) < MUCH else None

    def _cost(self, job: "_Job[Any]") -> float:
        return self.costs.get(job.whose, UNKNOWN)

    def _note(self, whose: Hashable, seconds: float) -> None:
        with self._some:
            if len(self.costs) >= MAX_KNOWN and whose not in self.costs:
                self.costs.clear()
            self.costs[whose] = max(seconds, self.costs.get(whose, UNKNOWN) * FORGETTING)


class _Job(Generic[_T]):
    def __init__(self, whose: Hashable, work: Callable[[], _T]) -> None:
        self.whose = whose
        self.done: Future[_T] = Future()
        self._work = work

    def run(self) -> None:
        """Unless nobody waits for it any more."""
        if not self.done.set_running_or_notify_cancel():
            return
        try:
            result = self._work()
        except BaseException as error:  # noqa: BLE001  whoever waits for it hears it
            self.done.set_exception(error)
        else:
            self.done.set_result(result)


_Choice = Callable[[], _Job[Any] | None]
