"""The options that describe an endpoint, shared by `endpoints create` and `endpoints update`."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter

from hookline.cli.exits import Exit, Failed
from hookline.cli.inputs import json_object, pairs, read_source, settings_pairs

ENDPOINT = Group("Endpoint", sort_key=1)


def _many(name: str, text: str) -> Parameter:
    return Parameter(name=name, negative="", help=text, show_default=False, group=ENDPOINT)


def _one(text: str, *, name: str | None = None) -> Parameter:
    """A lone - stands for standard input where a file is taken."""
    hyphen = "(or -)" in text
    return Parameter(
        name=name, negative="", help=text, show_default=False, group=ENDPOINT, allow_leading_hyphen=hyphen
    )


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class EndpointFields:
    """None, or empty: not given."""

    name: Annotated[str | None, _one("For people.")] = None
    description: Annotated[str | None, _one("For people.")] = None
    event: Annotated[tuple[str, ...], _many("--event", "An event type, call.*, or *; again for more.")] = ()
    filter: Annotated[str | None, _one("A CEL expression, as data.amount > 100.")] = None
    header: Annotated[tuple[str, ...], _many("--header", "NAME=VALUE, sent with each request.")] = ()
    timeout: Annotated[float | None, _one("Seconds for the whole exchange.")] = None
    concurrency: Annotated[int | None, _one("Requests at once, for each node.")] = None
    rate: Annotated[float | None, _one("Requests a second at most.")] = None
    order: Annotated[Literal["none", "endpoint", "key"] | None, _one("Whether one waits for another.")] = None
    system: Annotated[
        str | None,
        _one("The system that it belongs to, as pbx: its events only, and its dialect, retries and timeout."),
    ] = None
    dialect: Annotated[str | None, _one("The wire format.")] = None
    secret_file: Annotated[str, _one("A file (or -) with the signing secret, when you have one already.")] = (
        ""
    )
    client_cert: Annotated[
        str, _one("A file (or -) with the client certificate that is shown, and its chain.")
    ] = ""
    client_key: Annotated[str, _one("A file (or -) with that certificate's private key.")] = ""
    ca: Annotated[str, _one("A file (or -) with authorities to trust instead of the machine's.")] = ""
    oauth2_token_url: Annotated[str | None, _one("Where access tokens come from (client credentials).")] = (
        None
    )
    oauth2_client_id: Annotated[str | None, _one("Who Hookline is there.")] = None
    oauth2_secret_file: Annotated[str, _one("A file (or -) with the client secret.")] = ""
    oauth2_scope: Annotated[str | None, _one("What is asked for, words with a space between them.")] = None
    oauth2_audience: Annotated[str | None, _one("Whom the token is for.")] = None
    oauth2_send_in: Annotated[
        Literal["header", "body"] | None, _one("Where the token server takes id and secret.")
    ] = None
    unsigned: Annotated[bool, _one("Send without a signature.")] = False
    metadata: Annotated[tuple[str, ...], _many("--metadata", "NAME=VALUE, of your own.")] = ()
    set: Annotated[
        tuple[str, ...],
        _many("--set", """Any field as JSON: 'retry={"kind":"fixed","delay":60,"attempts":5}'."""),
    ] = ()
    source: Annotated[str, _one("Take the fields from a JSON file (or -).", name="--from")] = ""


BLANK = EndpointFields()


def fields_of(given: EndpointFields) -> dict[str, Any]:
    """As the API takes them: a file first, then each option over it."""
    fields = json_object(given.source) if given.source else {}
    plain = ("name", "description", "filter", "timeout", "concurrency", "order", "system", "dialect")
    fields |= {name: value for name in plain if (value := getattr(given, name)) is not None}
    if given.event:
        fields["events"] = list(given.event)
    if given.header:
        fields["headers"] = pairs(given.header, "--header")
    if given.metadata:
        fields["metadata"] = pairs(given.metadata, "--metadata")
    if given.rate is not None:
        fields["rate"] = _rate(given.rate)
    if given.unsigned:
        fields["unsigned"] = True
    if given.secret_file:
        fields["secrets"] = [_text(given.secret_file)]
    if tls := tls_of(given.client_cert, given.client_key, given.ca):
        fields["tls"] = tls
    if oauth2 := _oauth2(given):
        fields["auth"] = {"kind": "oauth2", **oauth2}
    return fields | settings_pairs(given.set)


def tls_of(certificate: str, key: str, ca: str) -> dict[str, str]:
    """Of files, as the API takes it; empty where none is given."""
    files = {"certificate": certificate, "key": key, "ca": ca}
    return {name: _text(source) for name, source in files.items() if source}


def _oauth2(given: EndpointFields) -> dict[str, str]:
    names = ("token_url", "client_id", "scope", "audience", "send_in")
    fields = {name: getattr(given, f"oauth2_{name}") for name in names}
    secret = _text(given.oauth2_secret_file) if given.oauth2_secret_file else None
    return {name: value for name, value in {**fields, "client_secret": secret}.items() if value is not None}


def _text(source: str) -> str:
    return read_source(source).decode(errors="replace").strip()


def _rate(per_second: float) -> dict[str, float]:
    """The API counts whole requests in a span of time."""
    if per_second <= 0:
        raise Failed("--rate must be more than 0.", exit_code=Exit.USAGE)
    if per_second < 1:
        return {"count": 1, "seconds": 1 / per_second}
    return {"count": round(per_second), "seconds": 1}
