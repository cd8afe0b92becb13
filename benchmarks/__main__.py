"""`python -m benchmarks`: measure, print, and fail when anything was lost."""

import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from types import FrameType, MappingProxyType

import msgspec

from benchmarks import backlog, dates, hang, lanes, throughput, throughput_text
from benchmarks.machine import Refused, alone_in, check
from benchmarks.options import Options, Scenario, parse
from benchmarks.outcome import Outcome
from benchmarks.progress import Progress


def _throughput(options: Options, progress: Progress) -> Outcome:
    report = throughput.run(options, progress)
    return Outcome(report=report, text=throughput_text.show(report), lost=report.lost)


SCENARIOS: Mapping[Scenario, Callable[[Options, Progress], Outcome]] = MappingProxyType(
    {
        Scenario.THROUGHPUT: _throughput,
        Scenario.HANG: hang.run,
        Scenario.BACKLOG: backlog.run,
        Scenario.LANES: lanes.run,
        Scenario.DATES: dates.run,
    }
)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    progress = Progress()
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
        check(options.folder)
        with alone_in(options.folder):
            outcome = SCENARIOS[options.scenario](options, progress)
    except (Refused, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        progress.done()
    print(msgspec.json.encode(outcome.report).decode() if options.json else outcome.text)
    return outcome.exit_code


def _interrupt(number: int, frame: FrameType | None) -> None:
    """A `kill` ends it as Ctrl-C does: nothing that it started stays behind."""
    del number, frame
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(main())
