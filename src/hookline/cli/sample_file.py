"""The files of a sample: its raw request, and its entry at the end of samples.yaml, whose comments stay."""

import json
import re
from pathlib import Path
from typing import Any

from hookline.catalog.samples import INDEX, SUFFIX
from hookline.catalog.strict_yaml import parse_yaml
from hookline.cli.exits import Failed
from hookline.cli.raw_request import headers_of, target_of
from hookline.cli.shelf import samples_in
from hookline.errors import CatalogError
from hookline.receive.inbound import Inbound


def check_index(into: Path) -> None:
    """Raises Failed before anything is written: an entry is added at the end, so that comments stay."""
    index = into / INDEX
    if not index.is_file():
        return
    samples_in(into)
    values = parse_yaml(index.read_text("utf-8"))
    if not isinstance(values, dict) or list(values)[-1] != "samples" or not values["samples"]:
        raise Failed(f"{index}: `samples` must be its last field.", hint="Move it to the end of the file.")


def name_of(into: Path, wanted: str) -> str:
    """A file name that is not taken yet."""
    stem = re.sub(r"[^a-z0-9]+", "-", wanted.removesuffix(SUFFIX).lower()).strip("-") or "sample"
    number = 1
    while (into / _numbered(stem, number)).exists():
        number += 1
    return _numbered(stem, number)


def write_sample(into: Path, file_name: str, inbound: Inbound, entry: dict[str, Any]) -> None:
    """All or nothing: raises Failed when the entry does not fit into the file."""
    into.mkdir(parents=True, exist_ok=True)
    index = into / INDEX
    before = index.read_text("utf-8") if index.is_file() else "samples:\n"
    after = f"{before.rstrip()}\n{_told(file_name, entry)}"
    (into / file_name).write_bytes(_raw(inbound))
    index.write_text(after, "utf-8")
    try:
        samples_in(into)
    except CatalogError as error:
        (into / file_name).unlink()
        index.write_text(before, "utf-8")
        raise Failed(f"The entry does not fit into {index}: {error}") from None


def _raw(inbound: Inbound) -> bytes:
    """As samples are kept: the head's lines end in LF."""
    lines = [f"{inbound.method} {target_of(inbound.url)} HTTP/1.1", "Host: hooks.example.com"]
    lines += [f"{name}: {value}" for name, value in headers_of(inbound)]
    return "\n".join([*lines, "", ""]).encode("latin-1") + inbound.body


def _numbered(stem: str, number: int) -> str:
    return f"{stem}{SUFFIX}" if number == 1 else f"{stem}-{number}{SUFFIX}"


def _told(file_name: str, entry: dict[str, Any]) -> str:
    """JSON is YAML too: a value a line, and no text is taken for another kind of value."""
    lines = [f"  {file_name}:"]
    for key, value in entry.items():
        if key == "events":
            lines += ["    events:", *(f"      - {json.dumps(one, ensure_ascii=False)}" for one in value)]
        else:
            lines.append(f"    {key}: {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"
