"""template-filters.md, from the table of filters and the values of their examples."""

import msgspec

from hookline.deliver.variables import LIMITS
from hookline.docs.markdown import block, code, page, table
from hookline.template.filters.examples import MAPS, NOW, VARIABLES
from hookline.template.filters.filter import Filter
from hookline.template.filters.table import FILTERS, TYPING
from hookline.template.scope import in_words

_ABOUT = """Templates are [Liquid](https://shopify.github.io/liquid/): places in `{{ … }}`, tags in `{% … %}`, filters behind a bar. What
does not stand here does not exist: no filter and no tag loads anything. A name that is not there is empty, and told; asking for it, by
`if`, `== blank` or `default`, is no miss."""


def template_filters_page() -> str:
    return page(
        "Filters of templates",
        "src/hookline/template/filters",
        _ABOUT,
        f"A rendering has {LIMITS.seconds * 1000:.0f} ms of CPU time, {LIMITS.loops:,} turns of loops, {in_words(LIMITS.output)} of output, "
        f"and {in_words(LIMITS.value)} for any one value.",
        "## Filters",
        table(("filter", "what it does", "example", "comes out as"), map(_row, (TYPING, *FILTERS.values()))),
        "## What the examples work on",
        block(_pretty(VARIABLES), "json"),
        f"The map `priority` is {code(msgspec.json.encode(MAPS['priority']).decode())}, and the time {NOW:%Y-%m-%d %H:%M:%S} UTC.",
    )


def _row(one: Filter) -> tuple[str, ...]:
    name = f"{one.name}: {one.arguments}" if one.arguments else one.name
    return code(name), one.sentence, code(_visible(one.example)), code(_visible(one.result))


def _visible(text: str) -> str:
    return text.replace("\n", "\\n")


def _pretty(value: object) -> str:
    encoder = msgspec.json.Encoder(decimal_format="number")
    return msgspec.json.format(encoder.encode(value), indent=2).decode()
