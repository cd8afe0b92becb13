"""Every dialect of the catalogue sends, byte for byte, what its sample shows."""

from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, cast

import msgspec
import pytest

from hookline import __version__
from hookline.catalog.loader import load_dialects
from hookline.catalog.strict_yaml import parse_yaml
from hookline.deliver.dialect import compile_dialect
from hookline.model.event import Origin
from hookline.model.ids import EventId
from tests.deliver.making import endpoint, event, lines, target

SHELF = resources.files("hookline.catalog") / "dialects"


def folders() -> list[Traversable]:
    return [folder for folder in SHELF.iterdir() if folder.is_dir()]


def sent(folder: Traversable) -> str:
    sample = cast("dict[str, Any]", parse_yaml((folder / "sample.yaml").read_text("utf-8")))
    values = sample["event"] | {
        "id": EventId(sample["event"]["id"]),
        "data": sample["event"]["data"].encode(),
    }
    if "origin" in values:
        values["origin"] = msgspec.convert(values["origin"], Origin)
    published = event(**values)
    secrets = [sample["secret"]] if sample["secret"] else []
    to = target(*secrets, envelope=compile_dialect(load_dialects()[folder.name]))
    body = to.dialect.body(published)
    request = to.request(published, body=body, attempt=sample["attempt"], now=sample["now"])
    head = [f"{request.method} {request.url.target} HTTP/1.1", *(f"{k}: {v}" for k, v in lines(request))]
    return "\n".join([*head, "", body.decode()])


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_a_dialect_sends_what_its_sample_shows(folder: Traversable) -> None:
    shown = (folder / "sample.http").read_text("utf-8").replace("{version}", __version__)
    assert sent(folder) == shown.removesuffix("\n")


@pytest.mark.parametrize("name", load_dialects())
def test_a_dialect_of_the_catalogue_reserves_every_header_that_carries_id_time_or_signature(
    name: str,
) -> None:
    envelope = compile_dialect(load_dialects()[name])
    assert {line.name.lower() for line in envelope.dynamic} - {"content-type"} <= envelope.reserved
    assert not envelope.reserved & {"content-type", "authorization", "user-agent"}
    assert endpoint().dialect in load_dialects()
