"""Home: what `hookline dev` keeps beside its data, so that keys and secrets stay the same between restarts."""

import os
from pathlib import Path

import msgspec

from hookline.cli.exits import Failed


class Home(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    """Where it listened last."""
    tenant: str
    api_key: str
    """May manage the tenant."""
    admin_key: str
    secret: str
    """Signs what the built-in receiver gets."""


def home_file(data_dir: Path) -> Path:
    return data_dir / "dev.json"


def read_home(data_dir: Path) -> Home | None:
    file = home_file(data_dir)
    try:
        return msgspec.json.decode(file.read_bytes(), type=Home)
    except FileNotFoundError:
        return None
    except PermissionError:
        return None  # another user's: this one needs a key of his own
    except (OSError, msgspec.DecodeError):
        raise Failed(
            f"{file} cannot be read.",
            hint="Delete it: `hookline dev` makes new keys then; set HOOKLINE_URL "
            "and HOOKLINE_API_KEY for the other commands.",
        ) from None


def write_home(data_dir: Path, home: Home) -> None:
    """For this user's eyes alone, and never half."""
    file = home_file(data_dir)
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(home)) + b"\n")
    new.replace(file)
