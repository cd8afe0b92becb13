"""The settings of a command: the environment's and the file's."""

import os
from pathlib import Path

from hookline.config import Settings, load


def settings_of(config: Path | None) -> Settings:
    """Raises ConfigurationError."""
    return load(os.environ, config)
