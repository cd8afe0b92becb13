"""The gateway under a profiler, to see where its time goes. The figures of such a run are not to be quoted."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.options import Options

_RATE = "400"


def serve_command(options: Options) -> Sequence[str]:
    """`hookline serve`; with `--profile FILE` below py-spy (a flame graph, *.svg, or else folded stacks) if it is
    installed, else below cProfile (for `python -m pstats FILE`).
    """
    plain = (*options.program, "serve")
    if options.profile is None:
        return plain
    spy = _py_spy()
    if spy is None:
        return (sys.executable, "-m", "cProfile", "-o", str(options.profile), *plain[1:])
    shape = "flamegraph" if options.profile.suffix == ".svg" else "raw"
    return (spy, "record", "--rate", _RATE, "--format", shape, "-o", str(options.profile), "--", *plain)


def _py_spy() -> str | None:
    beside = Path(sys.executable).with_name("py-spy")
    return str(beside) if beside.exists() else shutil.which("py-spy")
