"""The own paths of all systems that have an API of their own."""

from hookline.api.own_paths import OwnPaths
from hookline.systems import askpro, autoresponder, callbacks, fourcalls, outputs, pbx, urpa
from hookline.systems.access import make_access_guard, mounted_of, plain
from hookline.systems.inbound import Inward

MODULES = (askpro, autoresponder, callbacks, fourcalls, outputs, pbx, urpa)
OWN_PATHS = OwnPaths(
    handlers=[handler for module in MODULES for handler in module.HANDLERS],
    dependencies={"mounted": mounted_of},
    guard=make_access_guard,
    inward=Inward,
    plain=plain,
)
