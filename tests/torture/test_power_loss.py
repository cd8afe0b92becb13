"""Power loss on SQLite: whatever part of the unsynced writes comes to the disk, nothing acknowledged is lost."""

from pathlib import Path

import pytest

from tests.torture.power import CannotRecord, Figures, cut_power

pytestmark = [pytest.mark.torture, pytest.mark.xdist_group("torture")]


def figures_of(folder: Path, synchronous: str, images: int) -> Figures:
    try:
        return cut_power(folder, synchronous, events=160, images=images, seed=9)
    except CannotRecord as error:
        pytest.skip(str(error))


def test_a_power_failure_at_any_moment_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    figures = figures_of(tmp_path, "FULL", 150)
    assert figures.images == 150
    assert figures.acknowledged > 400
    assert (figures.lost, figures.corrupt) == (0, 0)


def test_the_same_images_show_the_losses_of_a_database_that_syncs_less(tmp_path: Path) -> None:
    """Or the test above could not fail. Even then SQLite keeps the file sound."""
    figures = figures_of(tmp_path, "NORMAL", 20)
    assert figures.images_with_loss > 0
    assert figures.corrupt == 0
