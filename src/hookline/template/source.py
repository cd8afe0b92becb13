"""What a text is: a JSON template where it is JSON itself, a text template that promises JSON otherwise."""

from hookline.errors import InvalidJson
from hookline.template.text import TextTemplate, compile_document
from hookline.template.tree import JsonTemplate, compile_tree
from hookline.template.values import decode


def template_of(text: str, field: str = "template") -> JsonTemplate | TextTemplate:
    """Raises InvalidTemplate. Where JSON has a member twice, the last one counts."""
    try:
        tree = decode(text.encode())
    except (InvalidJson, UnicodeEncodeError):
        return compile_document(text, field, promises_json=True)
    if isinstance(tree, dict | list):
        return compile_tree(tree, field)
    return compile_document(text, field, promises_json=True)
