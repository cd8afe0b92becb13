"""The table of filters: what a template may call is what stands here, and their page is written from it."""

from collections.abc import Mapping

from hookline.template.filters.filter import Filter
from hookline.template.filters.table_lists import LISTS
from hookline.template.filters.table_own import OWN
from hookline.template.filters.table_texts import NUMBERS, TEXTS
from hookline.template.values import typed

TYPED = "typed"
TYPING = Filter(
    name=TYPED,
    run=typed,
    sentence="At the end of a JSON template's leaf that is one single output: the value as it is, not its text. A text that is a number, `true`, `false` or `null` becomes that.",
    example="{{ data.price | typed }}",
    result="12.50",
)
"""Not in FILTERS: it is part of the leaf, and nothing is called where it stands."""

FILTERS: Mapping[str, Filter] = {one.name: one for one in (*OWN, *TEXTS, *NUMBERS, *LISTS)}
