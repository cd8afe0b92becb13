"""`hookline sign`: a request as a provider would send it, without a gateway."""

import base64
import sys
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from cyclopts import Parameter

from hookline.cli.exits import Exit, Failed
from hookline.cli.inputs import read_source
from hookline.cli.output import print_json
from hookline.cli.raw_request import Names, checked_url, curl_command, headers_of, raw_request
from hookline.cli.reach import Config
from hookline.cli.settings import settings_of
from hookline.cli.shelf import BARE, ProviderArgument, Signing, shelf_of, signed_sample
from hookline.clock import SECOND, Micros, SystemClock
from hookline.receive.inbound import Inbound

Now = Annotated[
    str, Parameter(help="As if it were this time: 2026-01-02T03:04:05Z; else now.", show_default=False)
]
SignedUrl = Annotated[
    str,
    Parameter(help="The URL as the provider knows it, where signatures cover it.", show_default=False),
]


def sign(
    provider: ProviderArgument,
    file: Annotated[
        str,
        Parameter(
            name="FILE",
            help="A body of your own, or - for standard input; else the provider's sample.",
            allow_leading_hyphen=True,
            show_default=False,
        ),
    ] = "",
    /,
    *,
    signing: Signing = BARE,
    url: SignedUrl = "",
    curl: Annotated[str, Parameter(help="Print a command that sends it here.", show_default=False)] = "",
    now: Now = "",
    json: Annotated[bool, Parameter(negative="", help="As one JSON object.", show_default=False)] = False,
    config: Config = None,
) -> None:
    """Sign a request as a provider does, and print it whole: head, empty line, body. Nothing is sent.

    Without FILE it is one of the samples that lie beside the provider in the catalogue. A timestamp is always new.

    For example:

        hookline sign stripe --secret whsec_… --type invoice.paid
        hookline sign github push.json --secret @github-secret.txt --curl http://127.0.0.1:8100/in/in_…
        hookline sign discord --secret @private.pem > request.http
    """
    if {file, signing.secret} == {"-"}:
        raise Failed(
            "Standard input cannot be both the body and the secret.",
            hint="Give the secret as --secret @file.",
            exit_code=Exit.USAGE,
        )
    for option, given in (("--url", url), ("--curl", curl)):
        if given:
            checked_url(given, option)
    shelf = shelf_of(provider, settings_of(config).catalog)
    body = read_source(file) if file else None
    sample, inbound = signed_sample(shelf, signing, time_of(now), url=url or curl, body=body)
    if json:
        print_json(msgspec.json.encode(_whole(inbound, sample.headers)))
        return
    if curl:
        print(curl_command(inbound, curl, sample.headers))
        return
    sys.stdout.buffer.write(raw_request(inbound, sample.headers))
    sys.stdout.flush()


class SignedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """As the provider would send it."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: str | None
    """Null: it is no text."""
    body_base64: str


def _whole(inbound: Inbound, names: Names) -> SignedRequest:
    try:
        text: str | None = inbound.body.decode()
    except UnicodeDecodeError:
        text = None
    return SignedRequest(
        method=inbound.method,
        url=inbound.url,
        headers=list(headers_of(inbound, names)),
        body=text,
        body_base64=base64.b64encode(inbound.body).decode(),
    )


def time_of(text: str) -> Micros:
    """Raises Failed. Empty: now."""
    if not text:
        return SystemClock().now()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Failed(f"{text!r:.64} is not a time as 2026-01-02T03:04:05Z.", exit_code=Exit.USAGE) from None
    return Micros(int(at.replace(tzinfo=at.tzinfo or UTC).timestamp() * SECOND))
