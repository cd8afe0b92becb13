"""Pages as the tests read them: fenced blocks, and what a comment before a block says about running it.

    <!-- test: file NAME -->        the block is written to NAME in the page's folder
    <!-- test: background PORT -->  it runs on, until the page's end; the next one waits until PORT answers
    <!-- test: until TEXT -->       it is run again until its output holds TEXT
    <!-- test: shows TEXT -->       its output must hold TEXT
    <!-- test: as COMMAND -->       COMMAND runs in its place
    <!-- test: shape MODULE:NAME -->  the JSON has exactly the fields of this Struct
    <!-- test: skip REASON -->      it cannot run here

Several stand with `; ` between them. `<!-- run: COMMAND -->` is a block that readers do not see, `<!-- run 8080: COMMAND -->`
one that runs on. `<!-- page: WORD -->` asks for a stage of another kind (see `stage.py`).
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_FENCE = re.compile(
    r"(?:<!-- test: (?P<notes>[^\n]+?) -->\n)?"
    r"^(?P<fence>`{3,})(?P<language>\w*)\n(?P<text>.*?)^(?P=fence)$"
    r"|^<!-- run ?(?P<port>\d*): (?P<hidden>[^\n]+) -->$",
    re.MULTILINE | re.DOTALL,
)
_PAGE = re.compile(r"<!-- page: (\w+) -->")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Block:
    language: str
    text: str
    line: int
    notes: dict[str, str]


def pages() -> list[Path]:
    """Those that people wrote, and those that were generated."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [_block(found, text.count("\n", 0, found.start()) + 1) for found in _FENCE.finditer(text)]


def stage_of(page: Path) -> str:
    found = _PAGE.search(page.read_text(encoding="utf-8"))
    return found[1] if found else "served"


def links_of(page: Path) -> list[str]:
    return _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))


def anchors_of(page: Path) -> set[str]:
    """As GitHub makes them from headings."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def _block(found: "re.Match[str]", line: int) -> Block:
    if found["hidden"]:
        notes = {"background": found["port"]} if found["port"] else {}
        return Block(language="sh", text=found["hidden"], line=line, notes=notes)
    return Block(
        language=found["language"], text=found["text"], line=line, notes=_notes(found["notes"] or "")
    )


def _notes(text: str) -> dict[str, str]:
    pairs = (one.partition(" ") for one in text.split("; ") if one)
    return {name: value for name, _, value in pairs}
