"""What the libraries that Hookline uses say, as lines of its own: a part of the table in `emissions`."""

from hookline.emission import Emission, Level


class LibraryNote(Emission, frozen=True, kw_only=True):
    """A library that Hookline uses said something."""

    words = "{logger}: {message}"
    logger: str
    message: str
    trace: str = ""

    def trace_text(self) -> str:
        return self.trace


class LibraryDebug(LibraryNote, frozen=True, kw_only=True):
    """A library said something for its own developers."""

    level = Level.DEBUG


class LibraryWarning(LibraryNote, frozen=True, kw_only=True):
    """A library warned."""

    level = Level.WARNING


class LibraryError(LibraryNote, frozen=True, kw_only=True):
    """A library told of an error."""

    level = Level.ERROR
