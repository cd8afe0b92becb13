"""The gateway under a profiler, to see where its time goes. The figures of such a run are not to be quoted.

py-spy, where it is installed, watches from outside at little cost (it needs root, or ptrace of other processes);
else cProfile, inside, makes everything slower, small functions most.
"""

import itertools
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.gateway import Gateway, Place, serving
from benchmarks.options import Options

_RATE = "250"
_WRITING = 60.0
"""Seconds for a profile to be written."""


@contextmanager
def measured(place: Place, admin: str, options: Options) -> Iterator[Gateway]:
    """The gateway, ready; with `--profile FILE` under a profiler. Each start writes a file of its own."""
    plain = (*options.program, "serve")
    if options.profile is None:
        with serving(place, admin, plain) as gateway:
            yield gateway
        return
    file, spy = _unused(options.profile), _py_spy()
    if spy is None:
        command = (sys.executable, "-m", "cProfile", "-o", str(file), *plain[1:])
        with serving(place, admin, command, patience=_WRITING) as gateway:
            yield gateway
        return
    with serving(place, admin, plain, patience=_WRITING) as gateway:
        watcher = subprocess.Popen(_watch(spy, gateway.pid, file), stdout=subprocess.DEVNULL)
        yield gateway
    watcher.wait(_WRITING)  # it ends when the gateway does


def _watch(spy: str, pid: int, file: Path) -> Sequence[str]:
    """A flame graph for *.svg, else stacks in lines (`raw`), as flame graph tools read them."""
    shape = "flamegraph" if file.suffix == ".svg" else "raw"
    return (spy, "record", "--rate", _RATE, "--format", shape, "--output", str(file), "--pid", str(pid))


def _unused(file: Path) -> Path:
    """`file`, or with the first number at which nothing is."""
    numbered = (file.with_stem(f"{file.stem}-{number}") for number in itertools.count(2))
    return next(path for path in itertools.chain([file], numbered) if not path.exists())


def _py_spy() -> str | None:
    beside = Path(sys.executable).with_name("py-spy")
    return str(beside) if beside.exists() else shutil.which("py-spy")
