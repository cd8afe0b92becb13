"""Late modules: loaded at first use, once, in a thread where that is asked for; and what is hidden comes back."""

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import pytest

from hookline.errors import LibraryMissing
from hookline.late import LIBRARIES, Late, absent, load
from tests.api.running import serving, settings_for

_ANSWERS = "import threading\nTHREAD = threading.current_thread().name\ndef answer(): return 42\n"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that nobody has loaded yet, and that tells in which thread it was."""
    name = f"late_{uuid4().hex}"
    (tmp_path / f"{name}.py").write_text(_ANSWERS)
    monkeypatch.syspath_prepend(tmp_path)
    return name


class Gate(ModuleType):
    """Where a module that is being loaded waits."""

    def __init__(self) -> None:
        super().__init__("gate")
        self.begun = threading.Event()
        self.open = threading.Event()


@pytest.fixture
def gate(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """`module` loads as far as this, and has no answer before it is opened."""
    monkeypatch.setitem(sys.modules, f"gate_{module}", gate := Gate())
    waits = f"import gate_{module} as gate\ngate.begun.set()\ngate.open.wait(20)\n"
    (tmp_path / f"{module}.py").write_text(waits + _ANSWERS)
    return gate


def test_a_late_module_is_loaded_when_something_of_it_is_asked_for(module: str) -> None:
    """And not by making it, nor by who looks whether it is wrapped."""
    found = Late(module)
    assert not hasattr(found, "__wrapped__")
    assert module not in sys.modules
    assert found.answer() == 42
    assert found.answer is sys.modules[module].answer


def test_what_a_late_module_does_not_have_is_no_attribute(module: str) -> None:
    with pytest.raises(AttributeError, match="question"):
        Late(module).question  # noqa: B018  the look is what is tested


def test_two_threads_that_ask_at_once_get_the_same_whole_module(module: str, gate: Gate) -> None:
    """The second asks while the first is in the middle of loading it."""
    found, asking = Late(module), threading.Event()

    def second() -> int:
        asking.set()
        return int(found.answer())

    with ThreadPoolExecutor(2) as threads:
        answers = [threads.submit(lambda: int(found.answer()))]
        assert gate.begun.wait(20)
        answers.append(threads.submit(second))
        assert asking.wait(20)
        gate.open.set()
        assert [answer.result(20) for answer in answers] == [42, 42]


async def test_load_imports_in_another_thread(module: str) -> None:
    """So that the loop goes on."""
    await load(module)
    assert sys.modules[module].THREAD != "MainThread"


async def test_what_is_loaded_costs_nothing_afterwards(module: str) -> None:
    """It does not even wait for the loop's next turn."""
    await load(module)
    with pytest.raises(StopIteration):
        load(module).send(None)


async def test_what_is_only_begun_is_not_taken_for_loaded(module: str, gate: Gate) -> None:
    first = asyncio.create_task(load(module))
    await asyncio.to_thread(gate.begun.wait, 20)
    assert module in sys.modules
    second = asyncio.create_task(load(module))
    await asyncio.sleep(0)
    assert not second.done()
    gate.open.set()
    await asyncio.gather(first, second)
    assert sys.modules[module].answer() == 42


async def test_what_failed_is_loaded_anew(module: str, tmp_path: Path) -> None:
    (tmp_path / f"{module}.py").write_text("import no_such_module_at_all")
    with pytest.raises(ImportError):
        await load(module)
    (tmp_path / f"{module}.py").write_text(
        "# Longer than what failed, so that no cache hides it.\n" + _ANSWERS
    )
    await load(module)
    assert sys.modules[module].answer() == 42


@pytest.mark.parametrize(("library", "package"), LIBRARIES.items())
async def test_a_gateway_does_not_start_without_a_library_that_it_may_load(
    library: str, package: str, tmp_path: Path
) -> None:
    """It would otherwise be found out with the first template or filter."""
    with absent(library), pytest.raises(LibraryMissing) as told:
        async with serving(settings_for(tmp_path)):
            pass
    assert told.value.detail == f"{package} is not installed."
    assert told.value.hint == "Install from requirements/run.lock."


def test_to_look_for_libraries_loads_none() -> None:
    code = "import sys, hookline.core, hookline.late as late\nprint(late.missing(), {*late.LIBRARIES} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[] set()\n"


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
