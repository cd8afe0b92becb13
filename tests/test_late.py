"""Late modules: loaded at first use, once, in a thread where that is asked for; and what is hidden comes back."""

import subprocess
import sys
from pathlib import Path

import pytest

from hookline.late import absent, late, load

MODULE = "a_module_of_the_tests"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that nobody has loaded yet, and that tells in which thread it was."""
    (tmp_path / f"{MODULE}.py").write_text(
        "import threading\nTHREAD = threading.current_thread().name\ndef answer(): return 42\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    return MODULE


def test_a_late_module_is_loaded_when_something_of_it_is_asked_for(module: str) -> None:
    """And not by making it, nor by who looks whether it is wrapped."""
    found = late(module)
    assert not hasattr(found, "__wrapped__")
    assert module not in sys.modules
    assert found.answer() == 42
    assert found.answer is sys.modules[module].answer


def test_what_a_late_module_does_not_have_is_no_attribute(module: str) -> None:
    with pytest.raises(AttributeError, match="question"):
        late(module).question  # noqa: B018  the look is what is tested


async def test_load_imports_in_another_thread(module: str) -> None:
    """So that the loop goes on."""
    await load(module)
    assert sys.modules[module].THREAD != "MainThread"


@pytest.mark.parametrize("before", [True, False])
def test_what_is_absent_cannot_be_imported_meanwhile_and_can_be_afterwards(
    module: str, *, before: bool
) -> None:
    """It is the same module where it was loaded before."""
    known = __import__(module) if before else None
    with absent(module), pytest.raises(ImportError):
        __import__(module)
    assert sys.modules.get(module) is known
    assert __import__(module).answer() == 42


@pytest.mark.parametrize(
    "order", ["import hookline.telemetry, rich.console", "import rich.console, hookline.telemetry"]
)
def test_the_log_does_without_rich_and_the_commands_have_it(order: str) -> None:
    """In whatever order they are loaded."""
    code = f"{order}\nimport structlog.dev as dev\nprint(dev.rich, rich.console.Console.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "None Console\n"
