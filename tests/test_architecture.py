"""The shape of the source: arrows point down only, stages never import one another, sizes stay within the budget."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "hookline"

MAX_FILE = 400
MAX_FUNCTION = 60

LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"__init__", "errors", "clock", "address", "digest", "late", "looks"}),
    frozenset({"model"}),
    frozenset({"config"}),
    frozenset({"telemetry", "vault"}),
    frozenset({"template"}),
    frozenset({"catalog", "storage", "net"}),
    frozenset({"route", "deliver", "receive"}),
    frozenset({"records"}),
    frozenset({"client"}),
    frozenset({"api", "web"}),
    frozenset({"systems", "declare"}),
    frozenset({"server", "core"}),
    frozenset({"app"}),
    frozenset({"cli"}),
    frozenset({"docs", "__main__"}),
)
"""From the bottom up: a part imports parts below it, and itself; nothing beside or above."""

MODULES_OF = {
    "telemetry": {
        "emission",
        "emissions",
        "emissions_declared",
        "emissions_inbound",
        "emissions_library",
        "emissions_records",
        "metrics",
        "tallies",
        "log_lines",
    },
    "config": {"setting_types", "setting_sources"},
    "server": {"server_protocol", "server_hot", "server_repeat", "server_writes"},
}
"""Parts of more than one file that need no folder."""

MAY_READ_CONFIG = frozenset(
    {"config", "vault", "server", "api", "core", "app", "cli", "docs", "telemetry", "log_lines"}
)
"""Settings are read once and passed down as arguments; the rest take values. `telemetry` takes its types only."""


def parts() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if "versions" not in path.parts)


def part_of(path: Path) -> str:
    relative = path.relative_to(SOURCE)
    return together(relative.parts[0] if len(relative.parts) > 1 else relative.stem)


def together(name: str) -> str:
    return next((part for part, modules in MODULES_OF.items() if name in modules), name)


def level_of(part: str) -> int:
    for level, names in enumerate(LAYERS):
        if part in names:
            return level
    raise AssertionError(f"{part} stands in no layer of tests/test_architecture.py")


def imported(tree: ast.Module) -> Iterator[str]:
    """The first-level parts of hookline that a module imports."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            head, _, rest = name.partition(".")
            if head == "hookline":
                first = rest.partition(".")[0]
                known = (SOURCE / first).is_dir() or (SOURCE / f"{first}.py").exists()
                yield together(first) if known else "__init__"


def names_of(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """What an import binds → the module."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        package = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            yield alias.asname or alias.name, package + alias.name


def late_name(line: ast.stmt) -> tuple[str, str]:
    """Of `name = Late("module")`, which must be the form of each."""
    match line:
        case ast.Assign(
            targets=[ast.Name(id=name)],
            value=ast.Call(func=ast.Name(id="Late"), args=[ast.Constant(value=str(module))]),
        ):
            return name, module
    raise AssertionError(f"{ast.unparse(line)} makes nothing late")


@pytest.mark.parametrize("path", parts(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_down(path: Path) -> None:
    own = part_of(path)
    for other in imported(ast.parse(path.read_text())):
        if other != own:
            assert level_of(other) < level_of(own), f"{own} must not import {other}"


@pytest.mark.parametrize("path", parts(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_only_the_edges_read_settings(path: Path) -> None:
    if "config" in set(imported(ast.parse(path.read_text()))):
        assert part_of(path) in MAY_READ_CONFIG


@pytest.mark.parametrize("path", parts(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= MAX_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", parts(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_nothing_is_imported_inside_a_function(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            late = [inner for inner in ast.walk(node) if isinstance(inner, ast.Import | ast.ImportFrom)]
            assert not late, f"{node.name} imports"


@pytest.mark.parametrize("path", parts(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_what_is_late_is_what_the_type_checker_sees(path: Path) -> None:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            seen = dict(name for inner in node.body for name in names_of(inner))
            for line in node.orelse:
                name, module = late_name(line)
                assert seen.get(name) == module, f"{name} is {module}, for the type checker {seen.get(name)}"


@pytest.mark.parametrize("path", parts(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_sql_outside_storage(path: Path) -> None:
    if part_of(path) != "storage":
        modules = {
            name
            for node in ast.walk(ast.parse(path.read_text()))
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert not {name.partition(".")[0] for name in modules} & {"sqlalchemy", "asyncpg", "sqlite3"}


def test_nothing_is_left_for_later() -> None:
    for path in [*parts(), *sorted((ROOT / "tests").rglob("*.py"))]:
        if path != Path(__file__):
            assert "TODO" not in path.read_text(), path
            assert "FIXME" not in path.read_text(), path
