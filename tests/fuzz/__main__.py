"""`python -m tests.fuzz [--minutes 10] [--seed N]`: prints what came back; exit code 1 for any server error."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.fuzz.run import fuzz

GROWTH_MB = 30.0
"""Up to which memory counts as flat: caches fill, and the allocator keeps some."""


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=20261123)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = asyncio.run(fuzz(Path(folder), given.seed, given.minutes * 60))
    errors = sum(count for status, count in told.statuses.items() if status >= 500)
    growth = told.last_mb - told.first_mb
    say(f"{told.requests:,} requests: {dict(sorted(told.statuses.items()))}")
    say(f"server errors {errors}, faults {len(told.faults)}, broken connections {told.broken}")
    say(f"memory {told.first_mb:.0f} MiB after a third, {told.last_mb:.0f} MiB at the end")
    say("\n".join(told.faults[:3]))
    return 1 if errors or told.faults or growth > GROWTH_MB else 0


if __name__ == "__main__":
    sys.exit(main())
