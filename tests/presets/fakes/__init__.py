"""Fakes of other systems: real HTTP servers, each as strict as its system is said to be. One file for each preset."""

import importlib
import pkgutil

from tests.presets.fakes.base import Fake


def fakes() -> dict[str, type[Fake]]:
    """By the name of the preset that speaks to it. What a test makes of one of them is not among them."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
    return {fake.preset: fake for fake in _below(Fake) if _is_whole(fake)}


def _is_whole(fake: type[Fake]) -> bool:
    return hasattr(fake, "preset") and fake.__module__.startswith(__name__)


def _below(fake: type[Fake]) -> list[type[Fake]]:
    return [below for one in fake.__subclasses__() for below in (one, *_below(one))]
