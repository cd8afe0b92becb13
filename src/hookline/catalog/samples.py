"""Reads the samples of a provider: raw HTTP requests, and `samples.yaml`, which says what must become of each."""

from collections.abc import Sequence
from importlib.resources.abc import Traversable

import msgspec

from hookline.catalog.strict_yaml import read_yaml
from hookline.errors import CatalogError
from hookline.model.sample import Sample, SampleFile, SampleRule

INDEX = "samples.yaml"
SUFFIX = ".http"
_LINE_PARTS = 3


def read_samples(folder: Traversable) -> Sequence[Sample]:
    """Empty where there are none. Raises CatalogError, also for a request that nobody says anything of."""
    index = folder / INDEX
    files = sorted(item.name for item in folder.iterdir() if item.name.endswith(SUFFIX))
    if not index.is_file():
        if files:
            raise CatalogError(f"{index} is missing.", hint=f"It says what must become of {files[0]}.")
        return []
    try:
        given = msgspec.convert(read_yaml(index), SampleFile)
    except msgspec.ValidationError as error:
        raise CatalogError(f"{index}: {error}") from error
    if stray := sorted(set(files) ^ given.samples.keys()):
        raise CatalogError(f"{index}: {stray[0]} is named there and is no file, or is a file and not named.")
    return [_sample(folder, given, name, rule) for name, rule in given.samples.items()]


def _sample(folder: Traversable, given: SampleFile, name: str, rule: SampleRule) -> Sample:
    method, target, headers, body = parse_request((folder / name).read_bytes(), f"{folder}/{name}")
    query = target.partition("?")[2]
    url = rule.url or given.url
    return Sample(
        name=name.removesuffix(SUFFIX),
        method=method,
        url=f"{url}?{query}" if query else url,
        headers=headers,
        body=body,
        secrets=given.secrets if rule.secrets is None else rule.secrets,
        parameters=given.parameters if rule.parameters is None else rule.parameters,
        overrides=given.overrides if rule.overrides is None else rule.overrides,
        now=rule.now or given.now,
        rule=rule,
    )


def parse_request(raw: bytes, where: str) -> tuple[str, str, tuple[tuple[str, str], ...], bytes]:
    """Method, target, headers, body: exactly what follows the empty line. Lines of the head may end in LF or CR LF."""
    crlf, lf = raw.find(b"\r\n\r\n"), raw.find(b"\n\n")
    ends = [(at, length) for at, length in ((crlf, 4), (lf, 2)) if at >= 0]
    if not ends:
        raise CatalogError(f"{where}: an empty line must follow the headers.")
    at, length = min(ends)
    lines = raw[:at].decode("latin-1").splitlines()
    parts = lines[0].split(" ") if lines else []
    if len(parts) != _LINE_PARTS or not parts[2].startswith("HTTP/"):
        raise CatalogError(f"{where}: the first line is like `POST /in/sample HTTP/1.1`.")
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise CatalogError(f"{where}: {line!r:.80} is no header.")
        headers.append((name, value.strip()))
    return parts[0], parts[1], tuple(headers), raw[at + length :]
