"""Vfs: every write, truncate, sync and delete of the SQLite library that this process uses, noted in order.

The library's own table of functions is changed in memory: so it is the same library, and the same connections, that
the program uses. Works where Python's `sqlite3` is linked to a shared library.
"""

import _sqlite3
import ctypes
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

_P, _I, _L = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
_OPEN = ctypes.CFUNCTYPE(_I, _P, _P, _P, _I, _P)
_DELETE = ctypes.CFUNCTYPE(_I, _P, _P, _I)
_WRITE = ctypes.CFUNCTYPE(_I, _P, _P, _I, _L)
_TRUNCATE = ctypes.CFUNCTYPE(_I, _P, _L)
_SYNC = ctypes.CFUNCTYPE(_I, _P, _I)
_OK = 0


class Write(msgspec.Struct, frozen=True, tag=True, array_like=True):
    file: str
    offset: int
    data: bytes


class Truncate(msgspec.Struct, frozen=True, tag=True, array_like=True):
    file: str
    size: int


class Delete(msgspec.Struct, frozen=True, tag=True, array_like=True):
    file: str


class Sync(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """It has returned: what was written before is on disk."""

    file: str


class Acknowledged(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The program was told that these are stored: events, or deliveries with their state."""

    table: str
    ids: list[str]


Act = Write | Truncate | Delete | Sync | Acknowledged


class _IoMethods(ctypes.Structure):
    """`sqlite3_io_methods`: version 3 of it has these."""

    _fields_ = (
        ("iVersion", _I),
        ("xClose", _P),
        ("xRead", _P),
        ("xWrite", _WRITE),
        ("xTruncate", _TRUNCATE),
        ("xSync", _SYNC),
        ("others", _P * 13),
    )


class _File(ctypes.Structure):
    _fields_ = (("pMethods", ctypes.POINTER(_IoMethods)),)


class _Vfs(ctypes.Structure):
    """`sqlite3_vfs`, as far as we change it."""

    _fields_ = (
        ("iVersion", _I),
        ("szOsFile", _I),
        ("mxPathname", _I),
        ("pNext", _P),
        ("zName", ctypes.c_char_p),
        ("pAppData", _P),
        ("xOpen", _OPEN),
        ("xDelete", _DELETE),
    )


class NotShared(Exception):
    """Python's SQLite is not a library whose functions can be reached."""


@contextmanager
def recording(note: Callable[[Act], None], *, below: Path) -> Iterator[None]:
    """Connections opened meanwhile are noted until they are closed, which must be meanwhile too."""
    vfs = _default_vfs()
    kept = (_copied(_OPEN, vfs.xOpen), _copied(_DELETE, vfs.xDelete))
    recorder = _Recorder(note, below, *kept)
    vfs.xOpen, vfs.xDelete = recorder.open, recorder.delete
    try:
        yield
    finally:
        vfs.xOpen, vfs.xDelete = kept


class _Recorder:
    """The functions that stand in the library's tables; each calls the one that stood there."""

    def __init__(self, note: Callable[[Act], None], below: Path, open_: Any, delete: Any) -> None:
        self._note = note
        self._below = str(below)
        self._open = open_
        self._delete = delete
        self._names: dict[int, str] = {}
        self._methods: dict[int, _IoMethods] = {}
        self.open = _OPEN(self._opened)
        self.delete = _DELETE(self._deleted)

    def _opened(self, vfs: int, name: int | None, file: int, flags: int, out: int | None) -> int:
        code: int = self._open(vfs, name, file, flags, out)
        known = self._known(name)
        if code == _OK and known:
            self._names[file] = known
            seen = _File.from_address(file)
            seen.pMethods = ctypes.pointer(self._watched(seen.pMethods.contents))
        return code

    def _deleted(self, vfs: int, name: int, sync: int) -> int:
        code: int = self._delete(vfs, name, sync)
        if code == _OK and (known := self._known(name)):
            self._note(Delete(known))
        return code

    def _known(self, name: int | None) -> str:
        path = ctypes.string_at(name).decode() if name else ""
        watched = path.startswith(self._below) and not path.endswith("-shm")
        return Path(path).name if watched else ""

    def _watched(self, plain: _IoMethods) -> _IoMethods:
        """One table for each table of the library: every kind of file has its own."""
        address = ctypes.addressof(plain)
        if address not in self._methods:
            watched = _IoMethods.from_buffer_copy(plain)
            self._watch(watched, plain)
            self._methods[address] = watched
        return self._methods[address]

    def _watch(self, watched: _IoMethods, plain: _IoMethods) -> None:
        write, truncate, sync = plain.xWrite, plain.xTruncate, plain.xSync

        def on_write(file: int, data: int, size: int, offset: int) -> int:
            self._note(Write(self._names[file], offset, ctypes.string_at(data, size)))
            return int(write(file, data, size, offset))

        def on_truncate(file: int, size: int) -> int:
            self._note(Truncate(self._names[file], size))
            return int(truncate(file, size))

        def on_sync(file: int, flags: int) -> int:
            code = int(sync(file, flags))
            self._note(Sync(self._names[file]))
            return code

        watched.xWrite, watched.xTruncate = _WRITE(on_write), _TRUNCATE(on_truncate)
        watched.xSync = _SYNC(on_sync)


def _copied(kind: Any, function: Any) -> Any:
    """The function itself: what stands in a table changes when the table does."""
    return kind(ctypes.cast(function, _P).value)


def _default_vfs() -> _Vfs:
    try:
        library = ctypes.CDLL(_sqlite3.__file__)
        version = library.sqlite3_libversion
        find = library.sqlite3_vfs_find
    except (AttributeError, OSError, TypeError) as error:
        raise NotShared(f"Python's SQLite has no functions to be reached: {error}") from error
    version.restype = ctypes.c_char_p
    if version() != sqlite3.sqlite_version.encode():
        raise NotShared("Python's SQLite is another than the one found.")
    find.restype = ctypes.POINTER(_Vfs)
    found: _Vfs = find(None).contents
    return found
