"""Time zones by their names in the IANA database, as `Europe/Berlin`."""

import zoneinfo

from hookline.errors import InvalidField


def check_zone(name: str, field: str) -> None:
    """Raises InvalidField."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidField(
            f"The time zone {name!r:.100} is not known here.", hint="Name one as Europe/Berlin.", field=field
        ) from error
