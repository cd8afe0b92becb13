"""The options that describe a source, shared by `sources create` and `sources update`."""

from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Group, Parameter

from hookline.cli.inputs import json_object, pairs, settings_pairs
from hookline.cli.shelf import secret_of

SOURCE = Group("Source", sort_key=1)


def _many(text: str, *, hyphen: bool = False) -> Parameter:
    return Parameter(negative="", help=text, show_default=False, group=SOURCE, allow_leading_hyphen=hyphen)


def _one(text: str, *, name: str | None = None) -> Parameter:
    return Parameter(
        name=name, negative="", help=text, show_default=False, group=SOURCE, allow_leading_hyphen=bool(name)
    )


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class SourceFields:
    """None, or empty: not given."""

    name: Annotated[str | None, _one("For people.")] = None
    description: Annotated[str | None, _one("For people.")] = None
    secret: Annotated[
        tuple[str, ...],
        _many("What the provider signs with, @file, or - for standard input; the newest first.", hyphen=True),
    ] = ()
    parameter: Annotated[tuple[str, ...], _many("NAME=VALUE that the provider's file asks for.")] = ()
    type: Annotated[tuple[str, ...], _many("ORIGINAL=NAME: BOOKING_CREATED=appointment.created.")] = ()
    scheme: Annotated[tuple[str, ...], _many("Only this scheme; else the provider's usual ones.")] = ()
    optional: Annotated[
        bool | None,
        Parameter(
            negative="--required",
            help="Whether what bears no signature is accepted, too.",
            show_default=False,
            group=SOURCE,
        ),
    ] = None
    tolerance: Annotated[int | None, _one("Seconds that a timestamp may be off; 0: any.")] = None
    address: Annotated[tuple[str, ...], _many("A network that may send: 192.0.2.0/24.")] = ()
    path: Annotated[str | None, _one("A readable URL beside the other: /in/TENANT/PATH.")] = None
    url: Annotated[str | None, _one("The URL as the provider knows it, where signatures cover it.")] = None
    metadata: Annotated[tuple[str, ...], _many("NAME=VALUE, of your own.")] = ()
    set: Annotated[tuple[str, ...], _many("Any field as JSON: 'answer={\"status\":202}'.")] = ()
    source: Annotated[str, _one("Take the fields from a JSON file (or -).", name="--from")] = ""


BLANK = SourceFields()


def fields_of(given: SourceFields) -> dict[str, Any]:
    """As the API takes them: a file first, then each option over it."""
    fields = json_object(given.source) if given.source else {}
    plain = ("name", "description", "tolerance", "path", "url")
    fields |= {name: value for name in plain if (value := getattr(given, name)) is not None}
    if given.secret:
        fields["secrets"] = [secret_of(one) for one in given.secret]
    for option, field in (("parameter", "parameters"), ("type", "types"), ("metadata", "metadata")):
        if texts := getattr(given, option):
            fields[field] = pairs(texts, f"--{option}")
    for option, field in (("scheme", "schemes"), ("address", "addresses")):
        if texts := getattr(given, option):
            fields[field] = list(texts)
    if given.optional is not None:
        fields["verification"] = "optional" if given.optional else "required"
    return fields | settings_pairs(given.set)
