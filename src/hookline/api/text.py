"""Texts that users give: how long they may be. None may hold a NUL, which PostgreSQL cannot keep."""

from typing import Annotated

import msgspec

# In Python `$` also matches before a last line feed; elsewhere the look-ahead after it changes nothing.
END = r"$(?!\n)"
LINE = r"^[^\x00-\x1f\x7f]*" + END
LINES = r"^[^\x00]*" + END

Name = Annotated[str, msgspec.Meta(max_length=128, pattern=LINE)]
Description = Annotated[str, msgspec.Meta(max_length=2000, pattern=LINES)]
MetadataKey = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=LINE)]
MetadataValue = Annotated[str, msgspec.Meta(max_length=512, pattern=LINES)]
Metadata = Annotated[dict[MetadataKey, MetadataValue], msgspec.Meta(max_length=50)]
"""Keys of the user's own; kept and shown, never read."""
