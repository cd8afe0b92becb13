"""The documents of the six systems, where they are at hand, as units: fenced blocks, tables, lists that name something.

A unit is known by its document's number, the heading that it stands under, its kind and, from the second of a kind, its
number there: `003/HTTP Headers/text`, `002/Verifying Signatures/python`, `004/Webhook Events Dispatched/list 2`.
"""

import collections
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

SEEDS = Path(__file__).resolve().parents[3] / "shared" / "seeds"
NUMBERS = ("000", "001", "002", "003", "004")
needs_documents = pytest.mark.skipif(
    not SEEDS.is_dir(), reason="the documents of the systems are not at hand"
)
_UNIT = re.compile(
    r"^#+ (?P<heading>[^\n]+)$"
    r"|^[ ]*```(?P<language>\w*)\n(?P<block>.*?)^[ ]*```$"
    r"|(?P<table>(?:^\|[^\n]*\n?)+)"
    r"|(?P<list>(?:^[ ]*- [^\n]*\n?)+)",
    re.MULTILINE | re.DOTALL,
)
_COMMENT = re.compile(r",?\s+//.*$", re.MULTILINE)


def document(number: str) -> str:
    (file,) = SEEDS.glob(f"{number}*")
    return file.read_text(errors="replace")


def units(number: str) -> Mapping[str, str]:
    """Name → text."""
    found: dict[str, str] = {}
    times: collections.Counter[str] = collections.Counter()
    for place, text in _placed(number):
        times[place] += 1
        found[place if times[place] == 1 else f"{place} {times[place]}"] = text
    return found


def _placed(number: str) -> Iterator[tuple[str, str]]:
    heading = ""
    for one in _UNIT.finditer(document(number)):
        if one["heading"]:
            heading = " ".join(re.sub(r"[^\x20-\x7e]", "", one["heading"]).split())
        elif one["block"] is not None:
            yield f"{number}/{heading}/{one['language'] or 'text'}", one["block"]
        elif one["table"]:
            yield f"{number}/{heading}/table", one["table"]
        elif "`" in one["list"]:
            yield f"{number}/{heading}/list", one["list"]


def unit(name: str) -> str:
    return units(name[:3])[name]


def rows(name: str) -> list[list[str]]:
    """Of a table, without its head and the marks of code."""
    lines = unit(name).strip().splitlines()[2:]
    return [[cell.strip().strip("`*") for cell in line.strip("|").split("|")] for line in lines]


def items(name: str) -> list[tuple[str, str]]:
    """Of a list: what stands in code, and what is said of it."""
    found = re.findall(r"^\s*- `([^`]+)`(?: - |: )?(.*)$", unit(name), re.MULTILINE)
    return [(code, said.strip()) for code, said in found]


def lines(name: str) -> list[tuple[str, str]]:
    """Of a block of headers."""
    found = [line.partition(": ") for line in unit(name).splitlines()]
    return [(header, value) for header, mark, value in found if mark]


def shown_json(name: str) -> Any:
    """Its remarks are no JSON."""
    return json.loads(_COMMENT.sub("", unit(name)))


def php_arrays(text: str) -> Sequence[Any]:
    """What stands in `create([…])`, as JSON would have it. What is computed is its own text."""
    return [_Php(found).value() for found in re.findall(r"create\((\[.*?\])\);", text, re.DOTALL)]


class _Php:
    """Arrays of texts, numbers and whatever is computed."""

    _TOKEN = re.compile(r"\s+|//[^\n]*|(=>|[\[\],])|('[^']*')|((?:(?!=>)[^\s\[\],'])+)")

    def __init__(self, text: str) -> None:
        self._left = [found for one in self._TOKEN.findall(text) for found in one if found]

    def value(self) -> Any:
        token = self._left.pop(0)
        if token == "[":
            return self._array()
        if token.startswith("'"):
            return token.strip("'")
        return int(token) if token.isdecimal() else token

    def _array(self) -> Any:
        pairs: dict[str, Any] = {}
        values: list[Any] = []
        while self._left[0] != "]":
            first = self.value()
            if self._left[0] == "=>":
                self._left.pop(0)
                pairs[first] = self.value()
            else:
                values.append(first)
            if self._left[0] == ",":
                self._left.pop(0)
        self._left.pop(0)
        return pairs or values
