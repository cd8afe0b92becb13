"""deliveries-states.md, with the picture drawn from the table of legal moves."""

from collections.abc import Iterator

from hookline.docs.markdown import block, code, codes, one_line, page, table
from hookline.docs.sentences import sentences
from hookline.model.delivery import TERMINAL, TRANSITIONS, State

_ABOUT = """A delivery is in one of these states. Only the moves in the picture exist; anything else is refused and changes
nothing. A delivery begins as `sending` when a node takes it in hand at once, else as `pending`, or as `held` when its
endpoint is inactive."""
_BACK = """From a final state a delivery only comes back to `pending`, when a person asks to
[send it again](../how-to/retry-and-cancel.md)."""


def states_page() -> str:
    return page(
        "States of a delivery",
        "src/hookline/model/delivery.py",
        _ABOUT,
        block("\n".join(("stateDiagram-v2", *_arrows())), "mermaid"),
        table(("state", "what it means", "final", "may become"), map(_row, State)),
        _BACK,
    )


def _arrows() -> Iterator[str]:
    for old in State:
        yield from (f"    {old} --> {new}" for new in State if new in TRANSITIONS[old])
    yield from (f"    {state} --> [*]" for state in State if state in TERMINAL)


def _row(state: State) -> tuple[str, ...]:
    meaning = sentences(State)[state.name]
    moves = codes(new for new in State if new in TRANSITIONS[state])
    return (code(state), one_line(meaning), "yes" if state in TERMINAL else "no", moves)
