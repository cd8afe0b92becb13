"""`hookline version`."""

import platform

from hookline import __version__


def version() -> None:
    """Print the version of Hookline and of Python.

    For example:

        hookline version
    """
    print(f"hookline {__version__} (Python {platform.python_version()}, {platform.system()})")
