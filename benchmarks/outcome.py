"""What a scenario hands back, and its verdict: a run that lost an event fails, however fast it was."""

import msgspec


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    report: msgspec.Struct
    """For machines: one JSON object."""
    text: str
    """For people."""
    lost: int

    @property
    def exit_code(self) -> int:
        return 1 if self.lost else 0


def verdict(lost: int, duplicated: int) -> str:
    return f"lost {lost}, duplicated {duplicated}" + ("; FAILED" if lost else "")
