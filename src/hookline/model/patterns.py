"""Event patterns: which types an endpoint wants. `call.started`, `call.*` (any depth below `call`), or `*`.

Hookline's own events (`hookline.…`) are for whoever asks for them by name: `*` means everybody else's.
"""

import re
from functools import lru_cache

from hookline.errors import InvalidField, InvalidPattern

ALL = "*"
MAX_NAME = 128
OURS = "hookline."
"""What the types of Hookline's own events begin with. Nobody else makes such events."""

# The alphabet of Standard Webhooks: identifiers between full stops. A hyphen is none.
_NAME = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*")
_ALPHABET = "letters a-z and A-Z, digits and underscores, in parts separated by full stops"


def check_type(name: str) -> str:
    """`name`, if it can be the name of an event type."""
    if _is_type(name):
        return name
    raise InvalidField(
        f"{_shown(name)} is not the name of an event type.",
        hint=f"Use {_ALPHABET}, at most {MAX_NAME} characters, like call.started.",
    )


@lru_cache(4096)
def _is_type(name: str) -> bool:
    """Remembered, because every event has one of few names; whose they are does not matter here."""
    return len(name) <= MAX_NAME and _NAME.fullmatch(name) is not None


def check_publishable(name: str) -> str:
    """`name`, if it can be the type of an event that Hookline does not make by itself."""
    if check_type(name).startswith(OURS):
        raise InvalidField(
            f"{_shown(name)} begins with {OURS}, which is kept for the events that Hookline makes.",
            hint="Choose another first part.",
        )
    return name


def check_pattern(text: str) -> str:
    """`text`, if it is a pattern."""
    if text == ALL or (len(text) <= MAX_NAME and _NAME.fullmatch(text.removesuffix(".*"))):
        return text
    raise InvalidPattern(
        f"{_shown(text)} is not an event pattern.",
        hint=f"Use the name of an event type (call.started), a beginning followed by .* (call.*), or * for all. "
        f"Names are {_ALPHABET}, at most {MAX_NAME} characters.",
    )


class Patterns:
    """The patterns of one endpoint, ready for asking."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self._all = ALL in patterns
        self._exact = frozenset(patterns)
        self._prefixes = tuple(pattern[:-1] for pattern in patterns if pattern.endswith(".*"))

    def matches(self, event_type: str) -> bool:
        if self._all and not event_type.startswith(OURS):
            return True
        return event_type in self._exact or event_type.startswith(self._prefixes)

    def which(self, event_type: str) -> str | None:
        """The pattern that matches, the most exact one if several do."""
        if event_type in self._exact:
            return event_type
        prefixes = [prefix for prefix in self._prefixes if event_type.startswith(prefix)]
        if prefixes:
            return max(prefixes, key=len) + ALL
        return ALL if self.matches(event_type) else None


def _shown(text: str) -> str:
    """Quoted and short: it comes from a stranger and goes into a sentence."""
    return repr(text if len(text) <= MAX_NAME else text[:MAX_NAME] + "…")
