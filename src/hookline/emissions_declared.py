"""What Hookline emits of declarations: the part of the table in `emissions` that is about files."""

from hookline.emission import Emission, Level


class DeclarationApplied(Emission, frozen=True, kw_only=True):
    """A file said what there should be, and it is so now."""

    words = "Declaration applied: {owner} ({steps} steps)"
    owner: str
    steps: int


class DeclarationRefused(Emission, frozen=True, kw_only=True):
    """A file could not be applied: all stays as it was."""

    level = Level.ERROR
    words = "Declaration refused: {reason}"
    reason: str
