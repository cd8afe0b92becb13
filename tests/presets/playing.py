"""Samples of presets, played against the fakes: what a preset is said to send gets the answer that it is said to get."""

import http.client
import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hookline.catalog.strict_yaml import read_yaml
from tests.presets.fakes.base import Fake

PRESETS = files("hookline.catalog") / "presets"


class SampleRequest(msgspec.Struct, frozen=True, kw_only=True):
    method: str
    url: str
    headers: dict[str, str] = {}
    json: Any = None
    body: str = ""
    answer: dict[str, Any]

    @property
    def payload(self) -> bytes:
        return self.body.encode() if self.json is None else msgspec.json.encode(self.json)


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """As much of a sample as the fakes need."""

    name: str
    settings: dict[str, Any] = {}
    event: dict[str, Any]
    remote: dict[str, Any] | None = None
    attempt: int = 1
    requests: list[SampleRequest]
    outcome: str
    reason: str = ""
    remote_after: dict[str, Any] | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def samples_of(preset: str) -> dict[str, Sample]:
    found = sorted((PRESETS / preset / "samples").iterdir(), key=lambda file: file.name)
    names = [file.name.removesuffix(".yaml") for file in found]
    return {name: sample(preset, name) for name in names}


def sample(preset: str, name: str) -> Sample:
    read = read_yaml(PRESETS / preset / "samples" / f"{name}.yaml")
    assert isinstance(read, dict)
    return msgspec.convert({"name": name, **read}, Sample)


def send(fake: Fake, request: SampleRequest, **changes: Any) -> Reply:
    """To the fake instead of where it goes. `changes` to its fields come first."""
    request = msgspec.structs.replace(request, **changes)
    url = urlsplit(fake.here(request.url))
    connection = http.client.HTTPConnection(url.netloc, timeout=10)
    try:
        path = f"{url.path}{'?' if url.query else ''}{url.query}"
        connection.request(request.method, path, request.payload or None, request.headers)
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(status=answer.status, headers=headers, body=answer.read())
    finally:
        connection.close()


def play(fake: Fake, played: Sample) -> None:
    """Its requests in their order; each answer must be what the sample says."""
    for request in played.requests:
        order_faults(fake, request)
        agree(fake, request, send(fake, request))


def order_faults(fake: Fake, request: SampleRequest) -> None:
    status = request.answer["status"]
    if status == 429:
        fake.rate_limit(int(request.answer["headers"]["Retry-After"]))
    elif status >= 500:
        fake.refuse(status)


def agree(fake: Fake, request: SampleRequest, reply: Reply) -> None:
    said = request.answer
    assert reply.status == said["status"], reply.body
    for name, value in said.get("headers", {}).items():
        assert reply.headers[name.lower()] == value
    if "json" in said:
        there = urlsplit(request.url)
        expected = msgspec.json.encode(said["json"]).decode()
        here = expected.replace(f"{there.scheme}://{there.netloc}", fake.url)
        missing = list(differences(json.loads(here), reply.json))
        assert not missing, reply.body
    elif "text" in said:
        assert reply.body.decode() == said["text"]
    else:
        assert reply.body == b""


def differences(expected: Any, found: Any, where: str = "") -> Iterator[str]:
    """What the fake does not say as the sample does. It may say more."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name, value in expected.items():
            yield from differences(value, found.get(name), f"{where}/{name}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for number, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from differences(one, other, f"{where}/{number}")
    elif expected != found or type(expected) is not type(found):
        yield f"{where}: {expected!r} is said, and {found!r} found"
