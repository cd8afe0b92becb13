"""receipts.md, from the outcomes and causes that a receipt may have."""

from enum import StrEnum

from hookline.docs.markdown import code, one_line, page, table
from hookline.docs.sentences import sentences
from hookline.model.receipt import Outcome, Refusal

_ABOUT = """A [receipt](../nouns/receipt.md) says in `outcome` what became of a request, and in `cause` why it was refused. Who sent the
request does not learn the cause. `hookline receipts list --outcome refused --cause bad_signature` finds such receipts, and so does
`GET /v1/receipts`."""


def receipts_page() -> str:
    return page(
        "Outcomes and causes of receipts",
        "src/hookline/model/receipt.py",
        _ABOUT,
        "## Outcomes",
        one_line(Outcome.__doc__ or ""),
        _values(Outcome, "outcome"),
        "## Causes",
        one_line(Refusal.__doc__ or ""),
        _values(Refusal, "cause"),
    )


def _values(kind: type[StrEnum], head: str) -> str:
    texts = sentences(kind)
    return table(
        (head, "what it means"), ((code(one), one_line(texts.get(one.name) or _plain(one))) for one in kind)
    )


def _plain(one: StrEnum) -> str:
    """A name that needs no more words."""
    return f"{one.value.replace('_', ' ').capitalize()}."
