"""Where settings come from: `HOOKLINE_*` variables, a TOML file, and files that hold one secret each."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

PREFIX = "HOOKLINE_"
CONFIG = "HOOKLINE_CONFIG"
"""Names the file; the only variable that is no setting."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A value as somebody wrote it, and where: a variable, or `file:key`."""

    source: str
    text: str


def gather(
    environ: Mapping[str, str], file: Path | None, *, secrets: Mapping[str, bool], faults: list[str]
) -> dict[str, Given]:
    """What was given for each setting; variables win over the file. `secrets` names every setting and says whether
    a file may hold its value. What cannot be read is told in `faults`.
    """
    chosen = file or (Path(environ[CONFIG]) if environ.get(CONFIG) else None)
    given = _layer(_file_texts(chosen, faults) if chosen else (), secrets, faults)
    return given | _layer(_environ_texts(environ), secrets, faults)


def _environ_texts(environ: Mapping[str, str]) -> Iterator[tuple[str, Given]]:
    """An empty variable counts as absent: compose files pass `${NAME:-}`."""
    for name in sorted(environ):
        text = environ[name].strip()
        if name.startswith(PREFIX) and name != CONFIG and text and not _service_link(name, text):
            yield name.removeprefix(PREFIX).lower(), Given(source=name, text=text)


def _service_link(name: str, text: str) -> bool:
    """Kubernetes sets HOOKLINE_PORT=tcp://… and its like beside any Service that is named hookline."""
    rest = name.removeprefix(PREFIX)
    if rest == "PORT":
        return re.match(r"(tcp|udp|sctp)://", text) is not None
    return re.fullmatch(r"SERVICE_(HOST|PORT)(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?", rest) is not None


def _file_texts(file: Path, faults: list[str]) -> Iterator[tuple[str, Given]]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        faults.append(f"{file}: {_reason(error)}")
        return
    for name, value in table.items():
        source = f"{file}:{name}"
        text = _toml_text(value)
        if text is None:
            faults.append(f"{source}: a text, a number, true, false or a list of texts is expected")
        else:
            yield name, Given(source=source, text=text)


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror or "cannot be read") if isinstance(error, OSError) else str(error)


def _toml_text(value: object) -> str | None:
    if isinstance(value, list):
        return ",".join(value) if all(isinstance(one, str) for one in value) else None
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else None


def _layer(
    texts: Iterable[tuple[str, Given]], secrets: Mapping[str, bool], faults: list[str]
) -> dict[str, Given]:
    """One source's settings by name: unknown names refused, `…_file` variants of secrets read."""
    files = {f"{name}_file": name for name, secret in secrets.items() if secret}
    given: dict[str, Given] = {}
    for name, one in texts:
        target = files.get(name, name)
        if target not in secrets:
            faults.append(_unknown(name, one.source, secrets.keys() | files.keys()))
        elif target in given:
            faults.append(f"{one.source}: {given[target].source} is set too; keep one of them")
        else:
            content = _file_content(one, faults) if name in files else one
            given |= {target: content} if content else {}
    return given


def _unknown(name: str, source: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    shown = near and (PREFIX + near[0].upper() if source.startswith(PREFIX) else near[0])
    return f"{source}: no such setting" + (f"; did you mean {shown}?" if shown else "")


def _file_content(one: Given, faults: list[str]) -> Given | None:
    try:
        text = Path(one.text).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = _reason(error) if isinstance(error, OSError) else "is not text"
        faults.append(f"{one.source}: {one.text}: {reason}")
        return None
    if not text:
        faults.append(f"{one.source}: {one.text} is empty")
    return Given(source=one.source, text=text) if text else None
