"""TextTemplate: one text with places, for bodies that are not JSON, or that are written as JSON by hand."""

import re

import msgspec

from hookline.errors import InvalidJson, InvalidTemplate
from hookline.template.engine import Scope, Template, TemplateFailed, compile_text
from hookline.template.values import decode

_BYTE = re.compile(r"byte ([0-9]+)")


class TextTemplate(msgspec.Struct, frozen=True, kw_only=True):
    template: Template
    promises_json: bool = False
    """What comes out is looked at, and the delivery fails where it is not JSON."""

    def render(self, scope: Scope) -> bytes:
        """UTF-8. Raises TemplateFailed."""
        body = self.template.text(scope).encode()
        if self.promises_json:
            check_json(body)
        return body


def compile_document(source: str, field: str, *, promises_json: bool = False) -> TextTemplate:
    """Raises InvalidTemplate."""
    template = compile_text(source, field)
    if template.typed:
        hint = "Write json in its place, or make the template a JSON one."
        raise InvalidTemplate(
            "Line 1, column 1: typed stands in JSON templates only.", hint=hint, field=field
        )
    return TextTemplate(template=template, promises_json=promises_json)


def check_json(body: bytes) -> None:
    """Raises TemplateFailed, with line and column of what was written."""
    try:
        decode(body)
    except InvalidJson as error:
        found = _BYTE.search(error.detail)
        before = body[: int(found[1])] if found is not None else body
        text = before.decode(errors="ignore")
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
        raise TemplateFailed(f"What it wrote is not JSON, at line {line}, column {column}.") from None
