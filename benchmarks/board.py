"""Board: counters that the processes of a run share in memory. One writer a slot, so that none needs a lock."""

import mmap
import os
from enum import IntEnum, auto
from typing import Self

_SIZE = mmap.PAGESIZE


class Slot(IntEnum):
    ACCEPTED = auto()
    """Events answered with 202, by the publishers."""
    REFUSED = auto()
    """Requests answered with anything else, or not at all."""
    DELIVERED = auto()
    """Requests that the receiver has answered."""
    WAITED = auto()
    """Times that a publisher held back because the backlog stood at its bound."""
    SENT = auto()
    """Requests that publishers or a ceiling's client have begun."""
    STOP = auto()
    """Written by the harness: publishers end."""


class Board:
    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._slots = memoryview(mmap.mmap(descriptor, _SIZE)).cast("Q")

    @classmethod
    def create(cls) -> Self:
        descriptor = os.memfd_create("hookline-bench")
        os.ftruncate(descriptor, _SIZE)
        return cls(descriptor)

    def __getitem__(self, slot: Slot) -> int:
        return self._slots[slot]

    def __setitem__(self, slot: Slot, value: int) -> None:
        self._slots[slot] = value

    def clear(self) -> None:
        for slot in Slot:
            self._slots[slot] = 0
