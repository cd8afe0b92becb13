"""What the pages say is so: their blocks run, their examples have the fields that the API answers, their links lead somewhere."""

import importlib
import tomllib
from pathlib import Path

import msgspec
import pytest
import yaml

from hookline.config import load
from hookline.metrics import METRICS
from hookline.route.filter import compile_filter
from tests.docs.blocks import DOCS, ROOT, Block, anchors_of, blocks_of, links_of, name_of, pages, stage_of
from tests.docs.conftest import Staging

RUN = frozenset({"sh", "python"})
SHOWN = frozenset({"", "text", "http", "mermaid"})
BENCHMARKS = DOCS / "benchmarks.md"
"""Its commands take minutes; `tests/benchmarks` has short forms of them."""
PRESETS = DOCS / "reference" / "presets.md"
"""It names fields of other systems that begin like metrics of ours."""
README_LINES, NOUN_LINES = 140, 80


def of(*languages: str) -> list[object]:
    """Every block in one of these languages, named by its place."""
    return [
        pytest.param(block, id=f"{name_of(page)}:{block.line}")
        for page in pages()
        for block in blocks_of(page)
        if block.language in languages
    ]


def run_pages() -> list[Path]:
    return [
        page
        for page in pages()
        if page != BENCHMARKS and any(block.language in RUN for block in blocks_of(page))
    ]


@pytest.mark.parametrize("page", run_pages(), ids=name_of)
def test_the_commands_of_a_page_run_one_after_the_other(page: Path, staging: Staging) -> None:
    stage = staging(stage_of(page))
    for block in blocks_of(page):
        if (block.language in RUN or "file" in block.notes) and "skip" not in block.notes:
            stage.run(block)


@pytest.mark.parametrize("block", of("json"))
def test_json_is_json_and_has_the_fields_that_the_api_answers(block: Block) -> None:
    value = msgspec.json.decode(block.text)
    if "shape" in block.notes:
        module, _, name = block.notes["shape"].partition(":")
        kind = getattr(importlib.import_module(module), name)
        msgspec.json.decode(block.text, type=kind)
        assert set(value) <= {field.encode_name for field in msgspec.structs.fields(kind)}


@pytest.mark.parametrize("block", of("toml"))
def test_a_settings_file_is_accepted(block: Block, tmp_path: Path) -> None:
    assert tomllib.loads(block.text)
    file = tmp_path / "hookline.toml"
    file.write_text(block.text)
    load({}, file)


@pytest.mark.parametrize("block", of("yaml"))
def test_yaml_is_yaml(block: Block) -> None:
    assert yaml.safe_load(block.text)


@pytest.mark.parametrize("block", of("cel"))
def test_a_filter_compiles(block: Block) -> None:
    for line in block.text.splitlines():
        compile_filter(line)


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_a_page_holds_no_kind_of_block_that_nobody_checks(page: Path) -> None:
    elsewhere = {"js", "php"} if page.parent.name == "receivers" else set()  # tests/systems/test_receivers.py
    checked = RUN | SHOWN | {"json", "toml", "yaml", "cel"} | elsewhere
    assert {block.language for block in blocks_of(page)} <= checked


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_links_lead_to_pages_and_headings_that_exist(page: Path) -> None:
    for link in links_of(page):
        path, _, anchor = link.partition("#")
        if path.startswith(("http://", "https://")):
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


def test_every_page_can_be_reached_from_the_index() -> None:
    seen, open_ = set[Path](), [DOCS / "index.md"]
    while open_:
        page = open_.pop()
        if page not in seen and page.suffix == ".md" and page.is_relative_to(DOCS):
            seen.add(page)
            open_ += [
                (page.parent / link.partition("#")[0]).resolve()
                for link in links_of(page)
                if "://" not in link
            ]
    assert {name_of(page) for page in DOCS.rglob("*.md")} <= {name_of(page) for page in seen}


def test_every_metric_that_a_page_names_exists() -> None:
    known = {metric.name for metric in METRICS}
    suffixes = ("_bucket", "_sum", "_count")
    for page in set(pages()) - {PRESETS}:
        for word in set(
            page.read_text().replace("`", " ").replace("(", " ").replace("{", " ").replace("[", " ").split()
        ):
            if word.startswith("hookline_") and not word.endswith(".py"):
                name = word.rstrip(".,;:)")
                assert (
                    name in known
                    or name.removesuffix(next((s for s in suffixes if name.endswith(s)), "")) in known
                ), (page, word)


def test_the_readme_and_the_pages_of_nouns_are_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= README_LINES
    for page in (DOCS / "nouns").glob("*.md"):
        assert len(page.read_text().splitlines()) <= NOUN_LINES, page
