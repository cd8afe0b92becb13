"""Hooks: the places in the program where a node can be made to kill itself, and the trigger that does it."""

import os
import random
import signal
import threading
from collections.abc import Mapping
from enum import StrEnum
from typing import Self

import msgspec


class Hook(StrEnum):
    """`before` and `after`: around the whole verb; `during`: some moment of it; `inside`: between the statements of
    its transaction.
    """

    MIGRATE_INSIDE = "migrate.inside"
    TAKE_OVER_INSIDE = "take_over.inside"
    PUBLISH_BEFORE = "publish.before"
    PUBLISH_DURING = "publish.during"
    PUBLISH_INSIDE = "publish.inside"
    PUBLISH_AFTER = "publish.after"
    SAVE_BEFORE = "save.before"
    SAVE_DURING = "save.during"
    SAVE_INSIDE = "save.inside"
    SAVE_AFTER = "save.after"
    RECORD_BEFORE = "record.before"
    RECORD_DURING = "record.during"
    RECORD_INSIDE = "record.inside"
    RECORD_AFTER = "record.after"
    CLAIM_BEFORE = "claim.before"
    CLAIM_DURING = "claim.during"
    CLAIM_INSIDE = "claim.inside"
    CLAIM_AFTER = "claim.after"
    SEND_BEFORE = "send.before"
    SEND_DURING = "send.during"
    SEND_AFTER = "send.after"
    """The receiver has answered 2xx and nothing of that is recorded."""
    FAN_OUT_PARTLY = "fan_out.partly"
    """Some endpoints of an event have answered 2xx, others have not been asked."""


AT_START = frozenset({Hook.MIGRATE_INSIDE})
SQLITE_AT_START = AT_START | {Hook.TAKE_OVER_INSIDE}
"""Passed while the node starts, so that it must be armed from its first moment."""
SQLITE_ONLY = frozenset({Hook.PUBLISH_INSIDE, Hook.SAVE_INSIDE, Hook.RECORD_INSIDE, Hook.CLAIM_INSIDE})
"""On PostgreSQL these transactions are one statement or two: `during` cuts them."""
MOST_PASSES = {
    Hook.MIGRATE_INSIDE: 20,
    Hook.TAKE_OVER_INSIDE: 1,
    Hook.CLAIM_BEFORE: 3,
    Hook.CLAIM_DURING: 3,
    Hook.CLAIM_INSIDE: 4,
    Hook.CLAIM_AFTER: 3,
}
"""What is passed rarely is cut early; the others at one of their first 40 passes."""
DURING = 0.004
"""Seconds within which `during` falls: as long as a commit takes."""
_VARIABLE = "TORTURE_PLAN"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How one start of a node ends. `hook` None: from outside."""

    hook: Hook | None = None
    passes: int = 1
    """At which pass of the hook."""
    delay: float = 0.0
    """Seconds into a `during`."""
    armed: bool = False
    """From the start; else by SIGUSR1."""
    mark: str = ""
    """The file in which the node says that it died at its hook."""

    def environ(self) -> dict[str, str]:
        return {_VARIABLE: msgspec.json.encode(self).decode()}

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        return msgspec.json.decode(environ[_VARIABLE], type=cls)


def hook_plan(hook: Hook, rng: random.Random, *, armed: bool, mark: str) -> Plan:
    passes = rng.randint(1, MOST_PASSES.get(hook, 40))
    return Plan(hook=hook, passes=passes, delay=rng.uniform(0, DURING), armed=armed, mark=mark)


class Trigger:
    """Pulled by the node itself, from any of its threads."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._left = plan.passes
        self._armed = plan.armed

    def arm(self) -> None:
        self._armed = True

    def at(self, hook: Hook) -> None:
        if self._is_time(hook):
            self._die()

    def during(self, hook: Hook) -> None:
        if self._is_time(hook):
            threading.Timer(self._plan.delay, self._die).start()

    def _is_time(self, hook: Hook) -> bool:
        if not self._armed or hook is not self._plan.hook:
            return False
        self._left -= 1
        return self._left == 0

    def _die(self) -> None:
        mark = os.open(self._plan.mark, os.O_WRONLY | os.O_CREAT)
        os.write(mark, str(self._plan.hook).encode())
        os.kill(os.getpid(), signal.SIGKILL)
