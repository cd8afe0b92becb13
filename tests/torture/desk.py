"""Desk: cases that become tickets of another system while nodes are killed, and what must hold of them at the end."""

import asyncio
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import aiohttp
import msgspec

from tests.presets.fakes.jira import JiraFake
from tests.presets.fakes.server import Answer, Request
from tests.torture.saver import LOST

TENANT = "desk"
"""Of its own: what holds of other receivers' arrivals is not asked of tickets."""
CALLERS = 2
OPEN = 3
"""Cases of each caller at a time."""
LONGEST = 8
"""Events of one case."""
PAUSE = 0.25
"""Seconds between two events of one caller."""
TROUBLES = 0.2
"""How often an event comes with a fault of the other system."""
GOOD = 300


class Desk(JiraFake):
    """It notes every change that it made, in order, and is in trouble now and then."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.made: Counter[str] = Counter()
        """Case → how many tickets."""
        self.applied: dict[str, list[int]] = defaultdict(list)
        """Case → the numbers of the events that its ticket shows one after the other."""
        self._rng = random.Random(f"{seed} desk")

    def trouble(self) -> None:
        """One at a time: a row of them is a system that is down, which is asked ever more rarely."""
        kinds = (self.lose_answer, lambda: self.refuse(503), lambda: self.rate_limit(1))
        with self._lock:
            if not self._faults:
                self._rng.choice(kinds)()

    def heal(self) -> None:
        with self._lock:
            self._faults.clear()

    def _routed(self, request: Request) -> Answer:
        answer = super()._routed(request)
        if answer.status < GOOD and request.method != "GET":
            summary = msgspec.json.decode(request.body)["fields"]["summary"]
            case, _, number = summary.partition(" ")
            self.applied[case].append(int(number))
            self.made[case] += request.method == "POST"
        return answer


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of the desk."""

    cases: int
    events: int
    """Acknowledged."""
    tickets: int
    repeated: int
    """Changes that were made once more, as they were."""
    faults: list[str]


class Callers:
    """Clients who tell what their cases are, and again until it is acknowledged: one event of a case after the other."""

    def __init__(self, session: aiohttp.ClientSession, urls: Sequence[str], seed: int) -> None:
        self.desk = Desk(seed)
        self.told: dict[str, int] = {}
        """Case → the number of its last acknowledged event."""
        self.refused: list[str] = []
        self._session = session
        self._urls = urls
        self._rng = random.Random(f"{seed} callers")
        self._ids = itertools.count(1)

    @property
    def endpoint(self) -> dict[str, Any]:
        """How the tenant subscribes."""
        retry = {"kind": "fixed", "delay": 0.5, "attempts": 100}
        settings = self.desk.settings
        return {"preset": self.desk.preset, "settings": settings, "retry": retry, "timeout": 5}

    async def call(self, stopped: Callable[[], bool]) -> None:
        mine = [next(self._ids) for _ in range(OPEN)]
        while not stopped():
            place = self._rng.randrange(OPEN)
            await self._tell(str(mine[place]))
            if self.told[str(mine[place])] == LONGEST:
                mine[place] = next(self._ids)
            await asyncio.sleep(PAUSE * self._rng.uniform(0.5, 1.5))

    async def _tell(self, case: str) -> None:
        number = self.told.get(case, 0) + 1
        if self._rng.random() < TROUBLES:
            self.desk.trouble()
        data = {"case_id": int(case), "subject": f"{case} {number}", "description": "d", "priority": "high"}
        event = {
            "type": "case.created" if number == 1 else "case.updated",
            "data": data,
            "idempotency_key": f"case-{case}-{number}",
        }
        taken = False
        while not taken:
            taken = await self._taken(event)
            await asyncio.sleep(self._rng.uniform(0.02, 0.2))
        self.told[case] = number

    async def _taken(self, event: dict[str, Any]) -> bool:
        url = self._rng.choice(self._urls) + "/v1/events"
        try:
            async with self._session.post(url, json=event, headers={"Hookline-Tenant": TENANT}) as answer:
                told = await answer.text()
        except LOST:
            return False
        if answer.status not in {202, 503}:
            self.refused.append(f"{answer.status} {told}")
        return answer.status != 503


def judge_desk(callers: Callers) -> Told:
    applied = callers.desk.applied
    return Told(
        cases=len(callers.told),
        events=sum(callers.told.values()),
        tickets=len(callers.desk.tickets),
        repeated=sum(len(numbers) - len(set(numbers)) for numbers in applied.values()),
        faults=list(_faults(callers)),
    )


def _faults(callers: Callers) -> Iterator[str]:
    desk = callers.desk
    yield from (f"a caller was told {answer}" for answer in callers.refused)
    for case, last in callers.told.items():
        if desk.made[case] != 1:
            yield f"case {case} has {desk.made[case]} tickets"
        numbers = desk.applied[case]
        if numbers != sorted(numbers):
            yield f"the ticket of case {case} went back: {numbers}"
        if missing := set(range(1, last + 1)) - set(numbers):
            yield f"the ticket of case {case} never showed {sorted(missing)} of {last}"
    yield from (f"case {case} is nobody's" for case in desk.made if case not in callers.told)
