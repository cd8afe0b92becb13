"""dialects.md, from the catalogue and from the language that its files are written in."""

import inspect
from collections.abc import Iterator
from importlib import resources

import msgspec

from hookline.catalog.loader import load_dialects
from hookline.docs.markdown import block, code, one_line, page, table
from hookline.docs.sentences import sentences
from hookline.model import dialect as language
from hookline.model.dialect import BatchBody, Body, Dialect, Keys, Signing, Style, TimeForm

_ABOUT = """A dialect is an outbound wire format: body, headers, signature, id and time. An endpoint names one in its field
`dialect`; the default is `standard`. Each is a folder with `dialect.yaml`, and with a sample: from `sample.yaml` exactly
`sample.http` must come out, which is a test.

Your own stand in the folder that the setting `catalog` names, as `dialects/NAME/dialect.yaml`. A name that Hookline uses
is refused. Everything is checked at the start, and refused with file and field."""
_KINDS = (Dialect, Body, BatchBody, TimeForm, Signing)


def dialects_page() -> str:
    return page(
        "Dialects",
        "src/hookline/catalog/dialects and src/hookline/model/dialect.py",
        _ABOUT,
        *(_dialect(one) for _, one in sorted(load_dialects().items())),
        "## The language",
        inspect.cleandoc(language.__doc__ or "").partition("\n\n")[2],
        *(_kind(kind) for kind in _KINDS),
        f"### {Keys.__name__}\n\n{one_line(Keys.__doc__ or '')}",
        _styles(),
    )


def _dialect(one: Dialect) -> str:
    folder = resources.files("hookline.catalog") / "dialects" / one.name
    files = ("dialect.yaml", "yaml"), ("sample.yaml", "yaml"), ("sample.http", "http")
    shown = "\n\n".join(
        f"`{name}`\n\n{block((folder / name).read_text('utf-8'), kind)}" for name, kind in files
    )
    return f"## `{one.name}`: {one.title}\n\n{one_line(one.description)}\n\n{shown}"


def _kind(kind: type[msgspec.Struct]) -> str:
    rows = [(code(name), need, text) for name, need, text in _fields(kind)]
    about = one_line(kind.__doc__ or "")
    return f"### {kind.__name__}\n\n{about}\n\n{table(('field', 'default', 'what it says'), rows)}".replace(
        "\n\n\n\n", "\n\n"
    )


def _fields(kind: type[msgspec.Struct]) -> Iterator[tuple[str, str, str]]:
    texts = sentences(kind)
    for field in msgspec.structs.fields(kind):
        default = "must be given" if field.required else code(_shown(field.default))
        yield field.encode_name, default, one_line(texts.get(field.name, ""))


def _shown(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _styles() -> str:
    texts = sentences(Style)
    rows = [(code(one.value), one_line(texts[one.name])) for one in Style]
    return f"### {Style.__name__}\n\n{one_line(Style.__doc__ or '')}\n\n{table(('value', 'what it means'), rows)}"
