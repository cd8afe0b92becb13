"""Filters of texts that Liquid has."""

import base64
import html
import re
import string
from collections.abc import Callable, Iterator
from urllib.parse import quote_plus, unquote_to_bytes

from hookline.template.filters.given import whole
from hookline.template.printing import text_of
from hookline.template.scope import KIB, Scope, TemplateFailed, in_words

_BREAK = re.compile(r"\r?\n")
_BLANKS = re.compile(r"\s+")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
"""Of ASCII alone: other letters may become longer, and places would shift."""
_CHUNK = 4 * KIB
_HIDDEN = (("<script", "</script>"), ("<style", "</style>"), ("<!--", "-->"))


def append(value: object, end: object) -> str:
    return text_of(value) + text_of(end)


def prepend(value: object, start: object) -> str:
    return text_of(start) + text_of(value)


def replace(scope: Scope, value: object, old: object, new: object = "") -> str:
    """Its size is reckoned before it is made."""
    text, sought, put = text_of(value), text_of(old), text_of(new)
    if len(text) + text.count(sought) * (len(put) - len(sought)) > scope.limits.value:
        raise TemplateFailed(f"The filter replace makes more than {in_words(scope.limits.value)}.")
    return text.replace(sought, put)


def replace_first(value: object, old: object, new: object = "") -> str:
    return text_of(value).replace(text_of(old), text_of(new), 1)


def replace_last(value: object, old: object, new: object = "") -> str:
    text, sought = text_of(value), text_of(old)
    before, found, after = text.rpartition(sought) if sought else (text, "", "")
    return before + text_of(new) + after if found or not sought else text


def remove(value: object, what: object) -> str:
    return text_of(value).replace(text_of(what), "")


def remove_first(value: object, what: object) -> str:
    return text_of(value).replace(text_of(what), "", 1)


def remove_last(value: object, what: object) -> str:
    return replace_last(value, what)


def slice_(value: object, start: object, length: object = 1) -> str | list[object]:
    begin, count = whole(start), whole(length)
    row = list(value) if isinstance(value, list | tuple | range) else text_of(value)
    begin = max(begin + len(row), 0) if begin < 0 else begin
    return row[begin : begin + max(count, 0)]


def split(value: object, by: object) -> list[str]:
    text, mark = text_of(value), text_of(by)
    if not mark:
        return list(text)
    if not text or text == mark:
        return []
    return text.split() if mark == " " else text.split(mark)


def truncate(value: object, length: object = 50, end: object = "...") -> str:
    text, most, mark = text_of(value), whole(length), text_of(end)
    return text if len(text) <= most else text[: max(most - len(mark), 0)] + mark


def truncatewords(value: object, count: object = 15, end: object = "...") -> str:
    text, most = text_of(value), max(whole(count), 1)
    words = text.split()
    return text if len(words) <= most else " ".join(words[:most]) + text_of(end)


def newline_to_br(text: str) -> str:
    return _BREAK.sub("<br />\n", text)


def strip_newlines(text: str) -> str:
    return _BREAK.sub("", text)


def squish(text: str) -> str:
    return _BLANKS.sub(" ", text.strip())


def escape(text: str) -> str:
    return html.escape(text).replace("&#x27;", "&#39;")


def strip_html(text: str) -> str:
    """Tags, comments, scripts and styles are left out, in one pass; what opens and never closes is text."""
    return "".join(_outside_tags(text))


def _outside_tags(text: str) -> Iterator[str]:
    at, lower = 0, text.translate(_LOWER)
    closed = {mark: True for pair in _HIDDEN for mark in pair}
    while (start := text.find("<", at)) >= 0:
        yield text[at:start]
        end = _end_of_tag(lower, start, closed)
        if end < 0:
            yield text[start:]
            return
        at = end
    yield text[at:]


def _end_of_tag(text: str, start: int, closed: dict[str, bool]) -> int:
    """Below 0: no tag ends any more. `closed` remembers what is known to end nowhere, so that none is sought twice."""
    for opening, closing in _HIDDEN:
        if text.startswith(opening, start) and closed[closing]:
            end = text.find(closing, start)
            if end >= 0:
                return end + len(closing)
            closed[closing] = False
    return text.find(">", start) + 1 or -1


def url_encode(scope: Scope, value: object) -> str:
    return in_chunks(scope, text_of(value), quote_plus)


def url_decode(value: object) -> str:
    """What is not UTF-8 shows as �."""
    return unquote_to_bytes(text_of(value).replace("+", " ")).decode(errors="replace")


def in_chunks(scope: Scope, text: str, work: Callable[[str], str]) -> str:
    """For work in Python, character by character, with a look at the time in between."""
    made = []
    for start in range(0, len(text), _CHUNK):
        scope.tick()
        made.append(work(text[start : start + _CHUNK]))
    return "".join(made)


def base64_encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def base64_decode(text: str) -> str:
    return base64.b64decode(text, validate=True).decode()


def base64_url_safe_encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def base64_url_safe_decode(text: str) -> str:
    return base64.urlsafe_b64decode(text).decode()
