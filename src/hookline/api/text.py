"""Texts that users give: how long they may be. None may hold a NUL, which PostgreSQL cannot keep."""

from typing import Annotated

import msgspec

_LINE = r"^[^\x00-\x1f\x7f]*$"
_LINES = r"^[^\x00]*$"

Name = Annotated[str, msgspec.Meta(max_length=128, pattern=_LINE)]
Description = Annotated[str, msgspec.Meta(max_length=2000, pattern=_LINES)]
MetadataKey = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=_LINE)]
MetadataValue = Annotated[str, msgspec.Meta(max_length=512, pattern=_LINES)]
Metadata = Annotated[dict[MetadataKey, MetadataValue], msgspec.Meta(max_length=50)]
"""Keys of the user's own; kept and shown, never read."""
