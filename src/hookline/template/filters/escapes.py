"""Filters that make a text safe for where it is going to stand."""

import hashlib
import re
from urllib.parse import quote

from hookline.template.filters.texts import in_chunks
from hookline.template.printing import text_of
from hookline.template.scope import Scope, TemplateFailed

MAX_LABEL = 64
MAX_LINES = 20_000
"""Of a document: more than Jira's largest text can have."""
_HARD_BREAK: dict[str, object] = {"type": "hardBreak"}
_DIGEST = 12
_BREAK = re.compile(r"\r\n|\r|\n")
_LABEL = re.compile(r"[A-Za-z0-9_.-]*")
_NOT_LABEL = re.compile(r"[^A-Za-z0-9_.-]+")
_DIGESTED = re.compile(rf".*-[0-9a-f]{{{_DIGEST}}}")
_PARAGRAPHS = re.compile(r"\n[^\S\n]*\n\s*")


def slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def html(text: str) -> str:
    quoted = slack(text).replace('"', "&quot;").replace("'", "&#39;")
    return _BREAK.sub("<br>", quoted)


def label(text: str) -> str:
    """A text that looks as if it were made here is changed as well: two texts never become the same."""
    if len(text) <= MAX_LABEL and _LABEL.fullmatch(text) and not _DIGESTED.fullmatch(text):
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]
    return f"{_NOT_LABEL.sub('_', text)[: MAX_LABEL - _DIGEST - 1]}-{digest}"


def path(scope: Scope, value: object) -> str:
    """Raises TemplateFailed for `.` and `..`: they would lead elsewhere, however they are written."""
    text = text_of(value)
    if text in {".", ".."}:
        raise TemplateFailed("A step of a URL's path cannot be . or ..")
    return in_chunks(scope, text, _quoted)


def query(scope: Scope, value: object) -> str:
    return in_chunks(scope, text_of(value), _quoted)


def first_line(text: str) -> str:
    """Of those that are not blank."""
    return _BREAK.split(text.strip(), maxsplit=1)[0].rstrip()


def adf(value: object, part: object = "") -> object:
    """Atlassian Document Format: a blank line begins a paragraph, a newline is a hard break. None for no text.

    `part`: `content` for the paragraphs alone. Raises TemplateFailed where there are more lines than a document may have.
    """
    text = _BREAK.sub("\n", text_of(value)).strip()
    if not text:
        return None
    if text.count("\n") >= MAX_LINES:
        raise TemplateFailed(f"The filter adf makes more than {MAX_LINES:,} lines.")
    paragraphs = [_paragraph(one) for one in _PARAGRAPHS.split(text)]
    return paragraphs if part == "content" else {"type": "doc", "version": 1, "content": paragraphs}


def _paragraph(text: str) -> dict[str, object]:
    content: list[dict[str, object]] = []
    for line in text.split("\n"):
        if content:
            content.append(_HARD_BREAK)
        if line:
            content.append({"type": "text", "text": line})
    return {"type": "paragraph", "content": content}


def _quoted(text: str) -> str:
    return quote(text, safe="")
