"""The same running APIs as those of `tests/api`."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from tests.api.conftest import (  # noqa: F401  fixtures are found by their names
    api,
    keys,
    postgres_api,
    sqlite_api,
)
from tests.systems.sending import alices, delivering, sent, told_faults  # noqa: F401

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """The tests here share a loop, because they share the servers that run in it."""
    for item in items:
        if item.path.is_relative_to(_HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
