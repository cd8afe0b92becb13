"""Declaration: what a file says that there should be: tenants with their systems, endpoints and sources."""

from typing import Annotated, Any

import msgspec

Key = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$(?!\n)", max_length=64)]
"""What a thing is called in its file, and known by when the file is applied again."""
Things = dict[Key, dict[str, Any]]


class DeclaredTenant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tenant, and what of it the file owns."""

    name: Annotated[str, msgspec.Meta(max_length=128)] = ""
    """Of a tenant that is made; one that is there keeps its own."""
    systems: Things = {}
    """System → how it is used, as `PUT /v1/systems/{system}/enabled` takes it."""
    endpoints: Things = {}
    """By key, as `POST /v1/endpoints` takes them."""
    sources: Things = {}
    """By key, as `POST /v1/sources` takes them."""


class Declaration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What should be there. What the owner has made before and declares no more is deleted; nothing else is."""

    owner: Key = "file"
    """Who declares it: things of other owners, and of nobody, are left alone."""
    tenants: Annotated[dict[str, DeclaredTenant], msgspec.Meta(max_length=1000)]
    """By id. Of a tenant that the owner named before and names no more, all that the owner made goes."""
