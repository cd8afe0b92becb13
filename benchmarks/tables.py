"""Tables and lines for people, that every report shares."""

from collections.abc import Iterable, Sequence

from benchmarks.machine import Machine

Line = Sequence[str]


def table(head: Line, lines: Iterable[Line]) -> str:
    """Columns as wide as what they hold; the first to the left, the others to the right."""
    rows = [head, *lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: Line, widths: Sequence[int]) -> str:
    first, *rest = (
        cell.rjust(width) if column else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([first, *rest]).rstrip()


def machine_lines(machine: Machine) -> str:
    packages = ", ".join(f"{name} {number}" for name, number in machine.packages.items())
    return (
        f"{machine.cpu}, {machine.cores} cores, {machine.memory_gb:g} GiB; Linux {machine.kernel}; "
        f"Python {machine.python}; file system {machine.file_system}\n{packages}"
    )


def facts_line(facts: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items())
